"""Run by Alembic for each command: on the connection, inside the transaction, of `audit.store.migrations.migrate`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
