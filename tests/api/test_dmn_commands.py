"""`ordain dmn` and `ordain feel`: models run, converted and tested, expressions tried out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from served import ROOT

from ordain.api.cli.main import main
from ordain.engine.dmn.reading.policy_file import read_policy
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.version import VERSION

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
MODEL = f"""<definitions xmlns="{NAMESPACE}" namespace="urn:fares" name="fares">
  <itemDefinition name="tRider">
    <itemComponent name="age"><typeRef>number</typeRef></itemComponent>
    <itemComponent name="since"><typeRef>date</typeRef></itemComponent>
  </itemDefinition>
  <inputData id="r" name="Rider"><variable name="Rider" typeRef="tRider"/></inputData>
  <inputData id="z" name="Zones"><variable name="Zones" typeRef="number"/></inputData>
  <decision id="f" name="Fare"><variable name="Fare" typeRef="number"/>
    <informationRequirement><requiredInput href="#r"/></informationRequirement>
    <informationRequirement><requiredInput href="#z"/></informationRequirement>
    <decisionTable hitPolicy="FIRST">
      <input><inputExpression><text>Rider.age</text></inputExpression></input>
      <output typeRef="number"/><annotation name="why"/>
      <rule id="child"><inputEntry><text>&lt; 14</text></inputEntry><outputEntry><text>0</text></outputEntry>
        <annotationEntry><text>Children ride free.</text></annotationEntry></rule>
      <rule id="others"><inputEntry><text>-</text></inputEntry><outputEntry><text>Zones * 1.20</text></outputEntry>
        <annotationEntry><text>By zones.</text></annotationEntry></rule>
    </decisionTable></decision>
  <decision id="y" name="Joined"><variable name="Joined" typeRef="number"/>
    <informationRequirement><requiredInput href="#r"/></informationRequirement>
    <literalExpression><text>Rider.since.year</text></literalExpression></decision>
  <decisionService id="s" name="Pricing"><outputDecision href="#f"/>
    <inputData href="#r"/><inputData href="#z"/></decisionService>
</definitions>"""
FACTS = {"Rider": {"age": 30, "since": "2024-05-01"}, "Zones": 3}
TESTS = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
  xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <modelName>fares.dmn</modelName>
  <testCase id="001"><inputNode name="Zones"><value xsi:type="x:decimal">2</value></inputNode>
    <resultNode name="Fare"><expected><value xsi:type="x:decimal">{fare}</value></expected></resultNode></testCase>
</testCases>"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "fares.dmn"
    file.write_text(MODEL, encoding="utf-8")
    return file


def ordain(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def run(model: Path, facts: dict[str, Any], *more: str) -> Result:
    file = model.with_name("facts.json")
    file.write_text(json.dumps(facts), encoding="utf-8")
    return ordain("dmn", "run", model, "--facts", file, *more)


# --- dmn run ------------------------------------------------------------------------------------------------------


def test_the_decisions_of_a_model_are_shown_as_a_table(model: Path) -> None:
    done = run(model, FACTS)
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["decision", "value"],
        ["Fare", "3.60"],
        ["Joined", "2024"],
    ]


def test_decisions_and_trace_come_as_json_with_exact_numbers(model: Path) -> None:
    done = run(model, FACTS, "--json", "--trace", "--decision", "Fare")
    assert json.loads(done.stdout) == {
        "decisions": {"Fare": "3.60"},
        "reasons": [],
        "trace": [{"decision": "Fare", "fired": [{"rule": "others", "because": "By zones."}], "value": "3.60"}],
    }


def test_a_trace_says_which_rules_fired(model: Path) -> None:
    done = run(model, {**FACTS, "Rider": {"age": 9, "since": "2024-05-01"}}, "--trace")
    assert "Fare = 0, by child (Children ride free.)" in done.stdout


def test_a_service_is_called_with_its_parameters(model: Path) -> None:
    done = run(model, FACTS, "--service", "Pricing", "--json")
    assert json.loads(done.stdout)["decisions"] == {"Pricing": "3.60"}


def test_a_missing_input_counts_as_null_and_is_said_with_the_place_of_what_failed(model: Path) -> None:
    done = run(model, {"Rider": FACTS["Rider"]}, "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert answer["decisions"]["Fare"] is None
    assert answer["reasons"][0]["message"] == "the input `Zones` was not given: it counts as null"
    assert any(
        reason.get("place", "").startswith("fares.dmn:") and reason["decision"] == "Fare"
        for reason in answer["reasons"]
    )


def test_an_input_that_is_not_of_its_type_counts_as_null_with_the_reason(model: Path) -> None:
    done = run(model, {**FACTS, "Zones": "three"}, "--json")
    assert "the input `Zones` counts as null" in json.loads(done.stdout)["reasons"][0]["message"]


@pytest.mark.parametrize(
    ("facts", "more", "words"),
    [
        ({"Zoness": 3}, (), "the model has no input `Zoness`"),
        ({"Rider": {"age": 1, "since": "soon"}}, (), "`Rider`: `soon`"),
        ({"Zones": "\ud800"}, (), "an invalid Unicode character"),
        ({"Zones": json.loads("[" * 200 + "]" * 200)}, (), "nested more than 100 levels deep"),
        (FACTS, ("--decision", "Fair"), "did you mean `Fare`"),
        (FACTS, ("--service", "Pricng"), "did you mean `Pricing`"),
        (FACTS, ("--service", "Pricing", "--decision", "Fare"), "do not go together"),
    ],
)
def test_bad_input_is_named_and_has_exit_code_2(
    model: Path, facts: dict[str, Any], more: tuple[str, ...], words: str
) -> None:
    done = run(model, facts, *more)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_a_file_that_is_no_model_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.dmn").write_text("<definitions>")
    (tmp_path / "f.json").write_text("{}")
    for name in ("x.dmn", "missing.dmn"):
        done = ordain("dmn", "run", tmp_path / name, "--facts", tmp_path / "f.json")
        assert done.exit_code == 2
        assert name in done.stderr


# --- dmn convert --------------------------------------------------------------------------------------------------


def test_a_model_is_written_as_a_policy_and_never_over_a_file(model: Path) -> None:
    folder = model.parent / "policies"
    done = ordain("dmn", "convert", model, "--to", folder)
    assert done.exit_code == 0, done.output
    written = {file: file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert any("Children ride free." in text for text in written.values())
    again = ordain("dmn", "convert", model, "--to", folder)
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert ordain("dmn", "convert", model, "--to", folder, "--force").exit_code == 0
    assert {file: file.read_text() for file in written} == written


# --- imports ------------------------------------------------------------------------------------------------------


BASE = f'''<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="{NAMESPACE}" namespace="urn:base" name="base"><decision id="b" name="Base fare">
  <literalExpression><text><![CDATA[if 1 < 2 then 5 else 0]]></text></literalExpression></decision></definitions>'''
USING = f"""<dmn:definitions xmlns:dmn="{NAMESPACE}" namespace="urn:main" name="main">
  <dmn:description>Twice the base.</dmn:description>
  <dmn:import name="base" namespace="urn:base" importType="{NAMESPACE}"/>
  <dmn:decision id="d" name="Twice">
    <dmn:informationRequirement><dmn:requiredDecision href="urn:base#b"/></dmn:informationRequirement>
    <dmn:literalExpression><dmn:text>base.Base fare * 2</dmn:text></dmn:literalExpression></dmn:decision>
</dmn:definitions>"""


@pytest.fixture
def using(tmp_path: Path) -> Path:
    for name, text in (("main/main.dmn", USING), ("library/parts/base.dmn", BASE), ("facts.json", "{}")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_imported_models_are_looked_for_in_further_folders(using: Path) -> None:
    alone = ordain("dmn", "run", using / "main/main.dmn", "--facts", using / "facts.json")
    assert (alone.exit_code, "`urn:base` is not there" in alone.stderr) == (2, True)
    found = ordain(
        "dmn", "run", using / "main/main.dmn", "--facts", using / "facts.json", "--imports", using / "library"
    )
    assert found.stdout.split() == ["decision", "value", "Twice", "10"]
    to = ("--to", using / "policies")
    assert ordain("dmn", "convert", using / "main/main.dmn", "--imports", using / "library", *to).exit_code == 0


def test_a_model_and_its_imports_become_one_file_that_runs_alone(using: Path) -> None:
    one = using / "policies/twice/v1.dmn"
    made = ordain("dmn", "bundle", using / "main/main.dmn", "--imports", using / "library", "--to", one)
    assert (made.exit_code, made.stdout) == (0, f"written: {one}\n")
    ran = ordain("dmn", "run", one, "--facts", using / "facts.json")
    assert ran.stdout.split() == ["decision", "value", "Twice", "10"]
    policy = read_policy(one.read_bytes(), str(one), Vocabulary({}))
    assert (policy.name, policy.version) == ("twice", 1)
    again = ordain("dmn", "bundle", using / "main/main.dmn", "--imports", using / "library", "--to", one)
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    lacking = ordain("dmn", "bundle", using / "main/main.dmn", "--to", one, "--force")
    assert (lacking.exit_code, "`urn:base` is not there" in lacking.stderr) == (2, True)


# --- dmn tck ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fare", "code", "verdict"), [("2.4", 0, "SUCCESS"), ("2.5", 1, "ERROR")])
def test_cases_are_counted_and_written_as_rows(model: Path, fare: str, code: int, verdict: str) -> None:
    folder = model.parent / "kit/compliance-level-3/0001-fares"
    folder.mkdir(parents=True)
    (folder / "fares.dmn").write_text(MODEL)
    (folder / "0001-fares-test-01.xml").write_text(TESTS.format(fare=fare))
    out, results = model.parent / "results.csv", model.parent / "clone"
    done = ordain("dmn", "tck", model.parent / "kit", "--out", out, "--results", results, "--verbose")
    assert done.exit_code == code, done.output
    assert done.stdout.splitlines()[-1] == f"{1 - code} of 1 passed"
    assert ("expected 2.5, got 2.40" in done.stdout) is (code == 1)
    [row] = csv.reader(out.read_text().splitlines())
    assert "━" not in done.output
    assert row[:4] == ["compliance-level-3/0001-fares", "0001-fares-test-01", "001", verdict]
    handed_in = results / "TestResults" / "Ordain" / VERSION
    assert (handed_in / "tck_results.csv").read_text() == out.read_text()
    assert f"product.version={VERSION}" in (handed_in / "tck_results.properties").read_text().splitlines()


def test_a_folder_without_cases_has_exit_code_2(tmp_path: Path) -> None:
    done = ordain("dmn", "tck", tmp_path)
    assert (done.exit_code, "there are no test cases" in done.stderr) == (2, True)
    assert ordain("dmn", "tck", tmp_path / "none").exit_code == 2


# --- feel ---------------------------------------------------------------------------------------------------------


def test_an_expression_is_shown_with_its_value_and_type(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"plan": {"gb": 50}, "used": [1, 2.5]}')
    done = ordain("feel", "eval", "plan.gb - sum(used)", "--facts", tmp_path / "f.json")
    assert (done.exit_code, done.stdout) == (0, "46.5  number\n")
    assert ordain("feel", "eval", '"a" + "b"').stdout == '"ab"  text\n'


def test_an_expression_that_does_not_fit_is_an_error_with_place_and_hint() -> None:
    done = ordain("feel", "eval", '1 + "a"')
    assert done.exit_code == 2
    assert "expression:1:" in done.stderr
    lenient = ordain("feel", "eval", '1 + "a"', "--lenient")
    assert (lenient.exit_code, lenient.stdout) == (0, "null  null\n")
    assert "expression:1:" in lenient.stderr


def test_a_negative_number_is_an_expression_and_no_option() -> None:
    assert ordain("feel", "eval", "-1").stdout == "-1  number\n"
    assert ordain("feel", "eval", "--fact", "x").exit_code == 2


@pytest.mark.parametrize("text", ["1 +", "(((", "", "1/0", "nobody", "'a'", "1e99999"])
def test_no_expression_brings_the_command_down(text: str) -> None:
    done = ordain("feel", "eval", text)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    ordain("feel", "eval", text, "--lenient")


def test_functions_are_found_by_a_word_of_their_name_or_meaning() -> None:
    done = ordain("feel", "functions", "substring before")
    assert "substring before(" in done.stdout
    assert len(ordain("feel", "functions").stdout.splitlines()) > 80
    missed = ordain("feel", "functions", "substrng")
    assert (missed.exit_code, "substring" in missed.stderr) == (2, True)


def test_the_reference_is_written_and_checked(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    assert ordain("feel", "reference", "--to", folder, "--check").exit_code == 1
    assert ordain("feel", "reference", "--to", folder).exit_code == 0
    assert ordain("feel", "reference", "--to", folder, "--check").exit_code == 0
    (folder / "feel.md").write_text("old")
    done = ordain("feel", "reference", "--to", folder, "--check")
    assert (done.exit_code, "feel.md` is out of date" in done.stderr) == (1, True)
    assert (ROOT / "docs/feel.md").exists()
