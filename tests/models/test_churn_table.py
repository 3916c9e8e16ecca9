"""A churn table read as its mapping says."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ordain.engine.errors import DataQualityIssue, SettingsError
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import DATE_TIME, NUMBER, Limits
from ordain.models.data.mapping import Mapping, read_mapping
from ordain.models.data.table import LABELLED, read_table, table_from

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "models" / "table_errors.yaml").read_text()
)
MAPPING = """
name: shop
subject: id
label: {column: left, churned: "1", stayed: "0"}
features:
  calls_made: {column: calls, type: number, range: "[0..]"}
  plan: {column: plan, type: text, values: [gold, silver], optional: true}
  active: {column: active, type: flag, true is: "yes", false is: "no"}
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    return _mapping(tmp_path, MAPPING)


def _mapping(tmp_path: Path, text: str) -> Mapping:
    file = tmp_path / "shop.yaml"
    file.write_text(text)
    return read_mapping(file)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_wrong_table_is_refused_with_message_hint_and_line(case: dict[str, Any], mapping: Mapping) -> None:
    with pytest.raises(DataQualityIssue) as caught:
        table_from(case["table"].encode(), mapping, "shop.csv")
    findings = [
        {"message": issue.message, "hint": issue.hint, "line": issue.span.line}
        for issue in caught.value.issues
        if issue.span and issue.span.file == "shop.csv"
    ]
    assert case["findings"]
    assert findings == case["findings"]


def test_cells_become_facts_and_a_blank_optional_one_is_missing(mapping: Mapping) -> None:
    table = table_from(b"id,calls,plan,active,left\r\na, 1.50 ,gold,yes,1\r\nb,0,,no,0\r\n", mapping, "shop.csv")
    assert table.rows == (
        {"calls_made": Decimal("1.50"), "plan": "gold", "active": True},
        {"calls_made": Decimal(0), "plan": None, "active": False},
    )
    assert table.subjects == ("a", "b")
    assert table.labels.tolist() == [1, 0]


def test_without_a_subject_column_rows_are_numbered(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING.replace("subject: id\n", ""))
    table = table_from(b"calls,plan,active,left\n1,gold,yes,1\n2,gold,yes,0\n", mapping, "shop.csv")
    assert table.subjects == ("row-1", "row-2")


def test_a_text_without_declared_values_takes_those_of_the_table(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING.replace("values: [gold, silver], ", ""))
    table = table_from(b"id,calls,plan,active,left\na,1,tin,yes,1\nb,2,,no,0\nc,3,gold,no,0\n", mapping, "shop.csv")
    assert table.facts[1].type.values == ("gold", "tin")


def test_a_text_with_too_many_values_is_refused(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING.replace("values: [gold, silver], ", ""))
    rows = "".join(f"c{n},1,plan {n},yes,1\n" for n in range(60))
    with pytest.raises(DataQualityIssue, match="`plan` has 60 different texts, 50 at most can be learned from"):
        table_from(f"id,calls,plan,active,left\n{rows}".encode(), mapping, "shop.csv")


def test_a_marker_of_a_missing_value_counts_as_blank(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING + 'missing: [NA, "?"]\n')
    table = table_from(b"id,calls,plan,active,left\na,1,NA,yes,1\nb,1,?,yes,0\n", mapping, "shop.csv")
    assert [row["plan"] for row in table.rows] == [None, None]
    with pytest.raises(DataQualityIssue, match=r"column `calls`: the cell is `\?`, a missing value"):
        table_from(b"id,calls,plan,active,left\na,?,gold,yes,1\n", mapping, "shop.csv")


def test_a_label_may_have_several_values_and_rows_that_are_left_out(tmp_path: Path) -> None:
    label = "label: {column: left, churned: [gone, lost], stayed: here, left out: new}"
    mapping = _mapping(tmp_path, MAPPING.replace('label: {column: left, churned: "1", stayed: "0"}', label))
    rows = b"a,1,gold,yes,gone\nb,1,gold,yes,new\nc,1,gold,yes,lost\nd,1,gold,yes,here\n"
    table = table_from(b"id,calls,plan,active,left\n" + rows, mapping, "shop.csv")
    assert table.subjects == ("a", "c", "d")
    assert table.labels.tolist() == [1, 1, 0]


EVENTS = """
name: tills
separator: spaces
header: [id, day, hour, money]
subject: id
columns:
  at: {column: [day, hour], format: "%Y%m%d %H"}
  amount: {column: money}
"""
ROLES = (Fact("at", DATE_TIME), Fact("amount", NUMBER, limits=Limits(Decimal(0))))


def test_a_table_of_events_has_many_rows_of_a_subject_and_no_label(tmp_path: Path) -> None:
    table = table_from(b" 7  20260131 09  1.50\n 7  20260201 23 0\n", _mapping(tmp_path, EVENTS), "tills.txt", ROLES)
    assert table.subjects == ("7", "7")
    assert table.roles["amount"] == (Decimal("1.50"), Decimal(0))
    assert [at.isoformat() for at in table.roles["at"]] == ["2026-01-31T09:00:00+00:00", "2026-02-01T23:00:00+00:00"]


def test_a_time_without_a_format_is_iso_8601_and_utc_where_it_names_no_zone(tmp_path: Path) -> None:
    text = EVENTS.replace("separator: spaces\n", "").replace(', format: "%Y%m%d %H"', "").replace("[day, hour]", "day")
    rows = b"7,2026-01-31,,1\n7,2026-01-31 08:26:00,,2\n7,2026-01-31T08:26:00+05:30,,3\n"
    table = table_from(rows, _mapping(tmp_path, text), "tills.csv", ROLES)
    hours = [at.astimezone(dt.UTC).hour for at in table.roles["at"]]
    assert hours == [0, 8, 2]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (b"7 2026-01-31 09 1\n", r"tills\.txt:1:1: column `day hour`: `2026-01-31 09` is not written as `%Y%m%d %H`"),
        (
            b"7 20260131 09 1\n7 20260131 09 -1\n",
            r"tills\.txt:2:1: column `money`: the number `-1` is outside \[0",
        ),
        (b"7 20260131 09\n", "the row has 3 cells, the header 4"),
    ],
)
def test_a_wrong_cell_of_a_role_is_named_with_its_line(tmp_path: Path, cells: bytes, what: str) -> None:
    with pytest.raises(DataQualityIssue, match=what):
        table_from(cells, _mapping(tmp_path, EVENTS), "tills.txt", ROLES)


def test_a_mapping_without_a_column_that_the_model_needs_is_refused(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, EVENTS)
    with pytest.raises(DataQualityIssue, match="the mapping `tills` has no column for `price`"):
        table_from(b"7 20260131 09 1\n", mapping, "tills.txt", (*ROLES, Fact("price", NUMBER)))
    with pytest.raises(DataQualityIssue, match="the model learns from no `amount`"):
        table_from(b"7 20260131 09 1\n", mapping, "tills.txt", ROLES[:1])
    with pytest.raises(DataQualityIssue, match="the mapping `tills` has no `label`"):
        table_from(b"7 20260131 09 1\n", mapping, "tills.txt", (*ROLES, LABELLED))


def test_a_gzip_file_is_read_and_one_cut_off_is_told(tmp_path: Path) -> None:
    mapping, whole = _mapping(tmp_path, EVENTS), gzip.compress(b"7 20260131 09 1\n" * 200)
    (tmp_path / "tills.txt.gz").write_bytes(whole)
    assert len(read_table(tmp_path / "tills.txt.gz", mapping, ROLES)) == 200
    (tmp_path / "tills.txt.gz").write_bytes(whole[:-9])
    with pytest.raises(SettingsError, match=r"`tills\.txt\.gz` cannot be read"):
        read_table(tmp_path / "tills.txt.gz", mapping, ROLES)


def test_several_spaces_in_a_columns_name_count_as_one(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING.replace("column: calls", 'column: "calls  made"'))
    assert len(table_from(b"id, calls made ,plan,active,left\na,1,gold,yes,1\n", mapping, "shop.csv")) == 1


def test_another_separator_is_read(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, MAPPING + 'separator: ";"\n')
    assert len(table_from(b"id;calls;plan;active;left\na;1;gold;yes;1\n", mapping, "shop.csv")) == 1


def test_many_findings_are_counted_not_all_shown(mapping: Mapping) -> None:
    rows = "".join(f"c{n},x,gold,yes,1\n" for n in range(30))
    with pytest.raises(DataQualityIssue) as caught:
        table_from(f"id,calls,plan,active,left\n{rows}".encode(), mapping, "shop.csv")
    assert len(caught.value.issues) == 11
    assert caught.value.issues[-1].message == "and 20 more findings of this kind or another"


def test_a_missing_table_is_named(mapping: Mapping, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no table `gone\.csv`"):
        read_table(tmp_path / "gone.csv", mapping)


def test_a_table_that_is_not_utf_8_says_in_which_line(mapping: Mapping) -> None:
    with pytest.raises(DataQualityIssue, match=r"shop\.csv:2:1: the table is not UTF-8 text"):
        table_from(b"id,calls,plan,active,left\n\xff,1,gold,yes,1\n", mapping, "shop.csv")
