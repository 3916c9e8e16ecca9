"""The helpers that messages are made with: counted nouns, the words that may be meant, and types in words."""

from __future__ import annotations

import pytest

from ordain.engine.errors import counted, did_you_mean
from ordain.engine.values.types import DATE, FLAG, NULL, NUMBER, Type, described, list_of

MANY = [f"fact_{letter}" for letter in "abcdefghijklmnop"]


@pytest.mark.parametrize(
    ("number", "noun", "wanted"),
    [(0, "rule", "0 rules"), (1, "rule", "1 rule"), (2, "rule", "2 rules"), (1200, "more gap", "1,200 more gaps")],
)
def test_a_counted_noun_is_singular_for_one_alone(number: int, noun: str, wanted: str) -> None:
    assert counted(number, noun) == wanted


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert (counted(1, "entry", "entries"), counted(3, "entry", "entries")) == ("1 entry", "3 entries")


def test_the_nearest_known_word_is_offered() -> None:
    assert did_you_mean("teir", ["tier", "risk"]) == "did you mean `tier`?"


def test_when_no_word_is_near_a_few_are_all_listed_and_of_many_the_nearest() -> None:
    assert did_you_mean("zzz", ["tier", "risk"]) == "known: risk, tier"
    hint = did_you_mean("zzz", MANY)
    assert hint.startswith("nearest: ")
    assert len(hint.removeprefix("nearest: ").split(", ")) == 5


@pytest.mark.parametrize(
    ("type", "one", "many"),
    [
        (NUMBER, "a number", "numbers"),
        (FLAG, "a yes/no value", "yes/no values"),
        (DATE, "a date", "dates"),
        (NULL, "null", "null"),
        (list_of(NUMBER), "a list of number", "values of type list of number"),
    ],
)
def test_a_type_in_words(type: Type, one: str, many: str) -> None:
    assert (described(type), described(type, many=True)) == (one, many)
