"""A catalog that is loaded again: only what has changed is read and compiled, and what is wrong is said again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import PolicyError
from ordain.engine.versions import Kept

FACTS = """\
facts:
  base: {type: number, unit: INR, meaning: b}
  other: {type: number, meaning: o}
  share: {type: number, source: policy shares, meaning: s}
"""
SERVICES = "services:\n  quote: {purpose: A case., policies: [shares, fees], gives: [fee]}\n"


def policy(name: str, output: str, formula: str, given: str) -> str:
    return f"""\
policy: {name}
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  {output}: {{gives: number, formula: {formula}}}
examples:
  - given: {{{given}}}
    expect: {{{output}: 0}}
"""


FILES = {
    "shares/v1": policy("shares", "share", "other / 2", "other: 0"),
    "fees/v1": policy("fees", "fee", "share * 3", "share: 0"),
    "taxes/v1": policy("taxes", "tax", "base / 5", "base: 0"),
}


@pytest.fixture
def loaded() -> tuple[Texts, Kept]:
    policies = {f"policies/{name}.yaml": text.encode() for name, text in FILES.items()}
    all_texts, kept = Texts(FACTS.encode(), SERVICES.encode(), policies), Kept()
    load_catalog(all_texts, kept=kept)
    assert len(kept.compiled) == len(FILES)
    return all_texts, kept


def changed(before: Texts, file: str, old: str, new: str) -> Texts:
    """The texts with `new` for `old` in one policy."""
    name = f"policies/{file}.yaml"
    return replace(before, policies={**before.policies, name: _swapped(before.policies[name], old, new)})


def with_facts(before: Texts, old: str, new: str) -> Texts:
    return replace(before, vocabulary=_swapped(before.vocabulary, old, new))


def _swapped(text: bytes, old: str, new: str) -> bytes:
    assert old.encode() in text
    return text.replace(old.encode(), new.encode())


def test_nothing_is_compiled_when_nothing_has_changed(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    first = load_catalog(before, kept=kept)
    assert kept.compiled == ()
    assert load_catalog(before, kept=kept).versions == first.versions


def test_only_the_changed_policy_is_compiled(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    catalog = load_catalog(changed(before, "fees/v1", "share * 3", "share * 4"), kept=kept)
    assert kept.compiled == ("policies/fees/v1.yaml",)
    assert b"share * 4" in catalog.versions["fees"][0].policy.text


def test_a_fact_that_changed_has_those_compiled_that_read_or_give_it(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    load_catalog(with_facts(before, "meaning: s", "meaning: the share"), kept=kept)
    assert kept.compiled == ("policies/shares/v1.yaml", "policies/fees/v1.yaml")


def test_a_comment_in_the_facts_has_nothing_compiled(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    load_catalog(with_facts(before, "facts:\n", "# What a policy may read.\nfacts:\n"), kept=kept)
    assert kept.compiled == ()


def test_a_new_fact_has_all_compiled(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    load_catalog(with_facts(before, "facts:\n", "facts:\n  rate: {type: number, meaning: r}\n"), kept=kept)
    assert len(kept.compiled) == len(FILES)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fees/v1", "share * 3", "share * nothing"),
        ("fees/v1", "expect: {fee: 0}", "expect: {fee: 1}"),
        ("fees/v1", "version: 1", "version: 2"),
        ("fees/v1", "purpose: A case.", "porpoise: A case."),
        ("taxes/v1", "gives: number", "gives: text"),
        ("shares/v1", "share:", "part:"),
    ],
)
def test_what_is_wrong_is_said_as_by_a_first_load_and_each_time(
    loaded: tuple[Texts, Kept], file: str, old: str, new: str
) -> None:
    before, kept = loaded
    wrong = changed(before, file, old, new)
    for _ in range(2):
        with pytest.raises(PolicyError) as afresh:
            load_catalog(wrong)
        with pytest.raises(PolicyError) as again:
            load_catalog(wrong, kept=kept)
        assert again.value.issues == afresh.value.issues
        assert check_policies(wrong, kept=kept).issues == check_policies(wrong).issues
    assert load_catalog(before, kept=kept).versions.keys() == load_catalog(before).versions.keys()


def test_a_policy_whose_file_is_gone_is_forgotten(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    fewer = {name: text for name, text in before.policies.items() if "taxes" not in name}
    assert "taxes" not in load_catalog(replace(before, policies=fewer), kept=kept).versions
    load_catalog(before, kept=kept)
    assert kept.compiled == ("policies/taxes/v1.yaml",)


def test_what_decides_already_is_not_compiled_again(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    deciding = load_catalog(before, kept=kept)
    other = Kept()
    other.note(deciding.versions, deciding.vocabulary)
    after = changed(before, "fees/v1", "share * 3", "share * 4")
    catalog = load_catalog(after, kept=other)
    assert other.compiled == ("policies/fees/v1.yaml",)
    assert catalog.versions["taxes"] == deciding.versions["taxes"]
    assert catalog.versions["fees"] != deciding.versions["fees"]


def test_what_decides_by_other_facts_is_compiled_again(loaded: tuple[Texts, Kept]) -> None:
    before, kept = loaded
    deciding = load_catalog(before, kept=kept)
    other = Kept()
    other.note(deciding.versions, deciding.vocabulary)
    load_catalog(with_facts(before, "meaning: b", "range: 0..5, meaning: b"), kept=other)
    assert "policies/taxes/v1.yaml" in other.compiled
