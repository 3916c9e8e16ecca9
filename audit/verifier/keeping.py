"""Whether what was erased might be: holds, days before which nobody is erased, and the lists of the keys destroyed.

Each entry of a hold or a day names the one before it about the same subject, and an erasure the last ones of those whom
it erased, so that it can be followed without a key who was held when their key was destroyed.
"""

from __future__ import annotations

from collections.abc import Sequence

from ordain.audit.verifier.anchors import NEVER, Place
from ordain.audit.verifier.entries import EntryCheck
from ordain.audit.verifier.findings import Failure, Findings, quote
from ordain.audit.verifier.fold import WAITS, Erasure, Fold, Restriction
from ordain.audit.verifier.source import Source

_HELD_OR_KEPT = "SELECT key, hold, erase_not_before FROM subject_key"


def check_erasure_lists(source: Source, places: Sequence[Place], fold: Fold, findings: Findings) -> None:
    """The keys destroyed are on the places' lists, as many as are on record, and none of them is there again.

    More on record than listed is an erasure that somebody wrote who hides what the payloads say. Each place misses
    what was destroyed before its time or out of its reach, so their lists are taken together, and no erasure counts
    from before the first of them.
    """
    told = {erasure.entry_id for erasure in fold.erasures}
    listed = {
        key for place in places for key, entry in place.listed if entry in told or (key, entry) not in place.withdrawn
    }
    for (key,) in source.rows("SELECT key FROM subject_key") if listed else ():
        if key in listed:
            findings.add(Failure.ERASURE, f"the key {quote(key)} was destroyed, and is there again")
    since = min((place.since for place in places), default=NEVER)
    said = sum(erasure.keys for erasure in fold.erasures if erasure.leaf_index >= since)
    if said > len(listed):
        findings.add(
            Failure.ERASURE,
            f"by the erasures on record {said} keys were destroyed since the first anchor, and {len(listed)} are on "
            "the erasure lists: an erasure is forged, or a place with a list was not given",
        )


def check_restrictions(source: Source, entries: EntryCheck, findings: Findings) -> None:
    """A hold or a date before which nobody is erased stands with a key if, and only if, an entry says so."""
    on_record = entries.fold.restrictions
    for key, hold, not_before in source.rows(_HELD_OR_KEPT):
        said = on_record.get(key) if isinstance(key, bytes) else None
        if said is None:
            if (hold is not None or not_before is not None) and not entries.restrictions_gone:
                findings.add(Failure.ERASURE, f"the key {quote(key)} is held or restricted, and no entry says so")
        elif not _stands(said, hold, not_before):
            place = said[-1].entry_id
            findings.add(Failure.ERASURE, f"the key {quote(key)} is not held or restricted as entry {place} says")


def _stands(said: list[Restriction], hold: object, not_before: object) -> bool:
    if not_before != said[-1].not_before or (hold is not None) is not said[-1].hold:
        return False
    return hold is None or any(hold == each.entry_id for each in said if each.hold)


def check_holds(fold: Fold, findings: Findings) -> None:
    """Nobody's key was destroyed, or lost otherwise, while the last entry about them says that they are held."""
    told = {each.entry_id: each for each in fold.every_restriction}
    followed = {each.after for each in fold.every_restriction if each.linked and isinstance(each.after, str)}
    erased_by = {named: erasure for erasure in fold.erasures for named in erasure.restrictions}
    for named, erasure in erased_by.items():
        if named not in told or named in followed:
            message = f"it erased somebody by {quote(named)}, which is not the last that was said of them"
            findings.add(Failure.ERASURE, message, _place(erasure), erasure.entry_id)
    released = [each.entry_id for each in told.values() if not (each.keyed or each.linked or each.hold)]
    for each in told.values():
        if each.linked and each.after is not None and each.after not in told:
            message = f"it follows on {quote(each.after)}, which is no hold or restriction"
            findings.add(Failure.ERASURE, message, _place(each), each.entry_id)
        if each.entry_id in followed:
            continue
        by = erased_by.get(each.entry_id)
        fault = _fault(each, by, fold) if each.linked else _older_fault(each, by, fold, released)
        if fault:
            findings.add(Failure.ERASURE, fault, _place(each), each.entry_id)


def _fault(last: Restriction, erasure: Erasure | None, fold: Fold) -> str:
    if erasure is not None:
        if last.keyed:
            return f"its subject was erased by entry {erasure.entry_id}, and it has a key"
        if last.hold:
            return f"its subject was erased by entry {erasure.entry_id} while this hold stood"
        if (last.not_before or "") > erasure.time[:10]:
            return f"its subject was erased by entry {erasure.entry_id}, before {last.not_before}"
        return ""
    if last.keyed:
        return ""
    if last.hold:
        return "it says that somebody is held, whose key is gone"
    if last.kept:
        return "its key is gone, and no erasure names it"
    if (last.not_before or "") > fold.removed_last[:10]:
        return f"its payload was removed by age, before {last.not_before}"
    return ""


def _older_fault(last: Restriction, erasure: Erasure | None, fold: Fold, released: list[str]) -> str:
    """Of an entry that does not name the one before it, any later release may have ended the hold."""
    if last.keyed:
        return ""
    if last.hold and not any(each > last.entry_id for each in released):
        return "it says that somebody is held, whose key is gone"
    days = [each.time[:10] for each in fold.erasures] if erasure is None else [erasure.time[:10]]
    if (last.not_before or "") > max((*days, fold.removed_last[:10])):
        return f"its subject's key is gone, and nobody was erased since {last.not_before}"
    return ""


def check_erased_keys(source: Source, entries: EntryCheck, findings: Findings) -> None:
    """What the opened payloads of erasures say: as many keys as their envelopes, none of which is there again."""
    said = {erasure.entry_id: erasure for erasure in entries.fold.erasures}
    destroyed: dict[bytes, str] = {}
    for entry_id, keys in entries.erased_keys.items():
        named = keys if isinstance(keys, list) else []
        erasure = said.get(entry_id)
        if erasure is not None and len(named) != erasure.keys:
            message = f"it tells of {erasure.keys} keys that were destroyed, and names {len(named)} when it is opened"
            findings.add(Failure.ERASURE, message, _place(erasure), entry_id)
        destroyed.update((bytes.fromhex(key), entry_id) for key in named if _is_name(key))
    for (key,) in source.rows("SELECT key FROM subject_key") if destroyed else ():
        if key in destroyed:
            findings.add(
                Failure.ERASURE, f"the key {quote(key)}, which entry {destroyed[key]} destroyed, is there again"
            )


def _is_name(key: object) -> bool:
    return isinstance(key, str) and len(key) == 32 and all(digit in "0123456789abcdef" for digit in key)


def _place(each: Restriction | Erasure) -> int | None:
    return None if each.leaf_index == WAITS else each.leaf_index
