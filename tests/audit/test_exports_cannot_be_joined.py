"""Two exports for analysts cannot be joined: whatever a row shows, and a person's rows together, many people have."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from asked_ledger import START, fill
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import opened

from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.records.export import COLUMNS, Exported, Format, export, flat, records_for
from ordain.audit.records.generalising import made_alike, people
from ordain.audit.records.masking import MASKED, Role
from ordain.audit.records.query import Query
from ordain.audit.records.unlinking import to_unlink

Row = Mapping[str, str]
K = LIMITS.alike


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    with opened(f"sqlite:///{tmp_path_factory.mktemp('joined')}/ledger.db", at=lambda: START) as use:
        fill(use, 320)
        yield use


def exported(use: OpenLedger, path: Path, query: Query, alike: int = K, format: Format = Format.JSONL) -> Exported:
    records = records_for(Role.ANALYST, use.reader, query)
    return export(records, use.reader, path, format, Role.ANALYST, alike=alike)


def seen(path: Path) -> list[Row]:
    """Each row as its columns, without what is made up for one export; of a subject, that it has an id."""
    rows = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        deep = {f"{name}.{part}": value for name in ("facts", "outcome") for part, value in row.get(name, {}).items()}
        told = {name: json.dumps(value) for name, value in (row | deep).items() if name not in _LEFT_OUT}
        rows.append(told | ({"subject": "an id"} if isinstance(row.get("subject"), str) else {}))
    return rows


_LEFT_OUT = ("entry_id", "export", "facts", "outcome")


def persons(path: Path) -> list[frozenset[tuple[frozenset[tuple[str, str]], int]]]:
    """What an attacker has of each id: all its rows, and how often each."""
    subjects = [json.loads(line).get("subject") for line in path.read_text().splitlines()]
    of: dict[str, Counter[frozenset[tuple[str, str]]]] = defaultdict(Counter)
    for subject, row in zip(subjects, seen(path), strict=True):
        if isinstance(subject, str):
            of[subject][frozenset(row.items())] += 1
    return [frozenset(rows.items()) for rows in of.values()]


def smallest_match(one: Sequence[Any], two: Sequence[Any]) -> int:
    """How few stand on a side of a match between the two; an attacker who guesses is right once in so many times."""
    left, right = Counter(one), Counter(two)
    return min((min(count, right[value]) for value, count in left.items() if value in right), default=len(one))


def attacks(one: Sequence[Row], two: Sequence[Row]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The smallest match by every column, every pair of columns that differ among the rows, and all columns."""
    names = sorted({name for row in (*one, *two) for name in row})
    columns = {name: tuple([row.get(name) for row in rows] for rows in (one, two)) for name in names}
    yield from (((name,), smallest_match(*columns[name])) for name in names)
    differing: dict[tuple[Any, ...], str] = {}
    for name, (left, right) in columns.items():
        if len({*left, *right}) > 1:
            differing.setdefault((*left, *right), name)
    for pair in combinations(differing.values(), 2):
        sides = ([*zip(columns[pair[0]][side], columns[pair[1]][side], strict=True)] for side in (0, 1))
        yield pair, smallest_match(*sides)
    yield ("all",), smallest_match(*([frozenset(row.items()) for row in rows] for rows in (one, two)))


OVERLAPPING = {
    "the same entries": (Query(), Query()),
    "all, and the last three months": (Query(), Query(since=START + dt.timedelta(days=80))),
    "one service, and all": (Query(service="retention"), Query()),
}


@pytest.mark.parametrize("both", OVERLAPPING.values(), ids=OVERLAPPING)
def test_no_columns_join_two_exports_better_than_chance(
    ledger: OpenLedger, tmp_path: Path, both: tuple[Query, Query]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for path, query in zip((one, two), both, strict=True):
        exported(ledger, path, query)
    assert [(names, size) for names, size in attacks(seen(one), seen(two)) if size < K] == []
    for path in (one, two):
        for rows in (persons(path), [frozenset(row.items()) for row in seen(path)]):
            assert [count for count in Counter(rows).values() if count < K] == [], "within one export neither"


def test_the_same_attack_tells_people_where_rows_are_left_as_they_are(ledger: OpenLedger, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    exported(ledger, one, Query(), alike=1)
    exported(ledger, two, Query(), alike=1)
    alone = [names for names, size in attacks(seen(one), seen(two)) if size == 1]
    assert ("all",) in alone
    assert len(alone) > 20
    assert smallest_match(persons(one), persons(two)) == 1


def test_every_entry_is_a_row_and_most_of_a_large_export_stays_in_clear(ledger: OpenLedger, tmp_path: Path) -> None:
    done = exported(ledger, tmp_path / "all", Query())
    rows = [json.loads(line) for line in (tmp_path / "all").read_text().splitlines()]
    masked = [row for row in rows if row.get("masked")]
    assert len(rows) == done.entries == sum(1 for _ in ledger.reader.records())
    assert [row["export"] for row in rows] == [done.made_for] * len(rows)
    assert {name: done.made_for[name] for name in ("role", "pseudonymous", "alike", "entries", "masked")} == {
        **{"role": "analyst", "pseudonymous": True, "alike": K, "entries": len(rows)},
        "masked": len(masked),
    }
    assert all(row.keys() == {"entry_id", "export", "masked"} for row in masked)
    assert len(masked) < len(rows) / 5
    told = [row for row in rows if row.get("kind") == "decision" and row["outcome_class"] != MASKED]
    assert len(told) > len(rows) / 4


def test_an_export_of_few_people_is_masked_and_counted(ledger: OpenLedger, tmp_path: Path) -> None:
    done = exported(ledger, tmp_path / "few", Query(limit=K - 1))
    rows = [json.loads(line) for line in (tmp_path / "few").read_text().splitlines()]
    assert [row.keys() for row in rows] == [{"entry_id", "export", "masked"}] * (K - 1)
    assert (done.made_for["masked"], done.made_for["coarser"]) == (K - 1, 0)


@pytest.mark.parametrize("format", list(Format))
def test_every_format_takes_what_is_masked(ledger: OpenLedger, tmp_path: Path, format: Format) -> None:
    done = exported(ledger, tmp_path / "some", Query(limit=60), format=format)
    assert done.made_for["masked"] + done.made_for["coarser"] > 0
    assert [file.name for file in tmp_path.iterdir()] == ["some"]


def test_masked_cells_say_so_and_typed_ones_are_empty() -> None:
    row = dict.fromkeys(("policies", "models", "reason_codes", "status", "facts", "trace", "at"), MASKED)
    cells = flat({**row, "export": {"role": "analyst"}}, Role.ANALYST)
    assert tuple(cells) == COLUMNS
    told = '{"masked":true}'
    assert {name: cells[name] for name in (*row, "model_scores", "export")} == {
        **dict.fromkeys(row, told),
        **{"at": None, "model_scores": told, "export": '{"role":"analyst"}'},
    }


_CELLS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("decision", "read")),
        "subject": st.sampled_from("abcdefgh"),
        "facts": st.dictionaries(st.sampled_from("xyz"), st.integers(0, 29), max_size=3),
        "verdict": st.sampled_from(("permit", "deny", "review")),
        "trace": st.lists(st.fixed_dictionaries({"policy": st.just("p"), "gives": st.integers(0, 3)}), max_size=2),
    }
)


def _coarser(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "facts": {name: value // 10 * 10 for name, value in row["facts"].items()}}


def _given(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "entry_id": f"E-{number}"} for number, row in enumerate(cells)]


@settings(max_examples=40)
@given(st.lists(_CELLS, max_size=60), st.integers(1, 5))
def test_what_a_row_shows_k_people_share(cells: list[dict[str, Any]], k: int) -> None:
    rows = _given(cells)
    alike = made_alike([(row, _coarser(row)) for row in rows], k)
    assert sorted(row.entry_id for row in alike) == sorted(row["entry_id"] for row in rows)
    true = {row["entry_id"]: row["subject"] for row in rows}
    shown: dict[str, set[str]] = defaultdict(set)
    for row in alike:
        shown[json.dumps(row.row, sort_keys=True)].add(true[row.entry_id])
    hidden = {json.dumps(MASKED)}
    if len(set(true.values())) >= k:
        assert [people for people in shown.values() if len(people) < k] == []
    else:
        assert shown.keys() <= hidden


@settings(max_examples=40)
@given(st.lists(_CELLS, max_size=40), st.integers(1, 5))
def test_what_is_left_is_true_or_coarser_or_masked(cells: list[dict[str, Any]], k: int) -> None:
    rows = {row["entry_id"]: row for row in _given(cells)}
    for row in made_alike([(row, _coarser(row)) for row in rows.values()], k):
        given_row = rows[row.entry_id]
        if row.masked:
            assert (row.row, row.shown_subject) == (MASKED, None)
            continue
        assert row.row["kind"] == given_row["kind"]
        assert row.row["verdict"] in (given_row["verdict"], MASKED)
        exact = [given_row["facts"].get(name) for name in row.row["facts"]]
        for value, fact in zip(row.row["facts"].values(), exact, strict=True):
            assert value == {"value": MASKED} or value in (fact, (fact or 0) // 10 * 10)
        if k == 1:
            assert (row.row, row.coarser) == (
                {name: part for name, part in given_row.items() if name not in ("entry_id", "subject")},
                False,
            )


def _alike_rows(rows: Sequence[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    """Of each look rows of k people."""
    having: dict[int, set[int]] = defaultdict(set)
    for look, person in rows:
        having[look].add(person)
    return [row for row in rows if len(having[row[0]]) >= k]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 14)), max_size=80), st.integers(1, 4))
def test_who_keeps_an_id_has_rows_as_k_people_have_and_so_have_those_who_lose_it(
    drawn: list[tuple[int, int]], k: int
) -> None:
    rows = _alike_rows(drawn, k)
    gone = to_unlink(rows, k)
    kept, lost = defaultdict(Counter[int]), defaultdict(set)
    for look, person in rows:
        if person in gone:
            lost[look].add(person)
        else:
            kept[person][look] += 1
    profiles = Counter(frozenset(looks.items()) for looks in kept.values())
    assert [count for count in (*profiles.values(), *map(len, lost.values())) if count < k] == []


def test_a_customers_own_rows_hide_nobody() -> None:
    rows = [({"kind": "read", "entry_id": f"E-{number}", "subject": "a"},) * 2 for number in range(9)]
    alike = made_alike(rows, 2)
    assert (people(alike), len(alike), {row.masked for row in alike}) == (1, 9, {True})
