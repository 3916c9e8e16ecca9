"""SQLite: whether the file has the ledger's own tables and indexes and nothing else, before anything is written to it.

A trigger, a conflict clause or a computed column that somebody planted would drop or change an entry whose answer has
left. A connection runs what it read of the schema when the schema's cookie was as it is now
(https://www.sqlite.org/fileformat2.html#schema_cookie), so it is looked at once for each connection and cookie.
"""

from __future__ import annotations

import re
import sqlite3
from functools import cache

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ordain.audit.store.rows import COMMON

_LISTED = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
_COOKIE = "PRAGMA schema_version"
_NOT_IN_ROWS = (
    "CREATE TABLE alembic_version(version_num VARCHAR(32)NOT NULL,"
    "CONSTRAINT alembic_version_pkc PRIMARY KEY(version_num))",
    "CREATE TABLE sqlite_stat1(tbl,idx,stat)",  # ANALYZE makes these two
    "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
)


def planted(driver: sqlite3.Connection) -> str:
    """The name of something in the file that is none of the ledger's, or not made as the ledger makes it; else ""."""
    known = _known()
    return next((str(name) for name, text in driver.execute(_LISTED) if _plain(text) not in known), "")


def cookie(driver: sqlite3.Connection) -> int:
    """What changes whenever the schema does, as the transaction sees it."""
    return int(driver.execute(_COOKIE).fetchone()[0])


@cache
def _known() -> frozenset[str]:
    dialect = sqlite.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in COMMON]
    made += [str(CreateIndex(index).compile(dialect=dialect)) for table in COMMON for index in table.indexes]
    return frozenset(map(_plain, (*made, *_NOT_IN_ROWS)))


def _plain(text: object) -> str:
    """Without what makes no difference: quotation marks of names, line breaks, spaces in a row."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(str(text).replace('"', "").split()))
