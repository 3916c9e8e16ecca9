"""Whether a database has the tables that the row models declare. Loaded only by an upgrade: it takes a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ordain.audit.store.row_models import MODELS
from ordain.audit.store.rows import ONLY_POSTGRESQL


def differences(connection: sa.Connection) -> list[str]:
    """What the database has otherwise than the row models say: a line each, empty when they agree."""
    elsewhere = set() if connection.dialect.name == "postgresql" else {table.name for table in ONLY_POSTGRESQL}

    def counts(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
        partition = reflected and name is not None and name.startswith("payload_")
        return kind != "table" or not (name in elsewhere or partition)

    options = {"compare_server_default": True, "include_object": counts}
    context = MigrationContext.configure(connection, opts=options)
    return [str(part) for part in compare_metadata(context, MODELS)]
