"""How the tables came to be what `audit.store.rows` says, in revisions (Alembic). To change them:

1. Say in `audit/store/rows.py` what they are from now on.
2. Add `versions/0003_<what>.py` with `revision = "0003"`, `down_revision = "0002"` and an `upgrade()` that gets there.
   It names tables and columns itself: what a revision did never changes, while `audit.store.rows` goes on.
3. Set `HEAD = "0003"` in `audit/store/schema.py`. Until `ordain audit upgrade` was run,
   older databases are then refused.
4. Run `pytest tests/audit/test_migrations.py`: what the revisions make must be what `audit.store.rows` says, in both
   databases. Rows that need the ledger's keys to be moved are moved as revision 0002 does it: by its caller.

There is no way down: an upgrade is one transaction, and what was before it is in the backup.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

CARRY_OVER = "carry_over"


def migrate(
    connection: sa.Connection,
    come_from: str | None = None,
    carry_over: Callable[[], None] | None = None,
    to: str = "head",
) -> None:
    """Runs the revisions that the database lacks, inside the caller's transaction.

    `come_from` is the revision of a database whose tables were made before they were counted; `carry_over` moves the
    first cut's entries (see revision 0002). Failures of the database are raised as SQLAlchemy's.
    """
    config = Config(attributes={"connection": connection, CARRY_OVER: carry_over})
    config.set_main_option("script_location", "ordain.audit.store:migrations")
    if come_from is not None:
        command.stamp(config, come_from)
    command.upgrade(config, to)
