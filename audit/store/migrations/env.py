"""Run by Alembic for each command: on the connection, and inside the transaction, of `audit.migrations.migrate`."""

from __future__ import annotations

from alembic import context

from ordain.audit.store.migrations import CARRY_OVER

_given = context.config.attributes

context.configure(connection=_given["connection"], **{CARRY_OVER: _given[CARRY_OVER]})
context.run_migrations()
