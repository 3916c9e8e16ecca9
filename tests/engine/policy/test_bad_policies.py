"""Wrong policies, vocabularies and services: every finding with its words and its place."""

from __future__ import annotations

from typing import Any

import pytest
from feel_cases import cases
from policy_cases import FACTS, HEAD, catalog, findings, loaded, vocabulary

from ordain.engine.errors import PolicyError
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Formula

SERVICES = cases("bad_policies/services.yaml")
FEE = """\
decides:
  fee: {gives: number, formula: base}
examples:
  - given: {base: 5}
    expect: {fee: 5}
"""


def named(case: dict[str, Any]) -> str:
    return str(case["case"])


def coded(error: PolicyError) -> list[dict[str, Any]]:
    """What an error says of each finding, and the check that found it."""
    return [{"code": issue.code, **said} for issue, said in zip(error.issues, findings(error), strict=True)]


@pytest.mark.parametrize("case", cases("bad_policies/policies.yaml"), ids=named)
def test_a_wrong_policy_is_refused_with_every_finding(case: dict[str, Any]) -> None:
    text = (HEAD.format(kind=case["kind"]) if "kind" in case else "") + case["text"]
    with pytest.raises(PolicyError) as caught:
        loaded(text)
    assert case["findings"]
    assert coded(caught.value) == case["findings"]


@pytest.mark.parametrize("case", cases("bad_policies/vocabularies.yaml"), ids=named)
def test_a_wrong_vocabulary_is_refused_with_every_finding(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        vocabulary(case["text"])
    assert case["findings"]
    assert coded(caught.value) == case["findings"]


@pytest.mark.parametrize("case", SERVICES["cases"], ids=named)
def test_services_that_do_not_fit_are_refused_with_every_finding(case: dict[str, Any]) -> None:
    policies = case["policies"] if "facts" in case else {**SERVICES["always"], **case["policies"]}
    with pytest.raises(PolicyError) as caught:
        catalog(policies, case["services"], case.get("facts", FACTS))
    files = [{"file": issue.span.file} for issue in caught.value.issues if issue.span]
    found = [said | file for said, file in zip(coded(caught.value), files, strict=True)]
    assert case["findings"]
    assert found == case["findings"]


def test_a_file_that_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(PolicyError) as caught:
        loaded(b"policy: sample\npurpose: \xe9t\xe9\n")
    assert findings(caught.value) == [
        {"message": "the file is not UTF-8 text", "hint": "save it as UTF-8", "at": "2:1"}
    ]


def test_a_byte_order_mark_is_no_fault() -> None:
    text = HEAD.format(kind="decision") + FEE
    assert loaded(b"\xef\xbb\xbf" + text.encode()).name == "sample"


def test_a_policy_with_windows_line_ends_means_the_same_and_has_a_digest_of_its_own() -> None:
    text = HEAD.format(kind="decision") + FEE
    unix, windows = loaded(text), loaded(text.replace("\n", "\r\n"))
    assert isinstance(windows.decisions[0], Formula)
    assert isinstance(unix.decisions[0], Formula)
    assert windows.decisions[0].expression.tree == unix.decisions[0].expression.tree
    assert windows.digest != unix.digest


@pytest.mark.parametrize("version", ["1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999"])
def test_a_number_beyond_all_decimals_is_refused(version: str) -> None:
    with pytest.raises(PolicyError):
        loaded(HEAD.format(kind="decision").replace("version: 1", f"version: {version}") + FEE)


def test_a_decision_may_not_take_the_name_of_a_fact_from_the_request() -> None:
    text = HEAD.format(kind="decision") + FEE.replace("base}", "current}", 1).replace("fee", "base")
    with pytest.raises(PolicyError):
        loaded(text.replace("given: {base: 5}", "given: {current: 5}"))


@pytest.mark.parametrize(
    ("gives", "rows"),
    [("text", ["x", "y"]), ("{type: text, values: [x, y]}", ["x", "y"])],
)
def test_a_count_gives_a_number_whatever_it_counts(gives: str, rows: list[str]) -> None:
    rules = "".join(f"      - {{id: r{number}, then: {row}}}\n" for number, row in enumerate(rows))
    table = (
        f"decides:\n  fee:\n    gives: {gives}\n    hit policy: collect\n    aggregation: count\n    rules:\n{rules}"
    )
    text = HEAD.format(kind="decision") + table + "examples:\n  - given: {}\n    expect: {fee: 2}\n"
    assert str(loaded(text).gives["fee"]) == "number"


@pytest.mark.parametrize("hit_policy", ["first", "unique", "priority", "collect"])
def test_a_computed_output_outside_its_declared_values_is_an_error_of_the_decision(hit_policy: str) -> None:
    table = f"""\
decides:
  fee:
    gives: {{type: text, values: [high, low]}}
    hit policy: {hit_policy}
    rules:
      - {{id: a, then: = city}}
examples:
  - given: {{city: Pune}}
    refused: CalculationFailed
"""
    loaded(HEAD.format(kind="decision") + table)


@pytest.mark.parametrize("fact", ["type: number, fields: {a: text}", "type: number, values: [a, b]"])
def test_a_fact_is_refused_what_its_type_has_not(fact: str) -> None:
    with pytest.raises(PolicyError):
        vocabulary(f"facts:\n  fee: {{{fact}, meaning: x}}\n")


@pytest.mark.parametrize("precision", ["40", "7000"])
def test_a_precision_beyond_all_digits_is_refused_or_kept_without_a_fault(precision: str) -> None:
    try:
        fact = vocabulary(f"facts:\n  fee: {{type: number, precision: {precision}, meaning: x}}\n")["fee"]
    except PolicyError:
        return
    assert fact.accept(5) == 5


def test_an_empty_range_between_two_open_ends_is_refused() -> None:
    with pytest.raises(PolicyError, match="empty"):
        vocabulary('facts:\n  fee: {type: number, range: "(1..1)", meaning: x}\n')


def test_a_text_of_the_greatest_size_is_read_in_full() -> None:
    text = HEAD.format(kind="decision") + FEE
    padded = text + "#" * (LIMITS.yaml_bytes - len(text))
    assert loaded(padded).text == padded.encode()
