"""How the tables came to be what `audit.store.rows` says, in revisions (Alembic). To change them:

1. Say in `audit/store/rows.py` what they are from now on.
2. Add `versions/0005_<what>.py` with `revision = "0005"`, `down_revision = "0004"` and an `upgrade()` that gets there.
   It names tables and columns itself: what a revision did never changes, while `audit.store.rows` goes on.
3. Add `"0005"` to `REVISIONS` in `audit/store/schema.py`. Until `ordain audit upgrade` was run,
   older databases are then refused.
4. Run `pytest tests/audit/test_migrations.py`: what the revisions make must be what `audit.store.rows` says, in both
   databases.

There is no way down: an upgrade is one transaction, and what was before it is in the backup. Revision 0001 was a ledger
that was never released (docs/adr/0014).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def migrate(connection: sa.Connection) -> None:
    """Runs the revisions that the database lacks, inside the caller's transaction.

    Failures of the database are raised as SQLAlchemy's.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "ordain.audit.store:migrations")
    command.upgrade(config, "head")
