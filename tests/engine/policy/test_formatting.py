"""`formatted` gives one style, keeps every comment, and never changes what a file says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from feel_cases import cases
from hypothesis import assume, given, settings
from odd_texts import odd_texts

from ordain.engine.errors import PolicyError, Span
from ordain.engine.policy.fmt import difference, formatted, section_order
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.load import load_policy, policy_schema
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.text.layout.document import WIDTH
from ordain.engine.text.source import parse

ROOT = Path(__file__).parents[3]
POLICIES = sorted((ROOT / "policies").glob("*/v*.yaml"))
SHIPPED = [*POLICIES, ROOT / "policies/facts.yaml", ROOT / "policies/services.yaml"]
CASES = cases("formatting.yaml")
_NOWHERE = Span("", 0, 0)


def shown(text: str) -> str:
    return formatted(text.encode(), "v1.yaml").decode()


def placeless(value: Any) -> Any:
    """A loaded policy without its places, so that two of them can be compared."""
    if isinstance(value, Span):
        return _NOWHERE
    if isinstance(value, tuple | list):
        return [placeless(part) for part in value]
    if isinstance(value, dict):
        return [(key if isinstance(key, str) else "", placeless(part)) for key, part in value.items()]
    if hasattr(value, "__dataclass_fields__"):
        return type(value), [placeless(getattr(value, field.name)) for field in fields(value)]
    return value


def comments(text: str) -> Counter[str]:
    return Counter(re.findall(r"#.*", text))


def scrambled(text: str) -> str:
    """The text with other indentation, other order of its sections, and quotes that nothing needs."""
    parts = re.split(r"(?m)^(?=\w)", text)
    wide = [re.sub(r"(?m)^( +)(- )?", lambda at: at[1] * 2 + ("-   " if at[2] else ""), part) for part in parts[1:]]
    return parts[0] + "".join(reversed([re.sub(r"(?m)^(owner|kind): (\S+)$", r"\1:   '\2'", part) for part in wide]))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_shipped_files_are_in_the_style_already(file: Path) -> None:
    assert formatted(file.read_bytes(), file.name) == file.read_bytes()


@pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.parent.name)
def test_a_shipped_policy_typed_in_another_way_comes_back_with_all_comments(file: Path) -> None:
    vocabulary = load_vocabulary((ROOT / "policies/facts.yaml").read_bytes(), "facts.yaml")
    text = file.read_text(encoding="utf-8")
    odd = scrambled(text)
    assert odd != text
    found = shown(odd)
    before, after = (
        replace(load_policy(each.encode(), "v1.yaml", vocabulary), text=b"", digest="") for each in (text, found)
    )
    assert placeless(after) == placeless(before)
    assert comments(found) == comments(text)
    assert shown(found) == found
    assert [line.split(":")[0] for line in found.splitlines() if re.match(r"\w", line)] == [
        line.split(":")[0] for line in text.splitlines() if re.match(r"\w", line)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_text_comes_out_in_the_style(case: dict[str, str]) -> None:
    assert shown(case["text"]) == case["becomes"]
    assert shown(case["becomes"]) == case["becomes"]


@settings(max_examples=300, deadline=None)
@given(odd_texts())
def test_formatting_keeps_data_and_comments_and_is_done_after_once(text: str) -> None:
    try:
        before = parse(text.encode(), "v1.yaml")
    except PolicyError:
        assume(False)
    found = formatted(text.encode(), "v1.yaml")
    assert difference(before, parse(found, "v1.yaml")) is None
    numbers = [Counter(re.findall(r"c\d+;", each)) for each in (text, found.decode())]
    assert numbers[0] == numbers[1]
    assert formatted(found, "v1.yaml") == found


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_of_a_kind_has_its_place(kind: str) -> None:
    order = section_order(kind)
    assert sorted(order) == sorted({*policy_schema(kind)["properties"], "notice"})
    assert order[0] == "policy"
    assert order[-3:] == ["must hold", "prove", "examples"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"policy: [a\n", "v1.yaml:1:9: the `[` is never closed"),
        (b"policy: a\npolicy: b\n", "v1.yaml:2:1: `policy` appears twice"),
        (b"", "v1.yaml:1:1: the file is empty"),
        (b"policy: \xff\n", "v1.yaml:1:1: the file is not UTF-8 text"),
        (b"database_url: x\n", "v1.yaml:1:1: this is not a policy"),
        (b"- policy: x\n", "v1.yaml:1:1: this is not a policy"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_its_place(text: bytes, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        formatted(text, "v1.yaml")
    assert str(caught.value).startswith(message)


def test_line_ends_stay_those_of_the_file() -> None:
    assert formatted(b"policy:  a\r\nversion: 1\r\n", "v1.yaml") == b"policy: a\r\nversion: 1\r\n"


def test_a_row_that_does_not_fit_is_written_with_one_key_a_line() -> None:
    words = "because " * 13
    found = shown(f"policy: a\nrules:\n  - {{id: a, then: 1, because: {words}}}\n")
    assert found.endswith(f"rules:\n  - id: a\n    then: 1\n    because: {words.rstrip()}\n")
    assert max(map(len, found.splitlines())) <= WIDTH
