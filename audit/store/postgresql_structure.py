"""PostgreSQL: whether something is planted in the database that may drop or change what is written to the ledger.

The statement that writes asks it, too. It sees what is there once its locks are taken, and a trigger or a rule waits
for these locks before it is made (https://www.postgresql.org/docs/current/explicit-locking.html), so none runs unseen.
"""

from __future__ import annotations

from typing import Any

import psycopg

from ordain.audit.entry.entry import VERIFY
from ordain.audit.store.rows import COMMON, ONLY_POSTGRESQL
from ordain.engine.errors import NotRecorded

_NAMES = ", ".join(f"'{table.name}'" for table in (*COMMON, *ONLY_POSTGRESQL))
_OURS = f"""c.relnamespace = current_schema()::regnamespace
  AND (c.relname IN ({_NAMES}) OR starts_with(c.relname, 'payload_'))"""
PLANTED = f"""
SELECT min(found.name) FROM (
  SELECT t.tgname::text AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND {_OURS}
  UNION ALL
  SELECT c.relname::text FROM pg_class c
  WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid) OR c.relrowsecurity
  OR c.relpersistence <> 'p' OR c.relkind NOT IN ('r', 'p'))
) AS found"""  # noqa: S608 - names of ours
"""One row with the name of a trigger, or of a table that has rules, hides rows, is not kept through a crash or is none;
NULL when there is nothing of the kind."""


def refuse_changed(done: psycopg.Cursor[Any], entries: int) -> None:
    """Raises NotRecorded unless the statement that writes has added them all, with nothing planted in their way."""
    rows = done.fetchall()
    planted = next((str(row[0]) for row in rows if row[0] is not None), "")
    if planted:
        raise NotRecorded(
            f"the database has something that may change what is written to it: `{planted}`. What was written now may "
            "be lost",
            "find out who put it there, take it out, and run `ordain audit verify`",
        )
    if len(rows) != entries:
        raise NotRecorded("the database does not take what is written to it", VERIFY)
