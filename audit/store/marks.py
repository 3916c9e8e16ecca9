"""Bytes that must stand in an envelope, looked for by the database: what lacks them never leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ordain.audit.store.rows import ENTRY


def with_marks(select: sa.Select[Any], marks: Sequence[bytes], dialect: str) -> sa.Select[Any]:
    """The rows of `select`, which has entries, whose envelope holds each of the marks."""
    place = sa.func.instr if dialect == "sqlite" else sa.func.pg_catalog.position
    return select.where(*(place(ENTRY.c.envelope, mark) > 0 for mark in marks))
