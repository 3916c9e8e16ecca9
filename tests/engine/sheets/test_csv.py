"""CSV as spreadsheets write it: delimiters, encodings, padding; and nothing in it that runs as a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from sheet_cases import VOCABULARY, edited, loaded, text_with

from ordain.engine.errors import PolicyError
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.back import bring_back
from ordain.engine.sheets.book import book_of
from ordain.engine.sheets.csv import read_csv, write_csv

RULES = """\
decides:
  first:
    gives: text
    hit policy: first
    rules:
      - {id: one, when: {risk: "> 0.5"}, then: "=\\"a\\" + \\"b\\"", because: "-1 is no reason"}
      - {id: two, then: "@home", because: "'quoted'"}
  second:
    gives: number
    hit policy: collect
    aggregation: sum
    rules:
      - {id: one, when: {risk: 1}, then: 1}
"""


@pytest.fixture
def policy() -> Policy:
    return loaded(text_with(RULES))


def back(policy: Policy, data: bytes) -> bytes:
    return bring_back(read_csv(data, "rules.csv"), policy, VOCABULARY, "v1.yaml").text


def test_no_cell_runs_as_a_formula_and_all_come_back(policy: Policy) -> None:
    data = write_csv(book_of(policy))
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert '\'="a" + "b"' in cells
    assert back(policy, data) == policy.text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_way_in_which_spreadsheets_save_is_read(policy: Policy, delimiter: str, encoding: str, end: str) -> None:
    text = write_csv(book_of(policy), delimiter).decode("utf-8-sig").replace("\r\n", end)
    assert back(policy, text.encode(encoding)) == policy.text


def test_rows_padded_by_a_spreadsheet_are_the_same_rows(policy: Policy) -> None:
    rows = list(csv.reader(io.StringIO(write_csv(book_of(policy)).decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([*row, *[""] * (9 - len(row))] for row in rows)
    assert back(policy, out.getvalue().encode()) == policy.text


def test_one_table_may_come_alone(policy: Policy) -> None:
    book = book_of(policy, "second")
    assert [sheet.name for sheet in book.sheets] == ["second"]
    assert back(policy, write_csv(book)) == policy.text
    with pytest.raises(PolicyError, match="has no rules called `secnd`"):
        book_of(policy, "secnd")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this file was not written by `ordain table` or `ordain cases` with `--out`"),
        (b"id,when\r\n1,2\r\n", "its first cell must be `policy:`"),
        ("policy:,sämple\r\n".encode("cp1252"), "the file is not UTF-8 text"),
        (b'policy:,sample\r\ntable:,"first\r\n', "row 2 is not CSV"),
        (b"policy:,sample\r\ntable:,first\r\n", "the table `first` has no line of headings"),
    ],
)
def test_what_is_no_sheet_is_said_to_be_none(data: bytes, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_csv(data, "rules.csv")
    assert message in str(caught.value)


def test_the_sheets_of_another_policy_or_text_are_refused(policy: Policy) -> None:
    book = read_csv(write_csv(book_of(policy)), "rules.csv")
    with pytest.raises(PolicyError, match="these are the sheets of `other`, not of `sample`"):
        bring_back(replace(book, policy="other"), policy, VOCABULARY, "v1.yaml")
    changed = loaded(text_with(RULES.replace("0.5", "0.6")))
    with pytest.raises(PolicyError, match="`sample@1` has been changed since"):
        bring_back(book, changed, VOCABULARY, "v1.yaml")
    forced = bring_back(book, changed, VOCABULARY, "v1.yaml", force=True)
    assert forced.text == policy.text


def test_a_next_version_says_its_number(policy: Policy) -> None:
    book = edited(policy, [{"set": ["two", "then", "away"]}])
    found = bring_back(book, policy, VOCABULARY, "v7.yaml", version=7)
    assert found.policy is not None
    assert found.policy.version == 7
    assert found.text.decode() == text_with(RULES).replace("version: 1", "version: 7").replace('"@home"', '"away"')


def test_examples_that_no_longer_fit_are_said_and_left_to_their_author() -> None:
    rules = 'decides: {say: {gives: text, rules: [{id: one, when: {risk: "> 0.5"}, then: a}]}}\n'
    example = "{given: {risk: 1}, expect: {say: a}}"
    policy = loaded(text_with(rules).replace("{given: {}, refused: PolicyError}", example))
    more = [{"new column": "when: city"}, {"set": ["one", "when: city", '"Pune"']}]
    book = edited(policy, more)  # the example does not give the city
    facts = b"facts:\n  risk: {type: number, meaning: the risk}\n  city: {type: text, meaning: the city}\n"
    known = load_vocabulary(facts, "facts.yaml")
    with pytest.raises(PolicyError, match="city") as caught:
        bring_back(book, policy, known, "v1.yaml")
    assert "the examples do not fit the changed rules" in str(caught.value)
    forced = bring_back(book, policy, known, "v1.yaml", force=True)
    assert forced.policy is None
    assert len(forced.issues) == 1
