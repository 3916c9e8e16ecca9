"""The first cut: a chain of hashes over plain bodies. SQLite only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ordain.audit.store.sqlite import APPLICATION_ID

revision = "0001"
down_revision = None


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return
    op.create_table(
        "entry",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("time", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("service", sa.String),
        sa.Column("subject", sa.String),
        sa.Column("prev_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_entry_subject", "entry", ["subject"])
    op.create_table(
        "document",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
    of_a_policy = sa.text("kind = 'policy'")
    op.create_index(
        "one_text_per_policy_version", "document", ["name", "version"], unique=True, sqlite_where=of_a_policy
    )
    op.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    op.execute("PRAGMA user_version = 1")
