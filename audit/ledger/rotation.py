"""Another signing key takes over, and the log says so: the key before vouches for it in an entry."""

from __future__ import annotations

import base64

import sqlalchemy as sa

from ordain.audit.entry.entry import Entry, Kind, new_id
from ordain.audit.ledger.checkpointer import rotation_message
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.store.rows import IDENTITY
from ordain.audit.tlog.checkpoint import SigningKey
from ordain.engine.errors import NotRecorded, SettingsError


def rotate(opened: OpenLedger, seed: bytes, new_seed: bytes, *, private: dict[str, object]) -> str:
    """Makes `new_seed` the ledger's signing key and returns its verifying key as text.

    The checkpoint before is to be up to date; from the next one on the new key signs. Raises SettingsError when both
    are the same key, NotRecorded.
    """
    known, store, now = opened.identity, opened.store, opened.now()
    old, new = SigningKey.from_seed(known.origin, seed), SigningKey.from_seed(known.origin, new_seed)
    key = str(new.verify_key)
    if key == known.key:
        raise SettingsError(
            "the new signing key is the one that signs already", "make another: openssl rand -base64 32"
        )
    about = {
        "key": key,
        "previous": str(old.verify_key),
        "signature": base64.b64encode(old.sign(rotation_message(known.origin, key))).decode(),
    }
    entry = opened.ledger.prepare(Entry(new_id(now), now, Kind.KEY, private, about=about))
    try:
        with store.transaction() as connection:
            connection.execute(sa.update(IDENTITY).values(key=key))
            store.add(connection, entry)
    except store.failures as error:
        raise NotRecorded(store.explain(error)) from error
    return key
