"""A replay gives the same bytes, or says which of policy, facts, model, engine or record differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from parts import damage
from reading_sample import (
    CALL,
    E_MAIL,
    LOOKED_AT,
    NO_CALL,
    NOTHING,
    PRICE,
    Sample,
    catalog,
    decided_entry,
    documents,
    sample,
    scored,
)

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.records.replay import Replay, Replayer
from ordain.audit.store.rows import DOCUMENT, ENTRY
from ordain.engine.errors import LedgerUnavailable


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def on_both(url: str) -> Iterator[Sample]:
    with sample(url) as opened:
        yield opened


def replayed(made: Sample, record: Record) -> Replay:
    return Replayer(made.reader).replay(record)


def parts(result: Replay) -> list[str]:
    return [difference.part for difference in result.differs]


def changed(record: Record, **private: Any) -> Record:
    """The record as it would be had it been written so."""
    assert record.private is not None
    return replace(record, private={**record.private, **private})


def test_every_kind_of_outcome_replays_byte_for_byte(on_both: Sample) -> None:
    for facts in (CALL, NO_CALL, LOOKED_AT, E_MAIL, NOTHING):
        on_both.decide("C-1", facts)
    on_both.decide("C-2", PRICE, "price-quote")
    on_both.decide("C-3", score=scored(Decimal("0.85123"), ("days_since_login", Decimal(60), Decimal("1.2"))))
    on_both.event(Kind.READ, {"actor": "anna"}, {"action": "show", "entries": 1})
    on_both.use.settle()
    seen: list[tuple[int, int]] = []
    results = list(Replayer(on_both.reader).range(progress=lambda done, total: seen.append((done, total))))
    assert [bool(result) and result.replayed for result in results] == [True] * 7
    assert [result.leaf_index for result in results] == list(range(1, 8))
    assert seen[-1] == (9, 9)


def test_a_range_is_replayed_without_the_rest(made: Sample) -> None:
    ids = [str(made.decide(f"C-{number}")) for number in range(5)]
    results = Replayer(made.reader).range(2, 4)
    assert [result.entry_id for result in results] == ids[1:3]
    assert list(Replayer(made.reader).range(4, 4)) == []
    assert len(list(Replayer(made.reader).range(3, 1_000))) == 3


def test_erased_expired_and_restricted_are_counted_apart_and_differ_in_nothing(made: Sample) -> None:
    made.decide("C-1")
    made.expire()
    made.decide("C-2"), made.decide("C-3"), made.decide("C-4")
    made.erase("C-2"), made.restrict("C-3")
    results = list(Replayer(made.reader).range())
    statuses = [Status.EXPIRED, Status.ERASED, Status.RESTRICTED, Status.READABLE]
    assert [result.status for result in results] == statuses
    assert [result.replayed for result in results] == [False, False, False, True]
    assert all(results)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("outcome", {"offer": {"action": "none", "discount_percent": "0", "channel": "none"}}),
        ("verdict", "deny"),
        ("reasons", []),
        ("obligations", [{"opt_out": "now"}]),
        ("trace", []),
    ],
)
def test_another_outcome_or_trace_is_the_engines_and_both_engines_are_named(
    made: Sample, part: str, value: Any
) -> None:
    record = made.record(made.decide("C-1"))
    result = Replayer(made.reader, engine="ordain 9.9").replay(changed(record, **{part: value}))
    assert parts(result) == ["engine"]
    message = result.differs[0].message
    assert f"another {part}" in message
    assert "ordain 0.1.0" in message
    assert "ordain 9.9" in message
    assert not result


def test_a_decision_that_now_ends_in_an_error_is_the_engines(made: Sample) -> None:
    record = made.record(made.decide("C-1", PRICE, "price-quote"))
    assert record.private is not None
    facts = {**record.private["facts"], "base_price": {"value": None, "source": "missing"}}
    result = replayed(made, changed(record, facts=facts))
    assert parts(result) == ["engine"]
    assert "it ends in CalculationFailed" in result.differs[0].message


@pytest.mark.parametrize(
    "facts",
    [
        {"churn_risk": {"value": "a lot", "source": "request"}},
        {"clv_tier": {"value": "gigantic", "source": "request"}},
        {"unheard_of": {"value": "1", "source": "request"}},
        {"churn_risk": {"source": "request"}},
        {"churn_risk": "0.85"},
    ],
)
def test_a_fact_that_cannot_be_read_is_named(made: Sample, facts: dict[str, Any]) -> None:
    record = made.record(made.decide("C-1"))
    assert record.private is not None
    result = replayed(made, changed(record, facts={**record.private["facts"], **facts}))
    assert parts(result) == ["facts"]


def test_facts_that_are_not_all_there_are_the_facts(made: Sample) -> None:
    record = made.record(made.decide("C-1"))
    assert parts(replayed(made, changed(record, facts={}))) == ["facts"]
    assert parts(replayed(made, changed(record, facts=None))) == ["facts"]
    assert parts(replayed(made, changed(record, at="yesterday"))) == ["facts"]


def test_a_text_that_is_missing_or_another_is_the_policys(made: Sample) -> None:
    record = made.record(made.decide("C-1"))
    policy = next(document for document in documents() if document.name == "retention-offer")
    chosen = DOCUMENT.c.digest == policy.reference.digest
    with made.store.transaction() as connection:
        connection.execute(sa.update(DOCUMENT).where(chosen).values(text=policy.text + b"\n"))
    result = replayed(made, record)
    assert parts(result) == ["policy"]
    assert "retention-offer@1" in result.differs[0].message
    with made.store.transaction() as connection:
        connection.execute(sa.delete(DOCUMENT).where(chosen))
    assert "does not hold the text" in replayed(made, record).differs[0].message


def test_a_score_that_is_not_the_fact_it_became_is_the_models(made: Sample) -> None:
    record = made.record(made.decide("C-1", score=scored(Decimal("0.85"), ("tickets", Decimal(3), Decimal("0.4")))))
    assert replayed(made, record)
    assert record.private is not None
    [score] = record.private["models"]
    for models in ([{**score, "score": "0.9"}], [{**score, "score": "much"}], [{**score, "version": "4"}], []):
        assert "model" in parts(replayed(made, changed(record, models=models)))


def test_a_damaged_record_differs_and_does_not_end_the_replay(made: Sample) -> None:
    ids = [made.decide(f"C-{number}") for number in range(4)]
    with made.store.transaction() as connection:
        damage(connection, ids[1])
        connection.execute(sa.update(ENTRY).where(ENTRY.c.id == ids[2].bytes).values(envelope=b"{}"))
    results = list(Replayer(made.reader).range())
    assert [result.entry_id for result in results] == [str(entry_id) for entry_id in ids]
    assert [parts(result) for result in results] == [[], ["record"], ["record"], []]


def test_entries_that_are_gone_do_not_end_the_replay(made: Sample) -> None:
    ids = [made.decide(f"C-{number}") for number in range(4)]
    with made.store.transaction() as connection:
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.id == ids[0].bytes))
        damage(connection, ids[1])
    results = list(Replayer(made.reader).range())
    assert [(UUID(result.entry_id), parts(result)) for result in results] == [
        (ids[1], ["record"]),
        (ids[2], []),
        (ids[3], []),
    ]


def test_a_ledger_that_cannot_be_read_is_no_difference(made: Sample) -> None:
    made.decide("C-1")
    results = Replayer(made.reader).range()
    made.store.engine.dispose()
    with made.store.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE entry RENAME TO gone"))
    with pytest.raises(LedgerUnavailable):
        list(results)


def test_the_texts_of_many_entries_are_compiled_once(made: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        made.append(decided_entry(f"C-{number}", CALL, "retention", None, made.clock.tick()))
    asked: list[str] = []
    document = made.reader.document
    monkeypatch.setattr(made.reader, "document", lambda digest: asked.append(digest) or document(digest))
    assert len(list(Replayer(made.reader).range())) == 20
    policies = len(catalog().service("retention").policies)
    assert len(asked) == len(set(asked)) == policies + 3, "with the vocabulary, the services and the plan"
