"""One file checked among others: the same findings about it, and errors that it makes elsewhere."""

from __future__ import annotations

from dataclasses import replace

from ordain.engine.catalog import Texts
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import Issue, Level

FACTS = b"""\
facts:
  base: {type: number, range: 0..100, meaning: b}
  share: {type: number, source: policy shares, meaning: s}
"""
SERVICES = b"services:\n  quote: {purpose: A case., policies: [shares, fees], gives: [fee]}\n"
HEAD = "version: 1\nkind: decision\neffective: 2026-01-01\nowner: tests\npurpose: A case.\n"
SHARES = f"""\
policy: shares
{HEAD}decides:
  share:
    gives: number
    hit policy: unique
    rules:
      - {{id: low, when: {{base: "< 40"}}, then: 1}}
      - {{id: high, when: {{base: "> 50"}}, then: 2}}
examples:
  - given: {{base: 0}}
    expect: {{share: 7}}
"""
FEES = f"""\
policy: fees
{HEAD}decides:
  fee: {{gives: number, formula: share * 3}}
examples:
  - given: {{share: 1}}
    expect: {{fee: 3}}
"""
FILES = {"shares": "policies/shares/v1.yaml", "fees": "policies/fees/v1.yaml"}
TEXTS = Texts(FACTS, SERVICES, {FILES["shares"]: SHARES.encode(), FILES["fees"]: FEES.encode()})


def of(texts: Texts, file: str, about: str = "") -> list[Issue]:
    found = check_policies(texts, about=about).issues
    return [issue for issue in found if issue.span is not None and issue.span.file == file]


def test_about_a_file_the_same_is_found() -> None:
    for file in FILES.values():
        assert of(TEXTS, file, about=file) == of(TEXTS, file)
    assert {"gap", "example"} <= {issue.code for issue in of(TEXTS, FILES["shares"])}


def test_tables_and_examples_of_others_are_not_looked_at() -> None:
    assert not {"gap", "example"} & {issue.code for issue in of(TEXTS, FILES["shares"], about=FILES["fees"])}


def test_what_it_makes_wrong_elsewhere_is_found() -> None:
    broken = SHARES.replace("share:", "portion:").replace("{share: 7}", "{portion: 1}")
    texts = replace(TEXTS, policies={**TEXTS.policies, FILES["shares"]: broken.encode()})
    whole = {issue for issue in check_policies(texts).issues if issue.level is Level.ERROR}
    assert whole
    assert whole == {
        issue for issue in check_policies(texts, about=FILES["shares"]).issues if issue.level is Level.ERROR
    }
