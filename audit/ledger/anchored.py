"""What places outside the database keep of a ledger, held to its keys: a file that it did not sign says nothing of it.

Such a file may be a stray one, or of a key that this database, put back from a backup, does not know yet. So with one
that is newer than all that is known the place is not believed, and another, without one, has to agree.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from ordain.audit.anchors.places import Anchors
from ordain.audit.limits import LIMITS
from ordain.audit.tlog.checkpoint import Checkpoint, VerifyKey, open_note
from ordain.engine.errors import AnchorRefused, AnchorUnavailable, CheckpointRefused, Issue, LedgerRolledBack

_LOG = logging.getLogger("ordain")
Compare = Callable[[Anchors, Checkpoint], None]
"""Raises LedgerRolledBack when the ledger does not give a checkpoint that it signed and a place keeps."""


def compare_places(
    places: Iterable[Anchors], keys: Callable[[str], Sequence[VerifyKey]], compare: Compare
) -> dict[str, str]:
    """Holds the ledger to the newest checkpoint of each place that it signed.

    `keys` are those that may have signed a note. Returns the places that keep one beyond that which it did not sign,
    and what is wrong with it. Raises LedgerRolledBack also when no place is without one.
    """
    doubtful: dict[str, str] = {}
    sound = False
    for place in places:
        try:
            newest, fault = _newest_signed(place, keys)
        except AnchorUnavailable as error:
            _LOG.warning("%s", error)
            continue
        if newest is not None:
            compare(place, newest)
        if fault:
            doubtful[place.name] = fault
        else:
            sound = sound or newest is not None
    if doubtful and not sound:
        raise LedgerRolledBack(Issue(next(iter(doubtful.values())), "run `ordain audit verify`"))
    return doubtful


def _newest_signed(place: Anchors, keys: Callable[[str], Sequence[VerifyKey]]) -> tuple[Checkpoint | None, str]:
    """The newest of a place that the ledger signed, and what is wrong with the first one beyond, if there is any."""
    fault = ""
    try:
        for each in islice(place.all(newest_first=True), LIMITS.strays):
            try:
                made = open_note(each.note, keys(each.note))
                if made.size != each.size or not made.root.hex().startswith(each.root_hint):
                    raise CheckpointRefused("it is another than its name says")
                return made, fault
            except CheckpointRefused as error:
                fault = (
                    fault or f"the newest checkpoint in `{place.name}` does not hold: {error.message} (`{each.file}`)"
                )
    except AnchorRefused as error:
        fault = fault or error.message
    return None, fault
