"""The first cut's ledger, upgraded in place: every entry is there and reads as it did, and nothing is in plain text."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from first_cut_ledger import COUNT, PERSONAL, as_written, bodies_in, by_formula, hashes_in, multiplied, rechained
from first_cut_upgraded import NOW, SEED, assert_adopted, personal_in, raw, reader, sqlite_store, upgraded

from ordain.audit.ledger.checkpointer import Checkpointer
from ordain.audit.store.identity import check_key, identity
from ordain.audit.store.schema import HEAD, Upgraded, ensure_schema
from ordain.audit.verifier.check import verify
from ordain.engine.errors import LedgerUnavailable, SettingsError


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The ledger that the first cut wrote."""
    path = tmp_path / "ledger.db"
    as_written(path)
    return path


def stored(path: Path) -> list[tuple[object, ...]]:
    """All that the first cut's tables hold, as bytes: a damaged text cannot be read as text."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        rows = connection.execute("SELECT * FROM entry ORDER BY seq").fetchall()
        return rows + connection.execute("SELECT * FROM document ORDER BY digest, kind").fetchall()


def texts_in(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        columns = "digest, kind, name, version, text"
        return sorted(connection.execute(f"SELECT {columns} FROM document"))


def test_an_upgraded_ledger_holds_every_entry_and_text_as_the_first_cut_had_it(old: Path) -> None:
    bodies, hashes, texts = bodies_in(old), hashes_in(old), texts_in(old)
    steps: list[tuple[int, int]] = []
    with sqlite_store(old) as store:
        assert upgraded(store, lambda done, total: steps.append((done, total))) == Upgraded("0001", HEAD, COUNT)
    assert_adopted(old, bodies, hashes)
    assert texts_in(old) == texts
    assert steps == sorted(steps)
    assert steps[-1] == (2 * COUNT, 2 * COUNT)
    with sqlite_store(old) as store:
        assert upgraded(store) == Upgraded(HEAD, HEAD, 0)
    assert_adopted(old, bodies, hashes)


def test_the_envelope_of_an_adopted_decision_says_what_is_public_of_it_and_nothing_else(old: Path) -> None:
    bodies = bodies_in(old)
    with sqlite_store(old) as store:
        upgraded(store)
        envelopes = [record.envelope for record in reader(store).records(1)]
    for envelope, body in zip(envelopes, bodies, strict=True):
        assert envelope["engine"] == body["engine"]
        assert envelope["tenant"] == body["tenant"]
        assert envelope["models"] == [{key: m[key] for key in ("model", "version", "digest")} for m in body["models"]]
        assert not {"subject", "facts", "outcome", "trace", "at"} & set(envelope)
    assert [envelope["outcome_class"] for envelope in envelopes] == [
        "decided", "permit", "permit", "permit", "deny", "review", "decided", "decided", "permit"
    ]  # fmt: skip
    assert envelopes[4]["reason_codes"] == [
        "retention-offer@1/critical-high-value",
        "contact-compliance@1/eu-gdpr-21-objection",
    ]


def test_after_the_upgrade_no_subject_and_no_fact_is_in_the_files_any_more(old: Path) -> None:
    before = raw(old)
    assert [word for word in PERSONAL if word.encode() not in before] == []
    with sqlite_store(old) as store:
        upgraded(store)
        assert personal_in(old) == []
    assert personal_in(old) == []
    assert b"retention-offer" in raw(old)  # so the search finds what is there


def test_the_independent_verifier_passes_an_upgraded_ledger_with_every_payload_opened(old: Path) -> None:
    with sqlite_store(old) as store:
        upgraded(store)
        found = identity(store)
        assert found is not None
        Checkpointer(store, reader(store), check_key(found, SEED), []).checkpoint(NOW)
    evidence = verify(old, master_key=bytes(32), revisions=(HEAD,))
    assert evidence, str(evidence)
    assert (evidence.entries, evidence.decisions, evidence.opened) == (1 + COUNT, COUNT, 1 + COUNT)


def test_a_larger_ledger_keeps_one_key_for_each_subject(path: Path) -> None:
    as_written(path)
    bodies = list(multiplied(bodies_in(path), 1201, subjects=300))
    path.unlink()
    by_formula(path, bodies)
    hashes = hashes_in(path)
    with sqlite_store(path) as store:
        assert upgraded(store).adopted == 1201
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM subject_key").scalar() == 301  # and the house's
        assert len(reader(store).ids_of("C-000000-Person")) == 5
    assert_adopted(path, bodies, hashes)
    assert b"-Person" not in raw(path)


def test_an_empty_ledger_and_one_with_entries_about_nobody_are_upgraded(tmp_path: Path) -> None:
    as_written(tmp_path / "some.db")
    nobody = [{**body, "subject": None, "kind": "policy"} for body in bodies_in(tmp_path / "some.db")[:2]]
    with closing(sqlite3.connect(tmp_path / "some.db")) as connection, connection:
        connection.execute("DELETE FROM entry")
        connection.execute("DELETE FROM document")
    with sqlite_store(tmp_path / "some.db") as store:
        assert upgraded(store) == Upgraded("0001", HEAD, 0)
    assert_adopted(tmp_path / "some.db", [], [])

    by_formula(tmp_path / "nobody.db", nobody)
    with closing(sqlite3.connect(tmp_path / "nobody.db")) as connection, connection:
        named = {policy["digest"] for body in nobody for policy in body["policies"]}
        named |= {digest for body in nobody for digest in body["documents"].values()}
        for (digest,) in connection.execute("SELECT digest FROM document").fetchall():
            if digest not in named:
                connection.execute("DELETE FROM document WHERE digest = ?", (digest,))
    with sqlite_store(tmp_path / "nobody.db") as store:
        assert upgraded(store).adopted == 2
        records = list(reader(store).records(1))
        assert [record.envelope["outcome_class"] for record in records] == [None, None]
        assert [record.private["facts"] for record in records if record.private] == [b["facts"] for b in nobody]
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM subject_index").scalar() == 0


DAMAGE = {
    "a byte of a body": (
        "UPDATE entry SET body = CAST(replace(body, '0.8513', '0.1513') AS BLOB) WHERE seq = 2",
        "entry 2",
    ),
    "a hash": ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", "entry 3"),
    "a previous hash": ("UPDATE entry SET prev_hash = zeroblob(32) WHERE seq = 3", "entry 3"),
    "an entry deleted": ("DELETE FROM entry WHERE seq = 4", "entry 5"),
    "the first entry deleted": ("DELETE FROM entry WHERE seq = 1", "entry 2"),
    "an entry moved to the front": ("UPDATE entry SET seq = -6 WHERE seq = 6", "entry -6"),
    "an entry repeated": (
        "INSERT INTO entry SELECT 10, 'x', time, kind, service, subject, hash, hash, body FROM entry WHERE seq = 9",
        "entry 10",
    ),
    "a subject column": ("UPDATE entry SET subject = 'C-1' WHERE seq = 7", "entry 7"),
    "a time column": ("UPDATE entry SET time = '2026' WHERE seq = 8", "entry 8"),
    "a column that is no text": ("UPDATE entry SET kind = CAST(X'FF' AS TEXT) WHERE seq = 8", "entry 8"),
    "a kept text": ("UPDATE document SET text = CAST(text || ' ' AS BLOB) WHERE name = 'plan-advice'", "plan-advice"),
    "a kept text's version": ("UPDATE document SET version = 2 WHERE name = 'plan-advice'", "plan-advice"),
    "a text gone": ("DELETE FROM document WHERE name = 'plan-advice'", "plan-advice"),
    "a text that no entry names": ("INSERT INTO document SELECT digest, 'x', '', 0, text FROM document LIMIT 1", "x"),
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END", "trigger"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_broken_first_cut_is_not_upgraded_and_the_message_names_the_place(old: Path, damage: str) -> None:
    statement, place = DAMAGE[damage]
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(statement)
    before = stored(old)
    with sqlite_store(old) as store:
        with pytest.raises(LedgerUnavailable) as refused:
            upgraded(store)
        assert place in refused.value.message
        assert refused.value.issues[0].hint.startswith("nothing was changed")
        with pytest.raises(SettingsError, match="older version"):
            ensure_schema(store)
    assert stored(old) == before


CHANGED_BODIES: dict[str, dict[str, Any]] = {
    "an id that is no UUID": {"id": "seven"},
    "a time without an offset": {"time": "2026-11-21T02:10:00.123456"},
    "no time at all": {"time": "yesterday"},
    "policies in another shape": {"policies": ["retention-offer@1"]},
    "a reason without a policy": {"reasons": [{"because": "so"}]},
    "facts with a float": {"facts": {"churn_risk": {"value": 0.5}}},
}


@pytest.mark.parametrize("change", CHANGED_BODIES)
def test_a_body_that_the_first_cut_did_not_write_is_named_and_nothing_is_changed(old: Path, change: str) -> None:
    changed = CHANGED_BODIES[change]
    bodies = bodies_in(old)
    bodies[4] |= changed
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE entry SET body = CAST(? AS BLOB) WHERE seq = 5", (json.dumps(bodies[4]),))
    if change != "facts with a float":
        rechained(old)
    with sqlite_store(old) as store, pytest.raises(LedgerUnavailable, match="entry 5 "):
        upgraded(store)
    assert bodies_in(old) == bodies
