"""A ledger that an earlier version wrote verifies, replays and is explained by this one, each entry in its own form."""

from __future__ import annotations

import datetime as dt
import json
import lzma
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ledgers import FORM_2, FORM_2_ANSWERS, FORM_3, FORM_3_ANSWERS, LEAN_RECORDS, MASTER, opened, restored, upgraded

from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.decision_form import DecisionForm
from ordain.audit.entry.documents import Document
from ordain.audit.entry.entry import Kind, new_id
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record
from ordain.audit.ledger.restoring import NOT_RESTORED, answer_of
from ordain.audit.privacy.erasure import erase
from ordain.audit.records.masking import Mask, Role
from ordain.audit.records.older_forms import in_todays_form
from ordain.audit.records.query import Query
from ordain.audit.records.replay import Replayer
from ordain.audit.records.search import search
from ordain.audit.verifier.check import verify
from ordain.engine.policy.facts import Facts
from ordain.engine.values.types import read

TEXT_OF_ANOTHER_TABLE = "The same id in another table."


@pytest.fixture
def before(path: Path) -> Iterator[OpenLedger]:
    url = restored(path)
    upgraded(path)
    with opened(url) as use:
        yield use


def decisions(use: OpenLedger, service: str | None = None) -> list[Record]:
    records = (record for record in use.reader.records() if record.envelope["kind"] == Kind.DECISION)
    return [record for record in records if service in (None, record.envelope["service"])]


def private(record: Record) -> dict[str, Any]:
    assert record.private is not None
    return record.private


def decided_again(use: OpenLedger, record: Record) -> Record:
    """The same decision in a new entry, as it is recorded today."""
    past, body, now = Past(use.reader.document), private(record), dt.datetime.now(dt.UTC)
    plan, vocabulary = past.plan(record.envelope), past.vocabulary(record.envelope)
    named = record.envelope["documents"].items()
    texts = [Document(kind, use.reader.document(digest) or b"") for kind, digest in named]
    facts = Facts({}, {})
    for name, fact in body["facts"].items():
        value = fact["value"]
        facts.values[name] = None if value is None else read(vocabulary[name].type, value, stored=True)
        facts.sources[name] = fact["source"]
    at, form = dt.datetime.fromisoformat(body["at"]), DecisionForm(plan, texts)
    entry = DecisionEntry(form, new_id(now), now, at, "C-1", None, facts, plan.evaluate(facts, at))
    made = use.reader.record(UUID(use.ledger.append(entry, form.texts).entry_id))
    assert made is not None
    return made


def _by_value(outcome: Any) -> Any:
    """Amounts by what they are worth: they were written with the digits that they were calculated with."""
    if isinstance(outcome, dict):
        return {name: Decimal(part) if name == "amount" else _by_value(part) for name, part in outcome.items()}
    return outcome


def test_it_verifies_before_and_after_the_upgrade(path: Path) -> None:
    restored(path)
    for step in (lambda _: None, upgraded):
        step(path)
        evidence = verify(path, master_key=MASTER)
        assert evidence, evidence
        assert (evidence.entries, evidence.decisions, evidence.opened) == (29, 28, 29)


def test_its_subjects_are_found_and_erased(before: OpenLedger, path: Path) -> None:
    subject = private(decisions(before)[0])["subject"]
    ids = before.reader.ids_of(subject)
    assert decisions(before)[0].entry.id in ids
    assert erase(before, subject, private={"by": "test"}).entries == len(ids)
    assert before.reader.ids_of(subject) == []
    before.settle()
    assert verify(path, master_key=MASTER)


def test_lean_records_under_envelopes_that_name_their_texts_are_read_as_todays(path: Path) -> None:
    url = restored(path, LEAN_RECORDS)
    evidence = verify(path, master_key=MASTER)
    assert evidence, evidence
    assert (evidence.entries, evidence.decisions, evidence.opened, evidence.erased) == (9, 7, 8, 1)
    upgraded(path)
    with opened(url) as use:
        results = list(Replayer(use.reader).range())
        assert [str(difference) for result in results for difference in result.differs] == []
        assert sum(result.replayed for result in results) == 6
        for record in decisions(use):
            assert "plan" not in record.envelope
            assert record.private is None or NOT_RESTORED not in record.private
        unscored = [old for old in decisions(use) if old.private and not old.private["models"]]
        for old in unscored:
            new = decided_again(use, old)
            assert new.envelope["policies"] == old.envelope["policies"]
            derived = ("reasons", "obligations", "trace", "facts")
            assert _by_value(private(new)["outcome"]) == _by_value(private(old)["outcome"])
            assert [private(new)[name] for name in derived] == [private(old)[name] for name in derived]
        found = list(search(use.reader, Query(policy="retention-offer@1")))
        assert {"plan" in record.envelope for record in found} == {True, False}


def test_records_of_form_2_replay_and_give_the_answers_that_were_given_byte_for_byte(path: Path) -> None:
    url = restored(path, FORM_2)
    evidence = verify(path, master_key=MASTER)
    assert evidence, evidence
    assert (evidence.entries, evidence.decisions) == (11, 10)
    upgraded(path)
    with opened(url) as use:
        results = list(Replayer(use.reader).range())
        assert [str(difference) for result in results for difference in result.differs] == []
        assert sum(result.replayed for result in results) == 10
        given = lzma.decompress(FORM_2_ANSWERS.read_bytes()).splitlines()
        made = [
            answer_of(record.envelope, private(record), record.entry.leaf_hash.hex())
            for record in decisions(use)
            if NOT_RESTORED not in private(record)
        ]
        assert made == given


def test_envelopes_of_format_3_are_read_with_what_they_say_in_clear(path: Path) -> None:
    url = restored(path, FORM_3)
    evidence = verify(path, master_key=MASTER)
    assert evidence, evidence
    assert (evidence.decisions, evidence.erased) == (10, 1)
    upgraded(path)
    with opened(url) as use:
        results = list(Replayer(use.reader).range())
        assert [str(difference) for result in results for difference in result.differs] == []
        assert sum(result.replayed for result in results) == 9
        whole = [record for record in decisions(use) if record.private is not None]
        made = [answer_of(record.envelope, private(record), record.entry.leaf_hash.hex()) for record in whole]
        assert made == lzma.decompress(FORM_3_ANSWERS.read_bytes()).splitlines()
        said = [record.envelope["outcome_class"] for record in decisions(use)]
        assert said == ["permit", "deny", "review", *["permit"] * 3, "review", "permit", "decided", "permit"]
        [by_model] = [record for record in whole if record.envelope["models"]]
        assert by_model.envelope["models"][0]["version"] == "3"
        new = decided_again(use, whole[1])
        assert (whole[1].envelope["v"], new.envelope["v"]) == (3, 4)
        assert new.envelope["reason_codes"] == whole[1].envelope["reason_codes"]
        use.settle()
        denied = [record.entry.id for record in search(use.reader, Query(kind=Kind.DECISION, verdict="deny"))]
        assert denied == [whole[1].entry.id, new.entry.id]
    assert verify(path, master_key=MASTER)


def test_every_decision_replays(before: OpenLedger) -> None:
    results = list(Replayer(before.reader).range())
    assert len(results) == 28
    assert [str(difference) for result in results for difference in result.differs] == []
    assert all(result.replayed for result in results)


def test_new_entries_in_it_replay_beside_the_old_ones(before: OpenLedger) -> None:
    unscored = [record for record in decisions(before) if not private(record)["models"]]
    made = [decided_again(before, record) for record in unscored]
    before.settle()
    results = list(Replayer(before.reader).range())
    assert len(results) == 28 + len(made) == 54
    assert [str(difference) for result in results for difference in result.differs] == []


def test_the_place_of_a_null_is_one_in_the_text(before: OpenLedger) -> None:
    [old] = [record for record in decisions(before) if any("nulls" in step for step in private(record)["trace"])]
    assert private(old)["trace"][-1]["nulls"][0]["at"] == "policies/add-ons/v1.dmn:55:13"
    assert private(decided_again(before, old))["trace"][-1] == {
        "policy": "add-ons@1",
        "nulls": [{"message": "it divides by zero", "at": "55:13"}],
    }


def test_another_place_in_an_older_record_still_differs(before: OpenLedger) -> None:
    [old] = [record for record in decisions(before) if any("nulls" in step for step in private(record)["trace"])]
    body = deepcopy(private(old))
    body["trace"][-1]["nulls"][0]["at"] = "policies/add-ons/v1.dmn:55:14"
    assert "another trace" in str(Replayer(before.reader).replay(replace(old, private=body)).differs[0])


def test_a_rules_reason_names_its_decision(before: OpenLedger) -> None:
    old = decisions(before, "zoo")[0]
    assert "decision" not in private(old)["reasons"][1]
    made = private(decided_again(before, old))
    told = [(reason["decision"], reason.get("rule")) for reason in made["reasons"]]
    assert told == [
        *[("ratio", None), ("one", "a"), ("same", "a"), ("best", "b"), ("points", "a"), ("points", "c")],
        *[("words", "a"), ("ordered", "b"), ("ordered", "a"), ("grandfather", "none")],
    ]
    assert in_todays_form(private(old))["reasons"] == json.loads(json.dumps(made["reasons"]))


@pytest.mark.parametrize("new", [False, True], ids=["recorded before", "recorded now"])
def test_a_letter_quotes_the_table_in_which_the_rule_fired(before: OpenLedger, new: bool) -> None:
    for record in decisions(before, "zoo"):
        explained = explain(decided_again(before, record) if new else record, before.reader)
        fired = {(step["decision"], rule) for step in private(record)["trace"] for rule in step.get("fired", ())}
        reasons = [reason for reason in explained.data["reasons"] if "rule" in reason]
        assert {(reason["decision"], reason["rule"]) for reason in reasons} == fired
        on = {(reason["decision"], reason["rule"]): [part["is"] for part in reason["conditions"]] for reason in reasons}
        expected = {
            **{("one", "a"): ["> 90"], ("one", "b"): ["(step..90]"], ("same", "a"): ["> 10"], ("best", "a"): ["> 1"]},
            **{("best", "c"): ["premium, unlimited"], ("points", "a"): ["not(basic)"], ("words", "a"): [">= 0"]},
        }
        assert {place: on[place] for place in expected if place in on} == {
            place: said for place, said in expected.items() if place in fired
        }
        assert "rule `a` of zoo, version 1, for words" in letter(explained)


def test_a_search_tells_rules_of_one_id_in_several_tables_apart(before: OpenLedger) -> None:
    def fired(decision: str, rule: str | None = None) -> list[Record]:
        return list(search(before.reader, Query(decision=decision, rule=rule, kind=Kind.DECISION)))

    def expected(decision: str, *rules: str) -> list[UUID]:
        return [
            record.entry.id
            for record in decisions(before)
            for step in private(record)["trace"]
            if step.get("decision") == decision and not set(rules).isdisjoint(step.get("fired", ()))
        ]

    for decision, rule in (("one", "a"), ("words", "a"), ("best", "c"), ("best", "b")):
        assert [record.entry.id for record in fired(decision, rule)] == expected(decision, rule)
        assert 0 < len(fired(decision, rule)) < len(fired(decision)) or decision == "words"
        assert len(fired(decision, f"zoo@1/{rule}")) == len(fired(decision, rule))
    assert fired("best", "band-4") == fired("nothing") == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ANALYST])
def test_an_export_names_the_decision_for_old_entries_too(before: OpenLedger, role: Role) -> None:
    mask = Mask(role, Past(before.reader.document))
    rows = [mask.row(record) for record in decisions(before)]
    assert all("decision" in reason for row in rows for reason in row["reasons"])


def test_what_fits_no_form_is_left_as_it_is(before: OpenLedger) -> None:
    body = private(decisions(before, "zoo")[0])
    reasons, trace = body["reasons"], body["trace"]
    for changed in (
        {"reasons": reasons[2:]},
        {"reasons": [*reasons, reasons[-1]]},
        {"reasons": [reasons[0], {**reasons[1], "rule": "b"}, *reasons[2:]]},
        {"reasons": [reasons[0], {**reasons[1], "policy": "zoo@2"}, *reasons[2:]]},
        {"trace": trace[:4]},
        {"reasons": None},
    ):
        odd = {**body, **changed}
        assert in_todays_form(odd) == odd
