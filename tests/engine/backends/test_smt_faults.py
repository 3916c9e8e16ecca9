"""The reading for proofs says something of every function and operation, and a fault planted in it is caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import z3
from smt_compared import READINGS, reading

from ordain.engine.backends.smt import smt_expressions, smt_functions, smt_operations, smt_tables, terms, world
from ordain.engine.backends.smt.smt_expressions import Reader
from ordain.engine.backends.smt.smt_tables import TableTerms
from ordain.engine.backends.smt.unsupported import Unsupported
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.operators import OPERATIONS


def test_every_function_has_an_emitter_or_a_reason() -> None:
    assert smt_functions.FUNCTIONS.keys() == FUNCTIONS.keys()


def test_every_operation_has_an_emitter_or_a_reason() -> None:
    assert smt_operations.EMITTERS.keys() == OPERATIONS.keys()


def test_what_has_no_emitter_says_why() -> None:
    every = {**smt_functions.FUNCTIONS, **smt_operations.EMITTERS}
    assert all(entry.reason for entry in every.values() if isinstance(entry, Unsupported))
    assert sum(not isinstance(entry, Unsupported) for entry in every.values()) > 60


@pytest.mark.parametrize("number", range(len(READINGS)))
def test_the_fixed_cases_are_read_alike(number: int) -> None:
    assert reading(number) == "same"


HALF = z3.RealVal("1/2")
Plant = Callable[[pytest.MonkeyPatch], Any]


def _function(name: str, other: str) -> Plant:
    return lambda patch: patch.setitem(smt_functions.FUNCTIONS, name, smt_functions.FUNCTIONS[other])


def _no_guard(patch: pytest.MonkeyPatch) -> None:
    def divided(reader: Reader, node: Any, path: Any, left: Any, right: Any) -> Any:
        return reader.world.exact(left.term / right.term, None)

    patch.setitem(smt_operations.EMITTERS, "number / number", divided)


def _last_rule_first(patch: pytest.MonkeyPatch) -> None:
    first = TableTerms._first

    def reversed_rules(self: TableTerms, columns: Any) -> Any:
        self.plan = replace(self.plan, rules=tuple(reversed(self.plan.rules)))
        return first(self, columns)

    patch.setattr(TableTerms, "_first", reversed_rules)


def _ordered(signs: dict[str, str]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        ordered = Reader.ordered
        patch.setattr(
            Reader,
            "ordered",
            lambda self, op, left, right, span: ordered(self, signs.get(op, op), left, right, span),
        )

    return plant


PLANTED: dict[str, Plant] = {
    "half up is half even": _function("round half up", "decimal"),
    "half even is half up": _function("decimal", "round half up"),
    "half up goes up, not away from zero": lambda patch: patch.setitem(
        smt_functions.FUNCTIONS,
        "round half up",
        smt_functions._rounded(lambda term: z3.ToInt(term + HALF)),
    ),
    "the remainder has the dividend's sign": lambda patch: patch.setitem(
        smt_functions.FUNCTIONS,
        "modulo",
        lambda reader, node, path, value, by: replace(
            value, term=value.term - by.term * z3.ToReal(-z3.ToInt(-value.term / by.term))
        ),
    ),
    "a division by zero is any value": _no_guard,
    "every fourth year is a leap year": lambda patch: patch.setattr(world, "is_leap", lambda year: year % 4 == 0),
    "a month has thirty days": lambda patch: patch.setattr(smt_operations, "month_length", lambda year, month: 30),
    "the week begins on Sunday": lambda patch: patch.setattr(smt_operations, "weekday", lambda term: term % 7 + 1),
    "a null is let through": lambda patch: patch.setattr(
        Reader,
        "fault",
        lambda self, when, ends, about, span: (
            None
            if ends is smt_expressions.Ends.LACKS
            else self.faults.append(smt_expressions.Fault(when, ends, about, span))
        ),
    ),
    "an open end is a closed one": _ordered({"<": "<="}),
    "a closed end is an open one": _ordered({"<=": "<"}),
    "the last rule wins": _last_rule_first,
    "rules that disagree are not looked at": lambda patch: patch.setattr(
        smt_tables, "either", lambda *parts: False if len(parts) == 2 and parts[0] is False else terms.either(*parts)
    ),
    "what a table with no rule gives is anything": lambda patch: patch.setattr(
        TableTerms, "_otherwise", lambda self, path: terms.NULL
    ),
    "a table asks for its nulls before its other cells": lambda patch: patch.setattr(
        smt_tables, "either", lambda *parts: parts[-1] if len(parts) == 2 else terms.either(*parts)
    ),
    "items are counted twice": lambda patch: patch.setattr(
        smt_functions, "counted", lambda items: terms.number(Decimal(2 * len(items)))
    ),
    "the greatest is the least": _function("max", "min"),
    "texts are ordered backwards": lambda patch: patch.setattr(
        Reader,
        "literal",
        _backwards(Reader.literal),
    ),
}


def _backwards(literal: Any) -> Any:
    def made(self: Reader, value: Any, span: Any) -> Any:
        sym = literal(self, value, span)
        return replace(sym, term=z3.IntVal(self.world.codes.last)) if value == "m" else sym

    return made


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_planted_in_the_reading_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[name](monkeypatch)
    assert any(reading(number) != "same" for number in range(len(READINGS))), f"nothing shows that {name}"
