"""SQLite: the keys of requests that are decided once, in the transaction that writes their entries."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ordain.audit.entry.entry import Prepared
from ordain.audit.entry.once import is_over
from ordain.audit.store.sqlite_statements import in_list, insert
from ordain.audit.store.store import AskedBefore

_ASKED = "SELECT digest, request, id FROM request_key WHERE digest"
_OVER = "DELETE FROM request_key WHERE digest = ?"
_ADD = "INSERT INTO request_key (digest, request, id) VALUES"


def asked_in(driver: sqlite3.Connection, digests: list[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
    """As `Store.find_asked`."""
    return {digest: (request, id_) for rows in in_list(driver, _ASKED, digests) for digest, request, id_ in rows}


def add_once(driver: sqlite3.Connection, entries: Sequence[Prepared]) -> None:
    """Adds the keys of entries that have one, in place of those that no longer count. Raises AskedBefore.

    One writes at a time, so what is not there now is not there when it is added.
    """
    rows = [(*entry.once, entry.id) for entry in entries if entry.once is not None]
    ids = {digest: entry_id for digest, _, entry_id in rows}
    known = asked_in(driver, list(ids))
    over = {digest for digest, (asked, entry_id) in known.items() if is_over(entry_id, asked, ids[digest])}
    if taken := known.keys() - over:
        raise AskedBefore(taken)
    if over:
        driver.executemany(_OVER, [(digest,) for digest in over])
    insert(driver, _ADD, rows)
