"""A reconciliation finds what was done otherwise than decided, both ways, and reads its table whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_sample import E_MAIL, KOLKATA, LOOKED_AT, NO_CALL, NOON, NOTHING, PRICE, Sample, sample

from ordain.audit.records.actions import Action, Columns, read_actions
from ordain.audit.records.query import Condition
from ordain.audit.records.reconcile import Reconciliation, Rules, Wrong, reconcile
from ordain.engine.errors import DataQualityIssue, MalformedRequest

LATER = NOON + dt.timedelta(hours=1)
NO_OFFER = Rules(unless=(Condition("offer.action", "none"),))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


@pytest.fixture
def on_both(url: str) -> Iterator[Sample]:
    with sample(url) as opened:
        yield opened


def action(row: int, decision_id: UUID | None = None, subject: str | None = None, **more: object) -> Action:
    fields = {"service": None, "time": LATER, "outcome": {}, **more}
    return Action(row, decision_id, subject, **fields)  # type: ignore[arg-type]


def wrongs(done: Reconciliation) -> list[tuple[Wrong, int | None]]:
    return [(finding.wrong, finding.row) for finding in done.findings]


def test_what_was_done_as_decided_agrees(on_both: Sample) -> None:
    call, mail = on_both.decide("C-1"), on_both.decide("C-2", E_MAIL)
    on_both.use.settle()
    done = reconcile(
        [
            action(1, call, "C-1", service="retention", outcome={"offer.action": "personal call"}),
            action(2, mail, outcome={"offer.action": "e-mail", "offer.discount_percent": "10.00"}),
        ],
        on_both.reader,
    )
    assert done
    assert (done.actions, done.matched, done.unreadable) == (2, 2, 0)
    assert done.ids == [str(call), str(mail)]


def test_done_without_a_decision(made: Sample) -> None:
    made.decide("C-1")
    unknown = action(1, uuid4())
    nobody = action(2, None, "C-9")
    too_old = action(3, None, "C-1", time=NOON + dt.timedelta(days=3))
    before = action(4, None, "C-1", time=NOON - dt.timedelta(hours=1))
    other_service = action(5, None, "C-1", service="price-quote")
    done = reconcile([unknown, nobody, too_old, before, other_service], made.reader)
    assert [pair for pair in wrongs(done) if pair[1]] == [(Wrong.NO_DECISION, row) for row in range(1, 6)]


def test_an_entry_that_is_no_decision_is_none(made: Sample) -> None:
    [first] = made.reader.entries()
    assert wrongs(reconcile([action(1, first.id)], made.reader)) == [(Wrong.NO_DECISION, 1)]


def test_done_otherwise_than_decided(made: Sample) -> None:
    call = made.decide("C-1")
    done = reconcile(
        [action(1, call, "C-2", service="plan-advice", outcome={"offer.action": "e-mail", "offer.gift": "pen"})],
        made.reader,
        Rules(services=("retention",)),
    )
    assert wrongs(done) == [(Wrong.DIFFERS, 1)] * 4
    messages = " ".join(finding.message for finding in done.findings)
    assert "`offer.action`: done `e-mail`, decided `personal call`" in messages
    assert "`offer.gift`: done `pen`, decided no such value" in messages
    assert "somebody else" in messages
    assert "`retention`, not of `plan-advice`" in messages


def test_done_although_denied_or_for_a_person_to_look_at(made: Sample) -> None:
    denied, looked_at = made.decide("C-1", NO_CALL), made.decide("C-2", LOOKED_AT)
    done = reconcile([action(1, denied), action(2, looked_at)], made.reader)
    assert wrongs(done) == [(Wrong.DENIED, 1), (Wrong.REVIEW, 2)]


def test_done_before_it_was_decided(made: Sample) -> None:
    call = made.decide("C-1")
    hour = dt.timedelta(hours=1)
    assert wrongs(reconcile([action(1, call, time=NOON - hour)], made.reader)) == [(Wrong.TOO_EARLY, 1)]
    assert reconcile([action(1, call, time=NOON)], made.reader), "clocks differ by a second or two"


def test_one_decision_is_good_for_one_action(made: Sample) -> None:
    call = made.decide("C-1")
    done = reconcile([action(1, call), action(2, call), action(3, None, "C-1")], made.reader)
    assert wrongs(done) == [(Wrong.TWICE, 2), (Wrong.TWICE, 3)]
    assert "row 1 has used" in done.findings[0].message


def test_an_action_without_id_takes_the_last_unused_decision_of_its_time(made: Sample) -> None:
    first, second = made.decide("C-1"), made.decide("C-1", E_MAIL)
    done = reconcile(
        [
            action(1, None, "C-1", outcome={"offer.action": "personal call"}, time=LATER + dt.timedelta(minutes=1)),
            action(2, None, "C-1", outcome={"offer.action": "e-mail"}),
        ],
        made.reader,
    )
    assert done
    assert done.ids == [str(second), str(first)]


def test_a_row_that_names_its_decision_comes_before_one_that_does_not(made: Sample) -> None:
    first, second = made.decide("C-1"), made.decide("C-1", E_MAIL)
    done = reconcile([action(1, None, "C-1", time=LATER - dt.timedelta(minutes=9)), action(2, second)], made.reader)
    assert done
    assert done.ids == [str(second), str(first)]


def test_decided_and_not_done_within_the_time_of_the_table(made: Sample) -> None:
    before = made.decide("C-0")
    start = made.clock.tick()
    done_one = made.decide("C-1")
    missed = made.decide("C-2")
    made.decide("C-3", NO_CALL), made.decide("C-4", LOOKED_AT), made.decide("C-5", PRICE, "price-quote")
    nothing = made.decide("C-6", NOTHING)
    end = made.clock.tick()
    made.decide("C-7")
    actions = [action(1, before, time=start), action(2, done_one, time=end)]
    done = reconcile(actions, made.reader, NO_OFFER)
    assert [(finding.wrong, finding.decision_id, finding.subject) for finding in done.findings] == [
        (Wrong.NOT_DONE, str(missed), "C-2")
    ]
    all_named = reconcile(actions, made.reader)
    assert {finding.decision_id for finding in all_named.findings} == {str(missed), str(nothing)}
    prices = reconcile(actions, made.reader, Rules(services=("price-quote",)))
    assert [finding.subject for finding in prices.findings] == ["C-5"]


def test_what_cannot_be_read_is_not_held_against_anybody_and_counted(made: Sample) -> None:
    call, denied = made.decide("C-1"), made.decide("C-2", NO_CALL)
    made.erase("C-1"), made.erase("C-2")
    done = reconcile(
        [action(1, call, "C-1", outcome={"offer.action": "anything"}), action(2, denied, "C-2")], made.reader
    )
    assert wrongs(done) == []
    assert done.unreadable == 2


def test_ids_alone_are_enough_and_the_decisions_give_the_time(made: Sample) -> None:
    first, missed, last = made.decide("C-1"), made.decide("C-2"), made.decide("C-3")
    done = reconcile([action(1, first, time=None), action(2, last, time=None)], made.reader)
    assert [finding.decision_id for finding in done.findings] == [str(missed)]


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sample, list[UUID]]]:
    with sample(f"sqlite:///{tmp_path_factory.mktemp('ten')}/ledger.db") as opened:
        yield opened, [opened.decide(f"C-{number}") for number in range(10)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=15))
def test_every_row_and_every_decision_is_accounted_for(ten: tuple[Sample, list[UUID]], picks: list[int]) -> None:
    """Of ten permitted decisions some are done, some twice, some not; ids from 10 on do not exist."""
    opened, ids = ten
    known = [*ids, *(uuid4() for _ in range(3))]
    actions = [action(row, known[pick], time=NOON + dt.timedelta(seconds=30)) for row, pick in enumerate(picks, 1)]
    actions.append(action(99, ids[0], time=NOON))
    done = reconcile(actions, opened.reader)
    counts = done.counts()
    used = {pick for pick in picks if pick < 10} | {0}
    assert counts["no decision"] == sum(pick >= 10 for pick in picks)
    assert counts["twice"] == len(actions) - counts["no decision"] - len(used)
    assert counts["not done"] == 10 - len(used)
    assert done.matched == len(actions) - counts["no decision"]


ROWS = [
    {"decision_id": "0192f000-0001-7000-8000-00000000abcd", "time": "2026-11-21T13:00:00", "outcome.price": "550"},
    {"subject": "C-1", "service": "retention", "time": "2026-11-21T08:00:00+01:00"},
]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    elif path.suffix == ".parquet":
        names = sorted({name for row in rows for name in row})
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    else:
        names = sorted({name for row in rows for name in row})
        lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_the_same_table_is_read_from_each_format(tmp_path: Path, suffix: str) -> None:
    actions = read_actions(write(tmp_path / f"t.{suffix}", ROWS), Columns(), KOLKATA)
    utc = dt.UTC
    assert actions == [
        Action(
            1, UUID(ROWS[0]["decision_id"]), None, None, dt.datetime(2026, 11, 21, 7, 30, tzinfo=utc), {"price": "550"}
        ),
        Action(2, None, "C-1", "retention", dt.datetime(2026, 11, 21, 7, tzinfo=utc), {}),
    ]


def test_values_of_other_programs_are_read_as_they_are_meant(tmp_path: Path) -> None:
    table = pa.table(
        {
            "subject": ["C-1"],
            "time": pa.array([dt.datetime(2026, 11, 21, 7, tzinfo=dt.UTC)]),
            "outcome.price": pa.array([550.5]),
            "outcome": pa.array([{"offer": {"discount_percent": 30, "sent": True}}]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    [read] = read_actions(tmp_path / "t.parquet", Columns())
    assert read.outcome == {"price": "550.5", "offer.discount_percent": "30", "offer.sent": "true"}
    assert read.time == dt.datetime(2026, 11, 21, 7, tzinfo=dt.UTC)
    (tmp_path / "t.jsonl").write_text('{"subject": "C-1", "time": "2026-11-21", "outcome": {"price": 550.50}}')
    assert read_actions(tmp_path / "t.jsonl", Columns())[0].outcome == {"price": "550.50"}


def test_columns_have_the_names_they_are_given(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [{"customer": "C-1", "when": "2026-11-21", "what": "retention"}])
    [read] = read_actions(path, Columns(subject="customer", time="when", service="what"))
    assert (read.subject, read.service) == ("C-1", "retention")


def test_every_bad_row_is_named_with_column_and_value(tmp_path: Path) -> None:
    rows = [
        {"decision_id": "zz", "subject": "C-1", "time": "2026-11-21"},
        {"decision_id": "", "subject": "C-1", "time": "tomorrow"},
        {"decision_id": "", "subject": "C-1", "time": ""},
        {"decision_id": "", "subject": "", "time": "2026-11-21"},
    ]
    with pytest.raises(DataQualityIssue) as refused:
        read_actions(write(tmp_path / "t.csv", rows), Columns())
    assert [issue.message for issue in refused.value.issues] == [
        "row 1, column `decision_id`: `zz` is not a decision id",
        "row 2, column `time`: `tomorrow` is not a time such as 2026-11-21T08:00:00+05:30",
        "row 3, column `time`: it is empty, and there is no `decision_id` either",
        "row 4, column `subject`: it is empty, and there is no `decision_id` either",
    ]


def test_of_many_bad_rows_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [{"decision_id": f"z{number}"} for number in range(50)])
    with pytest.raises(DataQualityIssue) as refused:
        read_actions(path, Columns())
    assert len(refused.value.issues) == 21
    assert refused.value.issues[-1].message == "and 30 more"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.txt", "a", "is not a table that can be read"),
        ("t.csv", "", "has no row"),
        ("t.csv", "a,b\n1,2\n", "no column `decision_id`|no column `subject`"),
        ("t.csv", "subject,Time\nC-1,2026-11-21\n", "no column `time`"),
        ("t.csv", "decision_id,a\n1\n", "row 1 .* has fewer cells"),
        ("t.csv", "decision_id,a\n1,2,3\n", "row 1 .* has more cells"),
        ("t.csv", "a,a\n1,2\n", "the column `a` twice"),
        ("t.csv", 'decision_id\n"x\n', "row 1 .* never closed"),
        ("t.csv", "decision_id;a\n1;2\n", "between semicolons"),
        ("t.jsonl", '{"decision_id": "\\ud800"}\n', "row 1 .* invalid Unicode character"),
        ("t.jsonl", "[1]\n", "row 1 .* is not a JSON object"),
        ("t.jsonl", '{"decision_id": 1\n', "row 1 .* is not JSON"),
        ("t.parquet", "no parquet", "is not a parquet table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MalformedRequest, match=said):
        read_actions(tmp_path / name, Columns())


def test_a_column_that_stands_twice_is_refused_in_parquet_as_well(tmp_path: Path) -> None:
    pq.write_table(pa.table([["1"], ["2"]], names=["decision_id", "decision_id"]), tmp_path / "t.parquet")
    with pytest.raises(MalformedRequest, match="the column `decision_id` twice"):
        read_actions(tmp_path / "t.parquet", Columns())


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"decision_id\n\xff\xfe\n")
    with pytest.raises(MalformedRequest, match=r"row 1 .* is not UTF-8"):
        read_actions(tmp_path / "t.csv", Columns())
    with pytest.raises(MalformedRequest, match="cannot be read"):
        read_actions(tmp_path / "nowhere.csv", Columns())
