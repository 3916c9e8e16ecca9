"""The conformance cases: test files read, folders found, results compared, and no case that spoils the run."""

from __future__ import annotations

import csv
import datetime as dt
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path, PurePosixPath

import pytest

from ordain.engine.dmn.tck.comparing import difference
from ordain.engine.dmn.tck.limited import run_all
from ordain.engine.dmn.tck.results import result_files
from ordain.engine.dmn.tck.tck import Row, Tests, Verdict, find_tests, run_cases
from ordain.engine.dmn.tck.testcases import Case, Expected, Given, Untyped, declared, read_tests
from ordain.engine.errors import DataError, PolicyError
from ordain.engine.values.temporal import Months, date
from ordain.engine.values.types import ANY, DATE, FLAG, NUMBER, TEXT, Type, Value, context_of, list_of
from ordain.engine.version import VERSION

HEAD = (
    '<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:x="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><modelName>{model}</modelName>'
)
MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="urn:shop" name="shop">
  <inputData id="i" name="Order"><variable name="Order" typeRef="number"/></inputData>
  <decision id="d" name="Double"><variable name="Double" typeRef="number"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <literalExpression><text>Order * 2</text></literalExpression></decision>
  <decision id="n" name="Nothing"><variable name="Nothing" typeRef="number"/>
    <literalExpression><text>1 + "a"</text></literalExpression></decision>
  <decisionService id="s" name="Doubling"><outputDecision href="#d"/><inputData href="#i"/></decisionService>
</definitions>"""


def case(body: str, attributes: str = 'id="1"') -> str:
    return f"<testCase {attributes}>{body}</testCase>"


def node(name: str, value: str, attributes: str = "") -> str:
    return f'<resultNode name="{name}" {attributes}><expected>{value}</expected></resultNode>'


def simple(type: str, text: str) -> str:
    return f'<value xsi:type="x:{type}">{text}</value>'


def put(name: str, value: str, attributes: str = "") -> str:
    return f'<inputNode name="{name}" {attributes}>{value}</inputNode>'


def file_of(*cases: str, model: str = "shop.dmn") -> bytes:
    return (HEAD.format(model=model) + "".join(cases) + "</testCases>").encode()


def only_case(*cases: str) -> Case:
    read = read_tests(file_of(*cases), "t.xml")
    assert read is not None
    assert len(read.cases) == 1
    return read.cases[0]


def suite(root: Path, *cases: str, level: str = "compliance-level-2", folder: str = "0001-shop") -> Path:
    """A tree with one folder of cases about the model above."""
    here = root / level / folder
    here.mkdir(parents=True)
    (here / "shop.dmn").write_text(MODEL, encoding="utf-8")
    (here / f"{folder}-test-01.xml").write_bytes(file_of(*cases))
    return here


# --- test files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (simple("string", " two words "), " two words "),
        (simple("string", ""), ""),
        (simple("decimal", "1.50"), Decimal("1.50")),
        (simple("double", "1E3"), Decimal(1000)),
        (simple("boolean", "true"), True),
        (simple("boolean", "0"), False),
        (simple("date", "2026-01-31"), date("2026-01-31")),
        (simple("duration", "P1Y"), Months(12)),
        ('<value xsi:nil="true"/>', None),
        ("<value>plain</value>", "plain"),
        ("<list/>", ()),
        ('<list xsi:nil="true"/>', None),
        (f"<list><item>{simple('decimal', '1')}</item><item><value xsi:nil='true'/></item></list>", (Decimal(1), None)),
        (f'<component name="a">{simple("string", "b")}</component>', {"a": "b"}),
        (
            f'<component name="a"><list><item><component name="b">{simple("decimal", "1")}</component></item></list>'
            '</component><component name="c" xsi:nil="true"/>',
            {"a": ({"b": Decimal(1)},), "c": None},
        ),
        ("<extensionElements/>", None),
    ],
)
def test_a_value_of_a_test_file_is_read_as_its_type_says(written: str, value: Value) -> None:
    found = only_case(case(put("in", written) + node("out", written)))
    assert found.given == (Given("in", value),)
    assert found.expected == (Expected("out", value),)


def test_a_case_says_what_is_called_and_whether_an_error_will_do() -> None:
    body = put("a", simple("string", "x"), 'namespace="urn:other"') + node(
        "b", "", 'errorResult="true" type="decision"'
    )
    found = only_case(case(body, 'id="7" type="decisionService" invocableName="svc"'))
    assert (found.id, found.kind, found.invocable) == ("7", "decisionService", "svc")
    assert found.given[0].namespace == "urn:other"
    assert found.expected == (Expected("b", None, error=True),)


def test_xml_of_another_kind_holds_no_cases() -> None:
    assert read_tests(b"<pom/>", "pom.xml") is None


@pytest.mark.parametrize(
    ("type", "text"), [("decimal", "many"), ("boolean", "yes"), ("date", "31.1."), ("double", "INF")]
)
def test_a_value_that_is_not_of_its_type_is_refused_with_its_place(type: str, text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_tests(file_of(case(node("a", simple(type, text)))), "t.xml")
    assert f"`{text}` is no {type}" in caught.value.message
    assert caught.value.issues[0].span is not None


# --- comparing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (Decimal("0.333333333"), Decimal("0.33333333")),
        ("a", "a"),
        (True, True),
        (None, None),
        ((Decimal(1), "a"), (Decimal("1.0"), "a")),
        ({"b": None, "a": Decimal(1)}, {"a": Decimal(1), "b": None}),
        (Months(12), Months(12)),
        (date("2026-01-31"), date("2026-01-31")),
    ],
)
def test_values_that_agree_have_no_difference(actual: Value, expected: Value) -> None:
    assert difference(actual, expected) == ""


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (Decimal("0.3333"), Decimal("0.33333333"), "expected 0.33333333, got 0.3333"),
        ("a", "A", 'expected "A", got "a"'),
        (True, Decimal(1), "expected 1, got true"),
        (None, "a", 'expected "a", got null'),
        (("a",), "a", 'expected "a", got ["a"]'),
        (("a", "b"), ("a",), 'expected 1 items, got 2: ["a", "b"]'),
        (({"a": "x"},), ({"a": "y"},), '[1].a: expected "y", got "x"'),
        ({"a": "x"}, {"b": "x"}, "expected the entries `b`, got `a`"),
        (date("2026-01-31"), date("2026-01-30"), "expected 2026-01-30, got 2026-01-31"),
    ],
)
def test_a_difference_is_said_with_its_place(actual: Value, expected: Value, words: str) -> None:
    assert difference(actual, expected).replace('@"', "").replace('30"', "30").replace('31"', "31") == words


# --- folders ------------------------------------------------------------------------------------------------------


def test_the_cases_are_found_from_any_folder_at_or_above_them(tmp_path: Path) -> None:
    here = suite(tmp_path / "kit/TestCases", case(node("Nothing", "")))
    for start in (tmp_path, tmp_path / "kit/TestCases", here.parent, here):
        [found] = find_tests(start)
        assert (found.folder, found.path.stem) == ("compliance-level-2/0001-shop", "0001-shop-test-01")


def test_beside_levels_of_compliance_other_folders_are_left_out(tmp_path: Path) -> None:
    suite(tmp_path, case(""))
    suite(tmp_path, case(""), level="non-compliant", folder="0002-other")
    assert [tests.folder for tests in find_tests(tmp_path)] == ["compliance-level-2/0001-shop"]
    assert [tests.folder for tests in find_tests(tmp_path / "non-compliant")] == ["non-compliant/0002-other"]


@pytest.mark.parametrize("only", ["0001-shop", "compliance-level-2/0001-shop", "0001*", "0001-shop/"])
def test_folders_are_chosen_by_name_or_pattern(tmp_path: Path, only: str) -> None:
    suite(tmp_path, case(""))
    suite(tmp_path, case(""), level="compliance-level-3", folder="0003-other")
    assert [tests.folder for tests in find_tests(tmp_path, [only])] == ["compliance-level-2/0001-shop"]


def test_a_folder_that_is_not_there_or_has_no_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        find_tests(tmp_path / "none")
    (tmp_path / "pom.xml").write_text("<pom/>")
    with pytest.raises(DataError, match="there are no test cases"):
        find_tests(tmp_path)
    suite(tmp_path, case(""))
    with pytest.raises(DataError, match="did you mean `0001-shop`"):
        find_tests(tmp_path, ["0001-shep"])


def test_a_test_file_that_cannot_be_read_is_one_row_with_the_cause(tmp_path: Path) -> None:
    here = suite(tmp_path, case(""))
    (here / "0001-shop-test-02.xml").write_text("<testCases>")
    [row] = run_cases(find_tests(tmp_path)[1])
    assert (row.file, row.verdict) == ("0001-shop-test-02", Verdict.ERROR)
    assert "not XML" in row.message


def test_a_row_is_a_line_of_quoted_fields() -> None:
    row = Row("compliance-level-2/0001-shop", "0001-shop-test-01", "001", Verdict.ERROR, 'expected "a",\n got null')
    line = '"compliance-level-2/0001-shop","0001-shop-test-01","001","ERROR","expected ""a"", got null"'
    assert row.csv() == line
    assert next(csv.reader([line]))[4] == 'expected "a", got null'
    assert row.level == "compliance-level-2"


# --- running ------------------------------------------------------------------------------------------------------


def rows_of(root: Path, *cases: str) -> list[Row]:
    suite(root, *cases)
    return [row for tests in find_tests(root) for row in run_cases(tests)]


def test_a_case_passes_when_each_of_its_results_is_as_expected(tmp_path: Path) -> None:
    order = put("Order", simple("decimal", "4"))
    good = case(order + node("Double", simple("decimal", "8")) + node("Nothing", '<value xsi:nil="true"/>'), 'id="1"')
    half = case(order + node("Double", simple("decimal", "8")) + node("Nothing", simple("decimal", "1")), 'id="2"')
    rows = rows_of(tmp_path, good, half)
    assert [row.verdict for row in rows] == [Verdict.SUCCESS, Verdict.ERROR]
    assert rows[1].message.startswith("`Nothing`: expected 1, got null [`+` does not take a number and a text (")


def test_null_is_as_good_as_the_error_that_a_case_expects(tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, case(node("Nothing", "", 'errorResult="true"')))
    assert row.verdict is Verdict.SUCCESS


def test_a_value_that_does_not_say_its_type_is_read_as_what_it_is_for(tmp_path: Path) -> None:
    order = put("Order", "<value>4</value>")
    good = case(order + node("Double", "<value>8</value>"), 'id="1"')
    bad = case(order + node("Double", "<value>eight</value>"), 'id="2"')
    rows = rows_of(tmp_path, good, bad)
    assert [row.verdict for row in rows] == [Verdict.SUCCESS, Verdict.ERROR]
    assert rows[1].message.startswith('`Double`: expected "eight", got 8')


@pytest.mark.parametrize(
    ("value", "type", "read"),
    [
        (Untyped("4"), NUMBER, Decimal(4)),
        (Untyped("4"), TEXT, "4"),
        (Untyped("4"), ANY, "4"),
        (Untyped("true"), FLAG, True),
        (Untyped("2026-01-31"), DATE, date("2026-01-31")),
        (Untyped("soon"), DATE, "soon"),
        ((Untyped("1"), Untyped("2")), list_of(NUMBER), (Decimal(1), Decimal(2))),
        (Untyped("1"), list_of(NUMBER), Decimal(1)),
        ({"a": Untyped("1")}, context_of({"a": NUMBER}), {"a": Decimal(1)}),
        ("4", NUMBER, "4"),
    ],
)
def test_only_a_value_without_a_type_is_read_as_its_input_has_it(value: Value, type: Type, read: Value) -> None:
    found = declared(value, type)
    assert found == read
    assert not isinstance(found, Untyped)


# --- results ------------------------------------------------------------------------------------------------------


def test_results_have_the_form_in_which_vendors_hand_them_in() -> None:
    rows = [Row("compliance-level-2/0001-a", "0001-a-test-01", "001", Verdict.SUCCESS)]
    files = result_files(rows, dt.date(2026, 1, 31))
    folder = PurePosixPath("TestResults/Ordain") / VERSION
    assert set(files) == {folder / "tck_results.csv", folder / "tck_results.properties"}
    assert files[folder / "tck_results.csv"] == '"compliance-level-2/0001-a","0001-a-test-01","001","SUCCESS",""\n'
    pairs = dict(line.split("=", 1) for line in files[folder / "tck_results.properties"].splitlines())
    assert pairs["product.version"] == VERSION
    assert pairs["last.update"] == "2026-01-31"
    assert pairs.keys() == {
        "vendor.name",
        "vendor.url",
        "product.name",
        "product.url",
        "product.version",
        "product.comment",
        "last.update",
        "instructions.url",
    }


def test_a_decision_service_is_called_with_its_inputs(tmp_path: Path) -> None:
    called = 'id="1" type="decisionService" invocableName="{}"'
    body = put("Order", simple("decimal", "4")) + node("Double", simple("decimal", "8"))
    rows = rows_of(tmp_path, case(body, called.format("Doubling")), case(body, called.format("Dubling")))
    assert [row.verdict for row in rows] == [Verdict.SUCCESS, Verdict.ERROR]
    assert "no service or function `Dubling`" in rows[1].message


def test_a_decision_that_the_model_does_not_have_is_an_error(tmp_path: Path) -> None:
    [row] = rows_of(tmp_path, case(node("Triple", "")))
    assert row.verdict is Verdict.ERROR
    assert row.message.startswith("`Triple`: the model has no such decision")


def test_a_case_that_asks_for_nothing_is_ignored(tmp_path: Path) -> None:
    assert [row.verdict for row in rows_of(tmp_path, case(""))] == [Verdict.IGNORED]


def test_a_model_that_cannot_be_loaded_makes_all_its_cases_errors(tmp_path: Path) -> None:
    here = suite(tmp_path, case(node("Nothing", ""), 'id="1"'), case(node("Nothing", ""), 'id="2"'))
    (here / "shop.dmn").write_text("<definitions>")
    rows = list(run_cases(find_tests(tmp_path)[0]))
    assert [row.verdict for row in rows] == [Verdict.ERROR] * 2
    (here / "shop.dmn").rename(here / "other.dmn")
    assert "the model `shop.dmn` is not in the folder" in next(run_cases(find_tests(tmp_path)[0])).message


# --- a process of their own ---------------------------------------------------------------------------------------


def stubborn(tests: Tests, start: int) -> Iterator[Row]:
    """Cases that never end, or take their process with them, by their ids."""
    for each in tests.cases[start:]:
        if each.id == "sleeps":
            time.sleep(60)
        if each.id == "dies":
            os._exit(3)
        yield tests.row(each, Verdict.SUCCESS)


def several_cases(*ids: str) -> Tests:
    cases = tuple(Case(each, "decision", "", (), ()) for each in ids)
    return Tests(Path("here/t.xml"), "level/here", "", cases)


def test_a_case_that_never_ends_or_kills_its_process_is_an_error_of_its_own() -> None:
    several = [several_cases("a", "sleeps", "b", "dies"), several_cases("dies"), several_cases("c")]
    rows = list(run_all(several, seconds=1.5, run=stubborn))
    assert [(row.case, row.verdict.value) for row in rows] == [
        ("a", "SUCCESS"),
        ("sleeps", "ERROR"),
        ("b", "SUCCESS"),
        ("dies", "ERROR"),
        ("dies", "ERROR"),
        ("c", "SUCCESS"),
    ]
    assert rows[1].message == "it took more than 1.5 s"
    assert rows[3].message == "the process ended while it ran"
