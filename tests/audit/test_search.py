"""Search finds what the envelopes, the subjects and the outcomes say, and opens no more than it needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from databases import database
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import DOCUMENTS, decision
from parts import damage
from reading_sample import E_MAIL, LOOKED_AT, NO_CALL, NOON, NOTHING, PRICE, Sample, sample

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger import reader
from ordain.audit.ledger.reader import Record, Status
from ordain.audit.records.query import Condition, Query
from ordain.audit.records.search import Looked, matching, search
from ordain.audit.store.rows import ENTRY
from ordain.engine.errors import LedgerUnavailable, MalformedRequest


@dataclass
class Filled:
    sample: Sample
    ids: dict[str, UUID]

    def names(self, query: Query) -> list[str]:
        return [self.name(record.entry.id) for record in search(self.sample.reader, query)]

    def name(self, entry_id: UUID) -> str:
        return next(name for name, known in self.ids.items() if known == entry_id)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    if request.param == "sqlite":
        with sample(f"sqlite:///{tmp_path_factory.mktemp('search')}/ledger.db") as made:
            yield fill(made)
        return
    with database() as url, sample(url) as made:
        yield fill(made)


@pytest.fixture
def own(url: str) -> Iterator[Sample]:
    with sample(url) as made:
        yield made


@pytest.fixture
def on_sqlite(tmp_path: Any) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as made:
        yield made


def fill(made: Sample) -> Filled:
    ids = {
        "call": made.decide("C-1"),
        "no call": made.decide("C-2", NO_CALL),
        "looked at": made.decide("C-3", LOOKED_AT),
        "e-mail": made.decide("C-4", E_MAIL),
        "nothing": made.decide("C-5", NOTHING),
        "price": made.decide("C-1", PRICE, "price-quote"),
        "read": made.event(Kind.READ, {"actor": "anna"}, {"action": "show", "entries": 1}),
    }
    made.use.settle()
    with_leaf_0 = {"ledger": next(made.reader.entries()).id, **ids}
    return Filled(made, with_leaf_0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ["ledger", "call", "no call", "looked at", "e-mail", "nothing", "price", "read"]),
        (Query(subject="C-1"), ["call", "price"]),
        (Query(subject="C-1", service="price-quote"), ["price"]),
        (Query(subject="nobody"), []),
        (Query(service="price-quote"), ["price"]),
        (Query(service="price"), []),
        (Query(kind=Kind.READ), ["read"]),
        (Query(verdict="deny"), ["no call"]),
        (Query(verdict="review"), ["looked at"]),
        (Query(policy="grandfathering"), ["price"]),
        (Query(policy="grandfathering@1"), ["price"]),
        (Query(policy="grandfathering@2"), []),
        (Query(rule="critical-low-value"), ["e-mail"]),
        (Query(rule="retention-offer@1/critical-low-value"), ["e-mail"]),
        (Query(rule="retention-offer@2/critical-low-value"), []),
        (Query(rule="low-value"), []),
        (Query(rule="house-vulnerable-customer", policy="contact-house-rules@1"), ["looked at"]),
        (Query(rule="house-vulnerable-customer", policy="retention-offer"), []),
        (Query(outcome=(Condition("offer.action", "e-mail"),)), ["e-mail"]),
        (Query(outcome=(Condition("offer.discount_percent", "30.0"),)), ["call", "no call", "looked at"]),
        (Query(outcome=(Condition("offer.discount_percent", "30"),), verdict="deny"), ["no call"]),
        (Query(outcome=(Condition("price", "550.00"), Condition("price.currency", "INR"))), ["price"]),
        (Query(outcome=(Condition("promise.id", "null"),), service="price-quote"), ["price"]),
        (Query(outcome=(Condition("price", "null"),)), ["call", "no call", "looked at", "e-mail", "nothing"]),
        (Query(limit=2), ["ledger", "call"]),
    ],
)
def test_all_conditions_of_a_query_hold_for_what_is_found(filled: Filled, query: Query, expected: list[str]) -> None:
    assert filled.names(query) == expected


def test_of_a_rare_kind_only_what_fits_leaves_the_database(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    came = []
    monkeypatch.setattr(reader, "_stored", lambda row, made=reader._stored: came.append(row) or made(row))
    assert [filled.name(each.entry.id) for each in matching(filled.sample.reader, Query(kind=Kind.READ))] == ["read"]
    assert len(came) == 1


def test_entries_come_in_the_order_that_they_are_asked_for(own: Sample) -> None:
    ids = [own.decide("C-1"), own.decide("C-2")]
    own.use.settle()
    ids = [own.decide("C-1"), *ids[::-1], own.decide("C-3")]  # some have no place in the order yet
    asked = [ids[0], UUID(int=7), *ids[1:]]
    assert [each.id for each in own.reader.entries_of(asked)] == ids


def test_a_time_range_takes_its_first_moment_and_leaves_its_last(filled: Filled) -> None:
    second = dt.timedelta(seconds=1)
    query = Query(since=NOON + 2 * second, until=NOON + 4 * second)
    assert filled.names(query) == ["no call", "looked at"]
    assert filled.names(Query(since=NOON + 7 * second)) == ["read"]
    assert filled.names(Query(until=NOON)) == []


def test_envelopes_alone_are_found_the_same_and_nothing_is_opened(filled: Filled) -> None:
    query = Query(service="retention", verdict="permit")
    ids = [record.entry.id for record in matching(filled.sample.reader, query)]
    assert ids == [record.entry.id for record in search(filled.sample.reader, query)]
    assert all(record.private is None for record in matching(filled.sample.reader, query))
    for personal in (Query(subject="C-1"), Query(outcome=(Condition("offer.action", "none"),))):
        with pytest.raises(ValueError, match="personal"):
            list(matching(filled.sample.reader, personal))


@pytest.mark.parametrize("known", [True, False], ids=["of this version", "of a later one"])
@pytest.mark.parametrize("name", ["verdict", "jurisdiction"])
def test_a_private_part_that_lacks_what_is_asked_for_is_passed_over_unread(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, name: str, known: bool
) -> None:
    """One of a form that this version does not know may say it in another way, so that is read."""
    decisions = list(matching(filled.sample.reader, Query(kind=Kind.DECISION)))
    read: list[Any] = []
    real = reader.told_by
    monkeypatch.setattr(reader, "told_by", lambda private, *named: read.append(private) or real(private, *named))
    if not known:
        monkeypatch.setattr(reader, "FORM_MARK", b'"form":99,')
    for value in ("permit", "deny", "review", "decided", "IN", "EU"):
        column = "outcome_class" if name == "verdict" else name
        expected = [record.entry.id for record in decisions if record.envelope[column] == value]
        read.clear()
        asked = Query(kind=Kind.DECISION, verdict=value) if name == "verdict" else Query(jurisdiction=value)
        assert [record.entry.id for record in matching(filled.sample.reader, asked)] == expected
        if not known:
            assert len(read) == len(decisions)
        elif value == "permit":  # a rule that permits stands in what was denied, too
            assert len(expected) <= len(read)
        else:
            assert len(read) == len(expected)


def test_progress_ends_at_the_number_of_entries(filled: Filled) -> None:
    seen: list[tuple[int, int]] = []
    list(search(filled.sample.reader, Query(kind=Kind.READ), lambda done, total: seen.append((done, total))))
    assert seen[-1] == (8, 8)


def test_an_entry_that_waits_for_its_place_is_found_by_its_subject(own: Sample) -> None:
    made = own.decide("C-9")
    assert [record.entry.id for record in search(own.reader, Query(subject="C-9"))] == [made]


def test_a_clock_that_was_set_back_hides_nothing(own: Sample) -> None:
    own.clock.at = NOON + dt.timedelta(hours=3)
    late = own.decide("C-1")
    own.clock.at = NOON
    early = own.decide("C-2")
    own.use.settle()
    until = Query(kind=Kind.DECISION, until=NOON + dt.timedelta(hours=1))
    assert [record.entry.id for record in search(own.reader, until)] == [early]
    since = Query(kind=Kind.DECISION, since=NOON + dt.timedelta(hours=2))
    assert [record.entry.id for record in search(own.reader, since)] == [late]


def test_a_clock_that_stood_years_ahead_hides_nothing_that_was_made_after_it_was_right_again(own: Sample) -> None:
    own.clock.at = NOON + dt.timedelta(days=40 * 365)
    ahead = own.decide("C-1")
    own.clock.at = NOON
    made = [own.decide(f"C-{number}") for number in range(2, 5)]
    own.use.settle()
    until = Query(kind=Kind.DECISION, until=NOON + dt.timedelta(hours=1))
    assert [record.entry.id for record in search(own.reader, until)] == made
    assert [record.entry.id for record in matching(own.reader, until)] == made
    since = Query(kind=Kind.DECISION, since=NOON + dt.timedelta(days=365))
    assert [record.entry.id for record in search(own.reader, since)] == [ahead]


def test_the_outcome_of_an_erased_subject_matches_nothing_and_is_counted(own: Sample) -> None:
    own.decide("C-1"), own.decide("C-2"), own.decide("C-3")
    own.erase("C-2"), own.restrict("C-3")
    own.use.settle()
    looked = Looked()
    condition = Condition("offer.action", "personal call")
    records = list(search(own.reader, Query(outcome=(condition,)), looked=looked))
    assert [record.private and record.private["subject"] for record in records] == ["C-1"]
    assert looked.unreadable == 2
    assert list(search(own.reader, Query(subject="C-2"))) == []
    statuses = [record.status for record in search(own.reader, Query(kind=Kind.DECISION))]
    assert statuses == [Status.READABLE, Status.ERASED, Status.RESTRICTED]


def test_a_damaged_payload_stops_what_opens_it_and_nothing_else(on_sqlite: Sample) -> None:
    damaged = on_sqlite.decide("C-1")
    with on_sqlite.store.transaction() as connection:
        damage(connection, damaged)
    query = Query(kind=Kind.DECISION)
    assert [record.entry.id for record in matching(on_sqlite.reader, query)] == [damaged]
    with pytest.raises(LedgerUnavailable, match="damaged"):
        list(search(on_sqlite.reader, query))


def test_a_damaged_id_is_told_by_whatever_meets_it(on_sqlite: Sample) -> None:
    on_sqlite.decide("C-1")
    with on_sqlite.store.transaction() as connection:
        connection.execute(sa.update(ENTRY).values(id=b"\0").where(ENTRY.c.leaf_index == 1))
    for search_by in (Query(subject="C-1"), Query(kind=Kind.DECISION)):
        with pytest.raises(LedgerUnavailable, match="damaged"):
            list(search(on_sqlite.reader, search_by))


def test_few_and_many_finds_over_several_pages_are_the_same_entries(on_sqlite: Sample) -> None:
    """Few are fetched by their ids, many are read in one go."""
    at = NOON
    for number in range(1_250):
        at += dt.timedelta(milliseconds=1)
        rules = [f"retention-offer@1/every-{n}" for n in (1, 3, 400) if number % n == 0]
        on_sqlite.use.ledger.append(decision(number % 7, at, reason_codes=rules), DOCUMENTS)
    for n in (1, 3, 400):
        places = [record.entry.leaf_index for record in search(on_sqlite.reader, Query(rule=f"every-{n}"))]
        assert places == [number + 1 for number in range(1_250) if number % n == 0]
    assert len(list(search(on_sqlite.reader, Query(subject="C-6", rule="every-3")))) == len(range(6, 1_250, 21))


@pytest.mark.parametrize("text", ["offer.action", "=e-mail", "offer..action=x", " =x", "a b=c"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest, match="condition"):
        Condition.parse(text)


@pytest.mark.parametrize(
    ("outcome", "value", "holds"),
    [
        ({"a": "1E+2"}, "100", True),
        ({"a": "0.10"}, "0.1", True),
        ({"a": True}, "true", True),
        ({"a": True}, "1", False),
        ({"a": ["x", "y"]}, "y", True),
        ({"a": ["x", "y"]}, "x, y", False),
        ({"a": {"amount": "5.00", "currency": "INR"}}, "5", True),
        ({"a": {"amount": "5.00", "other": "INR"}}, "5", False),
        ({"a": None}, "null", True),
        ({"a": "null"}, "null", True),
        ({}, "null", True),
        ({"a": "nan"}, "NaN", False),
    ],
)
def test_a_condition_compares_as_people_write_values(outcome: dict[str, Any], value: str, holds: bool) -> None:
    assert Condition("a", value).holds(outcome) is holds


_QUERIES = st.builds(
    Query,
    subject=st.sampled_from([None, None, "C-1", "C-2", "C-5"]),
    service=st.sampled_from([None, None, "retention", "price-quote"]),
    policy=st.sampled_from([None, None, "retention-offer", "contact-house-rules@1", "price-bounds@2"]),
    rule=st.sampled_from([None, None, "house-opt-out", "critical-high-value", "price-bounds@1/step-highest"]),
    verdict=st.sampled_from([None, None, "permit", "deny", "review", "decided"]),
    kind=st.sampled_from([None, Kind.DECISION, Kind.LEDGER]),
    since=st.sampled_from([None, *(NOON + dt.timedelta(milliseconds=ms) for ms in (0, 999, 1_000, 2_500))]),
    until=st.sampled_from([None, *(NOON + dt.timedelta(milliseconds=ms) for ms in (1_000, 3_001, 6_000))]),
)


@settings(max_examples=60, deadline=None)
@given(_QUERIES)
def test_a_search_finds_what_reading_everything_finds(filled: Filled, query: Query) -> None:
    records = list(filled.sample.reader.records())
    expected = [record.entry.id for record in records if _fits(record, query)]
    assert [record.entry.id for record in search(filled.sample.reader, query)] == expected
    if expected:
        one = replace(query, limit=1)
        assert [record.entry.id for record in search(filled.sample.reader, one)] == expected[:1]


def _fits(record: Record, query: Query) -> bool:
    """The conditions of a query, one by one, on an opened record."""
    envelope, time = record.envelope, dt.datetime.fromisoformat(record.envelope["time"])
    labels = {part for p in envelope["policies"] for part in (p["policy"], f"{p['policy']}@{p['version']}")}
    codes = [code for code in envelope["reason_codes"] if query.rule in (code, code.split("/")[1])]
    if query.policy is not None:
        codes = [code for code in codes if query.policy in (code.split("/")[0], code.split("@")[0])]
    return (
        (query.subject is None or (record.private or {}).get("subject") == query.subject)
        and (query.service is None or envelope["service"] == query.service)
        and (query.policy is None or query.policy in labels)
        and (query.rule is None or bool(codes))
        and (query.verdict is None or envelope["outcome_class"] == query.verdict)
        and (query.kind is None or envelope["kind"] == query.kind)
        and (query.since is None or time >= query.since)
        and (query.until is None or time < query.until)
    )
