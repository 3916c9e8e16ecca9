"""A table for the keys of requests that are decided once. Nothing that was there before changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "request_key",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
        sqlite_with_rowid=False,
    )
