"""Searches by what denied, scored and was decided for; conditions in FEEL; unknown names; who read of whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_sample import CALL, E_MAIL, KOLKATA, LOOKED_AT, NO_CALL, NOON, NOTHING, PRICE, Sample, sample, scored

import ordain.audit.records.readings as readings
from ordain.audit.entry.entry import Kind
from ordain.audit.limits import LIMITS
from ordain.audit.records.asked import query_of
from ordain.audit.records.follow_ups import settle
from ordain.audit.records.known_names import Names, check_names
from ordain.audit.records.pages import page_of
from ordain.audit.records.query import Condition, Query, read_query
from ordain.audit.records.read_of import readings_of
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import Looked, search
from ordain.engine.errors import MalformedRequest
from ordain.engine.policy.model import Verdict

SECOND = dt.timedelta(seconds=1)
ANNA = Access("anna", "inquiry")
PHONE = "contact-house-rules@1/house-phone-consent"


@dataclass
class Filled:
    sample: Sample
    ids: dict[str, UUID]

    def names(self, query: Query) -> list[str]:
        by_id = {known: name for name, known in self.ids.items()}
        return [by_id[record.entry.id] for record in search(self.sample.reader, query)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with sample(f"sqlite:///{tmp_path_factory.mktemp('asked')}/ledger.db") as made:
        ids = {
            "call": made.decide("C-1"),
            "no call": made.decide("C-2", NO_CALL),
            "looked at": made.decide("C-3", LOOKED_AT),
            "e-mail": made.decide("C-4", E_MAIL),
            "scored": made.decide("C-5", NOTHING, score=scored(0)),
            "price": made.decide("C-1", PRICE, "price-quote"),
        }
        made.use.settle()
        yield Filled(made, ids)


@pytest.fixture
def own(url: str) -> Iterator[Sample]:
    with sample(url) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(denied_by="house-phone-consent"), ["no call"]),
        (Query(denied_by=PHONE), ["no call"]),
        (Query(rule="house-phone-consent", kind=Kind.DECISION), ["call", "no call", "looked at"]),
        (Query(denied_by="critical-high-value"), []),
        (Query(denied_by="house-phone-consent", policy="retention-offer"), []),
        (Query(model="churn"), ["scored"]),
        (Query(model="churn@3"), ["scored"]),
        (Query(model="churn@4"), []),
        (Query(status="refused"), ["no call"]),
        (Query(status="in_review"), ["looked at"]),
        (Query(status="decided", service="retention"), ["call", "e-mail", "scored"]),
        (Query(review="open"), ["looked at"]),
        (Query(review="settled"), []),
        (Query(jurisdiction="IN", service="price-quote"), ["price"]),
        (Query(jurisdiction="EU"), []),
        (Query(at_since=NOON + 3 * SECOND, at_until=NOON + 5 * SECOND), ["looked at", "e-mail"]),
        (Query(where=("outcome.price.amount > 549.99",)), ["price"]),
        (Query(where=("outcome.price.amount > 550",)), []),
        (Query(where=('outcome.offer.action = "e-mail"',)), ["e-mail"]),
        (Query(where=("outcome.offer.discount_percent >= 30", 'verdict != "deny"')), ["call", "looked at"]),
        (Query(where=("facts.vulnerable_customer",)), ["looked at"]),
        (Query(where=("outcome.promise.id = null",)), ["price"]),
        (Query(where=('status = "in_review"',)), ["looked at"]),
        (Query(where=("at < recorded_at",)), []),
        (Query(newest=True, service="retention", limit=2), ["scored", "e-mail"]),
        (Query(newest=True, subject="C-1"), ["price", "call"]),
        (Query(newest=True, where=("outcome.offer.discount_percent > 0",), limit=1), ["e-mail"]),
    ],
)
def test_a_question_finds_what_it_asks_for(filled: Filled, query: Query, expected: list[str]) -> None:
    assert filled.names(replace(query, kind=Kind.DECISION)) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outcome.price > 500", "outcome.price` is a context"),
        ("outcome.prise.amount > 1", "did you mean `promise`"),
        ("outcome.price.amount", "not true or false"),
        ("outcome.price.amount > ", "ends too early"),
        ("outcome.price.amount / 0 > 1", "it divides by zero"),
        ("count(for each in 1..2000000 return each) > 1", "at most 1,000,000 rounds"),
        ('outcome.offer.action = "e-male"', "e-mail"),
        ('status = "in review"', "in_review"),
        ('verdict = "denied"', "deny"),
        ("at < now()", "`now()` has no meaning here"),
        ("facts.churn_risk > 0 and date(at) < today()", "`today()` has no meaning here"),
        ("nothing > 1", "unknown fact `nothing`"),
    ],
)
def test_a_condition_that_can_fit_no_decision_is_refused(filled: Filled, text: str, said: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        list(search(filled.sample.reader, Query(kind=Kind.DECISION, where=(text,))))
    assert said in " ".join(str(issue) for issue in refused.value.issues)


def test_a_condition_that_fits_others_finds_nothing_where_none_is_looked_at(filled: Filled) -> None:
    """A page of offers alone says nothing about whether there are prices."""
    query = Query(kind=Kind.DECISION, where=("outcome.price.amount > 1",))
    assert filled.names(replace(query, places=(0, 3))) == []
    with pytest.raises(MalformedRequest, match="price"):
        filled.names(replace(query, service="retention"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(service="retentoin"), "no service `retentoin` is known"),
        (Query(policy="price-bound"), "no policy `price-bound` is known"),
        (Query(policy="price-bounds@9"), "no policy `price-bounds@9` is known"),
        (Query(rule="house-phone-concent"), "no rule `house-phone-concent` is known"),
        (Query(denied_by="contact-house-rules@2/house-opt-out"), "no rule `contact-house-rules@2/house-opt-out`"),
        (Query(model="churm"), "no model `churm` is known"),
        (Query(model="churn@9"), "no model `churn@9` is known"),
        (Query(decision="offers"), "no decision `offers` is known"),
        (Query(jurisdiction="EUU"), "no jurisdiction `EUU` is known"),
        (Query(outcome=(Condition("ofer.action", "none"),)), "no decision gives an outcome `ofer.action`"),
    ],
)
def test_an_unknown_name_is_an_error_and_not_nothing(filled: Filled, query: Query, said: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        check_names(filled.sample.reader, query, Names())
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(service="price-quote", policy="price-bounds@1", rule="step-highest"),
        Query(rule="us-can-spam-email", denied_by="house-opt-out", decision="offer"),
        Query(model="churn@3", jurisdiction="IN"),
        Query(outcome=(Condition("offer.action", "none"), Condition("price.currency", "INR"))),
    ],
)
def test_a_known_name_is_none_even_if_it_never_came_up(filled: Filled, query: Query) -> None:
    check_names(filled.sample.reader, query, Names())


def test_what_may_be_decided_now_is_known_before_it_was_decided(own: Sample) -> None:
    check_names(own.reader, Query(service="retention", rule="new"), Names(services={"retention"}, rules={"new"}))
    with pytest.raises(MalformedRequest, match="no service `retention`"):
        check_names(own.reader, Query(service="retention", services=frozenset({"x"})), Names(services={"retention"}))


@pytest.mark.parametrize("pair", [("since", "until"), ("at_since", "at_until")])
def test_times_of_which_the_later_comes_first_are_refused(pair: tuple[str, str]) -> None:
    given = {pair[0]: "2026-03-02", pair[1]: "2026-03-01"}
    with pytest.raises(MalformedRequest, match="is not before"):
        query_of(given, KOLKATA)  # type: ignore[arg-type]
    assert query_of(given | {pair[1]: "2026-03-02"}, KOLKATA)  # type: ignore[arg-type]


def test_pages_from_the_newest_back_are_a_search_from_the_newest(filled: Filled) -> None:
    more = Query(newest=True, status="decided", where=('verdict != "deny"',))
    for query in (Query(kind=Kind.DECISION, newest=True), more):
        found, after = [], None
        while True:
            page = page_of(filled.sample.reader, replace(query, limit=2), after)
            found += [record.entry.id for record in page.records]
            if (after := page.after) is None:
                break
        assert found == [record.entry.id for record in search(filled.sample.reader, query)]


_CONDITIONS = st.builds(Condition, st.just("offer.action"), st.text("abc=", min_size=1))
_TEXTS = st.sampled_from(["outcome.price.amount > 1", 'verdict = "deny"'])


@settings(max_examples=60)
@given(
    st.builds(
        Query,
        service=st.none() | st.text(min_size=1),
        rule=st.none() | st.text(min_size=1),
        denied_by=st.none() | st.text(min_size=1),
        review=st.sampled_from([None, "open", "settled"]),
        since=st.none() | st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),
        at_until=st.none() | st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),
        outcome=st.lists(_CONDITIONS, max_size=2).map(tuple),
        where=st.lists(_TEXTS, max_size=2).map(tuple),
        services=st.none() | st.frozensets(st.text(min_size=1), min_size=1, max_size=2),
        places=st.none() | st.tuples(st.integers(0, 9), st.integers(10, 99)),
    )
)
def test_what_a_reading_says_that_was_asked_is_read_back_as_the_same_question(query: Query) -> None:
    assert read_query(query.as_json()) == query


def test_an_export_is_a_reading_of_everybody_whom_it_held_and_of_nobody_else(
    own: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the ids were too many to be named, and of later decisions of the same kind nothing was read."""
    monkeypatch.setattr(readings, "LIMITS", replace(LIMITS, ids_named=2))
    for number in range(6):
        own.decide(f"C-{number}", E_MAIL if number % 2 else CALL)
    own.decide("P-1", PRICE, "price-quote")
    own.use.settle()

    def read(query: Query) -> None:
        records = list(search(own.reader, query))
        places = [record.entry.leaf_index or 0 for record in records]
        own.clock.tick()
        ids = [str(record.entry.id) for record in records]
        note_search(own.use, "export", ANNA, query, ids, len(ids), (places[0], places[-1] + 1))

    read(Query(kind=Kind.DECISION, service="retention"))
    read(Query(kind=Kind.DECISION, where=('outcome.offer.action = "e-mail"',)))
    read(Query(kind=Kind.DECISION, service="retention", limit=3))
    own.decide("C-9", E_MAIL)
    own.use.settle()
    readings_made = [record.entry.id for record in search(own.reader, Query(kind=Kind.READ))]
    expected = {"C-0": [0, 2], "C-1": [0, 1, 2], "C-2": [0, 2], "C-3": [0, 1], "C-4": [0], "C-5": [0, 1]}
    expected |= {"P-1": [], "C-9": []}
    for subject, which in expected.items():
        wanted = [readings_made[number] for number in which]
        assert readings_of(own.reader, subject) == wanted, subject
        found = [record.entry.id for record in search(own.reader, Query(kind=Kind.READ, subject=subject))]
        assert found == wanted
    assert readings_of(own.reader, "nobody") == []
    own.erase("C-1")
    assert readings_of(own.reader, "C-1") == [], "after an erasure nobody finds out any more"


def test_a_reading_of_one_person_is_found_by_that_person_alone(own: Sample) -> None:
    own.decide("C-1"), own.decide("C-2")
    ids = [str(record.entry.id) for record in search(own.reader, Query(subject="C-1"))]
    note_search(own.use, "search", ANNA, Query(subject="C-1"), ids)
    assert len(readings_of(own.reader, "C-1")) == 1
    assert readings_of(own.reader, "C-2") == []


def test_without_a_purpose_nothing_is_read_where_one_is_required(own: Sample) -> None:
    own.decide("C-1")
    for purpose in (None, " "):
        with pytest.raises(MalformedRequest, match="for a purpose"):
            note_search(own.use, "search", Access("anna", purpose, required=True), Query(subject="C-1"), ["x"])
    note_search(own.use, "search", Access("anna", "inquiry", required=True), Query(subject="C-1"), ["x"])


def test_a_settled_review_is_settled_and_its_erasure_takes_both(own: Sample) -> None:
    decided = own.decide("C-3", LOOKED_AT)
    own.use.settle()
    settle(own.use, own.record(decided), Verdict.PERMIT, "called", {"actor": "anna"})
    own.use.settle()
    assert list(search(own.reader, Query(review="open"))) == []
    assert [record.entry.id for record in search(own.reader, Query(review="settled"))] == [decided]
    own.erase("C-3")
    looked = Looked()
    assert list(search(own.reader, Query(review="open"), looked=looked)) == []
    assert looked.unreadable == 1
