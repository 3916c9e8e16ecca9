"""What goes out to a sheet and comes back untouched is the same file, whatever its texts are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheet_cases import FORMS, edited, grid, loaded, returned, text_with, through

from ordain.engine.catalog import read_texts
from ordain.engine.errors import PolicyError
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy, Table
from ordain.engine.sheets.back import bring_back
from ordain.engine.sheets.book import book_of
from ordain.engine.text.scalars import scalar

TEXTS = read_texts(Path(__file__).parents[3] / "policies")
SHIPPED = load_vocabulary(TEXTS.vocabulary, "policies/facts.yaml")
SIGNS = [*"ab 0.-=+@#:;,'\"|{}[]<>*&!%?\\/\n\té", "😀", "\u2028", "_x0041_", "null", "true", "1e5", "＝", "- ", " #"]
odd = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=8).map("".join)
said = odd.filter(lambda text: bool(text.strip()))


def plain(text: str) -> str:
    """A reason without braces, between which the value of a name would stand."""
    return text.translate({ord("{"): "(", ord("}"): ")"})


many = settings(max_examples=60, deadline=None)


def rules_text(rules: list[tuple[str, str, str]], flow: bool) -> str:
    """A table whose rules have these texts: an output, a reason, a comment."""
    lines = ["decides:", "  say:", "    gives: text", "    hit policy: first", "    rules:"]
    for number, (output, because, comment) in enumerate(rules):
        lines += [f"      # {line}".rstrip() for line in comment.splitlines()]
        parts = [
            f"id: r{number}",
            f"when: {{city: {scalar(quoted(output))}}}",
            f"then: {scalar(quoted(output), flow=flow)}",
            f"because: {scalar(plain(because), words_only=True, flow=flow)}",
        ]
        if flow:
            lines.append(f"      - {{{', '.join(parts)}}}")
        else:
            lines += ["      - " + parts[0], *(f"        {part}" for part in parts[1:])]
    return text_with("\n".join(lines) + "\n")


def quoted(text: str) -> str:
    """A FEEL text."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{inner}"'


def table(policy: Policy) -> Table:
    (found,) = (decision for decision in policy.decisions if isinstance(decision, Table))
    return found


tables = st.builds(rules_text, st.lists(st.tuples(odd, odd, odd), min_size=1, max_size=4), st.booleans())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("file", TEXTS.policies)
def test_every_shipped_policy_comes_back_byte_for_byte(file: str, form: str) -> None:
    policy = load_policy(TEXTS.policies[file], file, SHIPPED)
    if policy.kind == "pricing":
        with pytest.raises(PolicyError, match="has no list of rules"):
            book_of(policy)
        return
    assert bring_back(through(book_of(policy), form), policy, SHIPPED, file).text == policy.text


@pytest.mark.parametrize("form", FORMS)
@many
@given(text=tables)
def test_odd_texts_come_back_byte_for_byte(form: str, text: str) -> None:
    policy = loaded(text)
    book = book_of(policy)
    assert grid(through(book, form).sheets[0]) == grid(book.sheets[0])
    assert returned(policy, book, form).text == text.encode()


@pytest.mark.parametrize("form", FORMS)
@many
@given(text=tables, because=said.map(plain), output=said)
def test_odd_texts_written_in_a_sheet_are_what_the_policy_says(form: str, text: str, because: str, output: str) -> None:
    policy = loaded(text)
    steps = [{"set": ["r0", "because", because]}, {"set": ["r0", "then", quoted(output)]}]
    new = returned(policy, edited(policy, steps), form)
    assert new.policy is not None
    before, after = table(policy).rules, table(new.policy).rules
    kept = " ".join(before[0].because.split()) == because  # a number that is equal stays as it was written
    assert kept or same_number(before[0].because, because) or after[0].because == because
    assert after[0].gives[0].tree.value == output  # type: ignore[attr-defined]
    assert [(rule.id, rule.because) for rule in after[1:]] == [(rule.id, rule.because) for rule in before[1:]]


def same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return {one, other.strip().lower()} in ({"true"}, {"false"})


@many
@given(text=tables, because=said.map(plain), comment=st.lists(st.sampled_from("ab #:"), min_size=1).map("".join))
def test_new_rules_say_what_the_sheet_says(text: str, because: str, comment: str) -> None:
    policy = loaded(text)
    step = {"add": {"id": "new", "then": "x", "because": because, "comment": comment}, "below": "r0"}
    new = returned(policy, edited(policy, [step]))
    assert new.policy is not None
    added = table(new.policy).rules[1]
    assert (added.id, added.because) == ("new", because)
    again = book_of(new.policy).sheets[0].rows[1]
    assert again[-1].text.strip() == comment.strip()


@many
@given(text=tables, data=st.data())
def test_moved_rules_are_the_same_rules(text: str, data: st.DataObject) -> None:
    policy = loaded(text)
    ids = [rule.id for rule in table(policy).rules]
    order = data.draw(st.permutations(ids))
    steps = [{"move": name, "below": above} for name, above in zip(order, ["", *order], strict=False)]
    new = returned(policy, edited(policy, steps))
    assert new.policy is not None
    assert [rule.id for rule in table(new.policy).rules] == order
    reasons = {rule.id: rule.because for rule in table(policy).rules}
    assert all(rule.because == reasons[rule.id] for rule in table(new.policy).rules)
    assert sorted(new.text.decode().splitlines()) == sorted(text.splitlines())
