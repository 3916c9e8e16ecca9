"""What is told of a table before anybody learns from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER, Limits
from ordain.models.monitoring.drift import drift
from ordain.models.monitoring.fairness import fairness
from ordain.models.monitoring.finding import Verdict
from ordain.models.monitoring.page import quality_page
from ordain.models.monitoring.table_checks import robust_scores
from ordain.models.monitoring.table_quality import Quality, examine
from ordain.models.monitoring.terminal import drift_view, fairness_view, quality_view

HOSTILE = "<script>alert(1)</script>[red]\x1b[31m"


def rows(count: int, seed: int = 0) -> list[dict[str, object]]:
    random = np.random.default_rng(seed)
    return [
        {
            "id": f"C-{seed}-{at}",
            "usage": f"{random.normal(50, 10):.1f}",
            "plan": str(random.choice(["large", "small"])),
            "since": "2026-01-31",
            "paid": "yes" if random.random() < 0.5 else "no",
        }
        for at in range(count)
    ]


def measures(quality: Quality, of: str) -> dict[str, Verdict]:
    return {each.measure: each.verdict for each in quality.findings if each.of == of}


def changed(count: int, changes: Mapping[int, Mapping[str, object]]) -> list[dict[str, object]]:
    return [{**row, **changes.get(at, {})} for at, row in enumerate(rows(count))]


def printed(view: object) -> str:
    console = Console(file=StringIO(), width=200, force_terminal=False)
    console.print(view)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_sound_table_has_types_and_no_finding_but_what_is_true_of_it() -> None:
    quality = examine("t.csv", rows(200), key="id")
    kinds = {each.name: each.kind for each in quality.columns}
    assert kinds == {"id": "text", "usage": "number", "plan": "text", "since": "date", "paid": "flag"}
    assert {each.measure for each in quality.findings if each.verdict is not Verdict.NONE} == {"constant"}
    assert measures(quality, "since") == {"constant": Verdict.MODERATE}


def test_missing_cells_are_counted_and_graded() -> None:
    few = examine("t", changed(100, {at: {"usage": ""} for at in range(8)}))
    many = examine("t", changed(100, {at: {"usage": None} for at in range(40)}))
    assert measures(few, "usage")["missing"] is Verdict.MODERATE
    assert measures(many, "usage")["missing"] is Verdict.MAJOR
    listed = examine("t", changed(100, {at: {"usage": "NA"} for at in range(40)}), missing=["NA"])
    assert [each.missing for each in listed.columns if each.name == "usage"] == [40]


def test_a_cell_of_another_type_is_named_with_its_row() -> None:
    quality = examine("t", changed(100, {6: {"usage": "12,5"}}), key="id")
    [finding] = [each for each in quality.findings if each.measure == "wrong_type"]
    assert "row 7: `12,5` is not a number" in finding.sentence
    assert finding.verdict is Verdict.MODERATE
    assert "missing" in finding.advice


def test_a_declared_fact_says_what_is_right() -> None:
    fact = Fact("usage", NUMBER, limits=Limits(Decimal(0), Decimal(100)))
    quality = examine("t", changed(100, {3: {"usage": "-5"}}), facts=[fact])
    [finding] = [each for each in quality.findings if each.measure == "wrong_type"]
    assert "row 4" in finding.sentence
    assert "outside" in finding.sentence


def test_a_value_far_out_is_told_and_the_long_tail_of_amounts_is_not() -> None:
    assert "outliers" in measures(examine("t", changed(100, {6: {"usage": "900"}})), "usage")
    amounts = np.exp(np.random.default_rng(0).normal(4, 1, 500))
    scores, logged = robust_scores(amounts)
    assert logged
    assert (np.abs(scores) > 3.5).mean() < 0.005
    plain, _ = robust_scores(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9]))
    assert plain[0] == pytest.approx(-4 / (2 / 0.6745))  # by hand: median 5, median distance 2
    assert robust_scores(np.full(5, 3.0))[0].tolist() == [0] * 5


def test_rare_answers_and_amounts_of_nothing_are_not_far_out() -> None:
    rare: list[dict[str, object]] = [{"complains": int(at % 12 == 0), "spent": 0} for at in range(240)]
    spent = np.exp(np.random.default_rng(0).normal(6, 1, 240)).round(2).tolist()
    table = [
        {**row, "spent": amount if at % 20 else 0} for at, (row, amount) in enumerate(zip(rare, spent, strict=True))
    ]
    quality = examine("t", table)
    assert "outliers" not in measures(quality, "complains")
    assert "outliers" not in measures(quality, "spent")


def test_yes_no_and_a_third_text_are_texts() -> None:
    table = changed(200, {at: {"paid": "no phone service"} for at in range(0, 200, 12)})
    [paid] = [each for each in examine("t", table).columns if each.name == "paid"]
    assert (paid.kind, paid.wrong, paid.different) == ("text", 0, 3)


def test_rows_and_customers_that_stand_twice_are_told() -> None:
    table = [*rows(100), rows(100)[0], {**rows(100)[1], "usage": "1"}]
    found = {each.measure: each for each in examine("t", table, key="id").findings}
    assert found["duplicates"].sentence == "1 row too many: copies of other rows, cell by cell"
    assert "2 customers" in found["duplicate_keys"].sentence
    assert "`C-0-0`" in found["duplicate_keys"].sentence


def test_ids_texts_in_several_ways_and_words_for_nothing_are_told() -> None:
    changes = {0: {"plan": "Large"}, 1: {"plan": "N/A"}}
    quality = examine("t", changed(100, changes))
    assert set(measures(quality, "plan")) == {"variants", "looks_missing"}
    assert measures(quality, "id") == {"identifier": Verdict.MODERATE}
    assert any("write each in one way" in step for step in quality.steps)


def test_a_later_table_is_compared_with_the_reference_of_an_earlier_one() -> None:
    earlier = examine("t", rows(500), key="id").reference
    assert "C-0-1" not in earlier.to_bytes().decode()
    same = examine("t", rows(500, seed=1), key="id", earlier=earlier)
    assert {each.measure for each in same.findings if each.verdict is not Verdict.NONE} == {"constant"}
    moved = [{**row, "usage": str(Decimal(str(row["usage"])) + 20)} for row in rows(500, seed=1)]
    assert measures(examine("t", moved, earlier=earlier), "usage")["psi"] is Verdict.MAJOR
    texts: list[dict[str, object]] = [{**row, "usage": "much"} for row in rows(500)]
    assert measures(examine("t", texts, earlier=earlier), "usage")["kind"] is Verdict.MAJOR


def test_an_empty_table_and_an_empty_column_are_told() -> None:
    assert examine("t", []).verdict is Verdict.MAJOR
    assert "empty" in measures(examine("t", [{"a": ""}, {"a": ""}]), "a")


def test_values_of_other_libraries_are_read() -> None:
    table = [{"n": np.float64(1.5), "i": np.int64(3), "f": True}, {"n": float("nan"), "i": 4, "f": False}]
    columns = {each.name: each for each in examine("t", table).columns}
    assert (columns["n"].kind, columns["n"].missing, columns["i"].kind, columns["f"].kind) == (
        "number",
        1,
        "number",
        "flag",
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_runs_nothing_of_the_tables_texts() -> None:
    table = [{**row, HOSTILE: HOSTILE, "plan": HOSTILE} for row in rows(60)]
    page = quality_page(examine(HOSTILE, table, key="plan"), synthetic=True)
    tags = _Tags()
    tags.feed(page)
    names = {tag for tag, _ in tags.seen}
    assert "svg" in names
    assert not names & {"script", "img", "link", "iframe"}
    assert not any("href" in each or "src" in each for _, each in tags.seen)
    assert "SYNTHETIC" in page
    assert "&lt;script&gt;" in page


def test_the_terminal_shows_hostile_texts_as_texts() -> None:
    table = [{**row, HOSTILE: HOSTILE} for row in rows(60)]
    text = printed(quality_view(examine(HOSTILE, table)))
    assert "\x1b" not in text
    assert "[red]" in text
    assert "What to do" in text
    groups = printed(fairness_view(fairness(HOSTILE, [HOSTILE] * 40 + ["b"] * 40, [True] * 40 + [False] * 40)))
    assert "\x1b" not in groups
    assert "[red]" in groups


def test_the_terminal_tells_drift_by_verdict_and_measure() -> None:
    earlier = examine("t", rows(500), key="id").reference
    moved = [{"usage": Decimal(90), "plan": "small", "paid": True} for _ in range(300)]
    text = printed(drift_view(drift(earlier, moved)))
    assert "300 rows now, 500 in training: major" in text
    assert "psi" in text


def test_the_report_is_json() -> None:
    told = json.loads(json.dumps(examine("t", rows(50), key="id").told(), allow_nan=False))
    assert told["rows"] == 50
    assert told["steps"] == ["`since`: leave it out: nothing is learned from it"]
