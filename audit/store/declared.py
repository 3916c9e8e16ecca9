"""Whether a database has the tables that the row models declare. Loaded only by an upgrade: it takes a while."""

from __future__ import annotations

import warnings

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.schema import CreateIndex

from ordain.audit.store.row_models import IN_POSTGRESQL, MODELS
from ordain.audit.store.rows import ENTRY


def differences(connection: sa.Connection) -> list[str]:
    """What the database has otherwise than the row models say: a line each, empty when they agree."""
    on_postgresql = connection.dialect.name == "postgresql"
    context = MigrationContext.configure(
        connection, opts={"compare_server_default": True, "include_object": _is_compared}
    )
    with warnings.catch_warnings():  # SQLAlchemy does not read an index over an expression: see `_indexes`
        warnings.filterwarnings("ignore", ".*expression-based index")
        found = [str(part) for part in compare_metadata(context, _of_postgresql() if on_postgresql else MODELS)]
    return found if on_postgresql else [*found, *_indexes(connection)]


def _is_compared(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """All but PostgreSQL's partitions."""
    return kind != "table" or not (reflected and name is not None and name.startswith("payload_"))


def _of_postgresql() -> sa.MetaData:
    tables = sa.MetaData()
    for table in (*MODELS.tables.values(), *IN_POSTGRESQL.tables.values()):
        if table is not MODELS.tables["entry"]:
            table.to_metadata(tables)
    return tables


def _indexes(connection: sa.Connection) -> list[str]:
    """The indexes of SQLite's `entry` that are missing or others."""
    stored = set(connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE tbl_name = 'entry'").scalars())
    made = {str(index.name): str(CreateIndex(index).compile(connection)) for index in ENTRY.indexes}
    return [f"the index {name} is not there, or another" for name, sql in made.items() if sql not in stored]
