"""Whether what stands beside the entries fits them: payloads, keys, the subject index, erasures, kept texts.

The queries take no longer than a sort when somebody dropped an index.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from ordain.audit.verifier.entries import EntryCheck, Outside
from ordain.audit.verifier.envelope import PLAN, Malformed, read_plan, references
from ordain.audit.verifier.findings import Failure, Findings, quote
from ordain.audit.verifier.fold import WAITS, Fold, Named, Reference
from ordain.audit.verifier.source import Source

_LEADS_NOWHERE = """
SELECT i.id FROM subject_index i LEFT JOIN payload p ON p.id = i.id AND p.key = i.key WHERE p.id IS NULL
"""
_SEALS_NOTHING = {
    True: "SELECT key FROM subject_key EXCEPT SELECT key FROM subject_index",
    False: "SELECT key FROM subject_key EXCEPT SELECT key FROM entry WHERE key IS NOT NULL",
}
"""By whether payloads stand apart from entries."""
_PAYLOADS_INSIDE = "0003"
"""The version of the schema since which SQLite has payloads in their entries' rows."""
_REQUEST_KEYS = "0004"
"""The version of the schema since which there are keys of requests."""


def check_payloads(source: Source, entries: EntryCheck, findings: Findings) -> None:
    """Payloads of no entry, payloads that are missing, and ids that stand twice."""
    again = "SELECT id, min(leaf_index), count(*) FROM entry GROUP BY id HAVING count(*) > 1"
    for entry_id, first, count in source.rows(again):
        findings.add(Failure.CONTENT, f"its id stands {count} times in the ledger", first, quote(entry_id))
    if source.layout.apart and _count(source, "SELECT count(*) FROM payload") != entries.kept:
        query = "SELECT id FROM payload EXCEPT SELECT id FROM entry"
        if source.has_inbox:
            query += " EXCEPT SELECT id FROM inbox"
        for (payload_id,) in source.rows(query):
            findings.add(Failure.PAYLOAD, f"the payload {quote(payload_id)} belongs to no entry")
    entries.check_gone(entries.fold)


def check_counts(entries: EntryCheck, findings: Findings) -> None:
    """What was erased and removed is what the entries say was."""
    fold = entries.fold
    said = fold.erased - fold.removed_erased
    if entries.erased != said:
        findings.add(
            Failure.ERASURE, f"{entries.erased} payloads have no key any more; by the erasures on record it is {said}"
        )
    for erasure in fold.erasures:
        if erasure.entries and not erasure.keys:
            place = None if erasure.leaf_index == WAITS else erasure.leaf_index
            message = f"it tells of {erasure.entries} payloads that were erased, and of no key that was destroyed"
            findings.add(Failure.ERASURE, message, place, erasure.entry_id)
    _check_rows_erased(fold, findings)
    if len(entries.gone) != fold.removed:
        findings.add(
            Failure.ERASURE, f"{len(entries.gone)} payloads are gone; by the removals on record it is {fold.removed}"
        )


def _check_rows_erased(fold: Fold, findings: Findings) -> None:
    """Rows are erased of runs that are on record, and no more than these had."""
    left = dict(fold.runs)
    for each in fold.rows_erased:
        run = each.run if isinstance(each.run, str) else ""
        place = None if each.leaf_index == WAITS else each.leaf_index
        if run not in left:
            message = f"it tells of rows erased of the run {quote(each.run)}, which is not on record"
        elif type(each.rows) is not int or not 0 <= each.rows <= left[run]:
            message = f"it tells of {quote(each.rows)} rows erased of the run {quote(run)}, which has not so many left"
        else:
            left[run] -= each.rows
            continue
        findings.add(Failure.ERASURE, message, place, each.entry_id)


def check_index(source: Source, entries: EntryCheck, findings: Findings) -> None:
    """Subjects lead to every payload under a key of theirs, and to nothing else."""
    for key, keyless in entries.keyless.items():
        _report_keyless(key, keyless, findings)
    house = _house_key(entries)
    for key, outside in entries.outside.items():
        if key == house:
            indexed = "SELECT 1 FROM subject_index WHERE key = ?"
            if source.layout.apart and source.row(indexed, key) is not None:
                findings.add(Failure.PAYLOAD, "the subject index names the key of what is about nobody")
            opener = entries.opener
            if opener is not None and opener.index_key is not None and not opener.is_house(outside.tag):
                findings.add(Failure.PAYLOAD, "the key of what is about nobody has the tag of a subject")
            continue
        findings.add(
            Failure.PAYLOAD,
            f"{outside.count} payloads of one subject, this the first, are not in the subject index",
            _place(outside),
            outside.entry_id,
        )
    for (key,) in source.rows(_SEALS_NOTHING[source.layout.apart]):
        if key not in entries.outside:
            findings.add(Failure.PAYLOAD, f"the key {quote(key)} leads to no payload: it should not be there")
    if source.layout.apart and _count(source, "SELECT count(*) FROM subject_index") != entries.indexed:
        for (entry_id,) in source.rows(_LEADS_NOWHERE):
            findings.add(
                Failure.PAYLOAD, f"the subject index names the entry {quote(entry_id)} under a key that seals it not"
            )


def check_documents(source: Source, entries: EntryCheck, findings: Findings) -> int:
    """Every kept text is what its digest says, and entries and texts belong to each other. Returns their number."""
    count, named = 0, dict(entries.fold.texts)
    _named_by_plans(source, named, findings)
    for recorded, kind, name, version, text in source.rows("SELECT digest, kind, name, version, text FROM document"):
        count += 1
        called = f"policy {quote(name)} version {quote(version)}" if kind == "policy" else quote(kind)
        try:
            by = named.pop((kind, name, version, recorded), None)
        except TypeError:
            by = None
        if not isinstance(text, bytes) or "sha256:" + sha256(text).hexdigest() != recorded:
            findings.add(
                Failure.DOCUMENT, f"the text of {called} is not that of its digest; named by {by or 'no entry'}"
            )
        elif by is None:
            findings.add(Failure.DOCUMENT, f"no entry refers to the text of {called} ({quote(recorded)})")
    for (kind, name, version, digest), by in named.items():
        called = f"policy {quote(name)} version {version}" if kind == "policy" else quote(kind)
        findings.add(Failure.DOCUMENT, f"the text of {called} ({digest}) is not kept; named by {by}")
    return count


def kept_plan(source: Source, digest: str) -> object:
    """What is kept as the text of the plan with that digest; None for nothing."""
    row = source.row("SELECT text FROM document WHERE kind = ? AND digest = ?", PLAN, digest)
    return None if row is None else row[0]


def _named_by_plans(source: Source, named: dict[Reference, Named], findings: Findings) -> None:
    """Adds the texts that the plans among those named refer to. A text that is not its digest's is told elsewhere."""
    for (kind, _, _, digest), by in list(named.items()):
        text = kept_plan(source, digest) if kind == PLAN else None
        if not isinstance(text, bytes) or "sha256:" + sha256(text).hexdigest() != digest:
            continue
        try:
            for reference in references(read_plan(text)):
                named.setdefault(reference, by)
        except Malformed as malformed:
            findings.add(Failure.DOCUMENT, f"the text of a plan {malformed}; named by {by}")


def check_housekeeping(source: Source, size: int, revisions: Collection[str], findings: Findings) -> None:
    """The tables that say nothing about decisions. `revisions`: the schema's versions that are known; none: any."""
    if "alembic_version" in source.tables():
        versions = list(source.rows("SELECT version_num FROM alembic_version"))
        known = len(versions) == 1 and isinstance(versions[0][0], str)
        if not known or (revisions and versions[0][0] not in revisions):
            findings.add(Failure.FILE, f"the schema's version is {quote(versions)}, which is none of a ledger's")
        elif not source.has_inbox and (versions[0][0] < _PAYLOADS_INSIDE) is not source.layout.apart:
            findings.add(Failure.FILE, f"the schema's version is {quote(versions[0][0])}, which has other tables")
        if known and versions[0][0] >= _REQUEST_KEYS and "request_key" not in source.tables():
            findings.add(Failure.FILE, "the table `request_key` is missing")
    if "sequencer" in source.tables():
        rows = list(source.rows("SELECT term, size FROM sequencer"))
        if len(rows) != 1 or rows[0][0] < 0 or rows[0][1] != size:
            findings.add(Failure.FILE, f"the sequencer's row is {quote(rows)}, where the ledger has {size} entries")


def check_request_keys(source: Source, findings: Findings) -> None:
    """Each key of a request leads to an entry: the two were written together."""
    if "request_key" not in source.tables() or source.row("SELECT id FROM request_key LIMIT 1") is None:
        return
    query = "SELECT id FROM request_key EXCEPT SELECT id FROM entry"
    if source.has_inbox:
        query += " EXCEPT SELECT id FROM inbox"
    for (entry_id,) in source.rows(query):
        findings.add(Failure.FILE, f"the key of a request leads to {quote(entry_id)}, which is no entry")


def _house_key(entries: EntryCheck) -> bytes | None:
    """The key that seals what is about nobody: that of leaf 0, or of the most when leaf 0 has no payload."""
    most = sorted(entries.outside.items(), key=lambda each: (each[1].leaf_index != 0, -each[1].count))
    return most[0][0] if most else None


def _report_keyless(key: bytes, keyless: Outside, findings: Findings) -> None:
    if keyless.count == 1:
        message, failure = f"its payload names the key {key.hex()}, which is not there", Failure.PAYLOAD
    else:
        message = f"the key of this and {keyless.count - 1} other payloads is gone, and no erasure is on record"
        failure = Failure.ERASURE
    findings.add(failure, message, _place(keyless), keyless.entry_id)


def _place(outside: Outside) -> int | None:
    return None if outside.leaf_index == WAITS else outside.leaf_index


def _count(source: Source, query: str) -> int:
    row = source.row(query)
    return int(row[0]) if row else 0
