"""An output is one of its declared values, whoever computes it: a constant, too, is held to them."""

from __future__ import annotations

import pytest
from feel_cases import AT
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python import table_code
from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import CalculationFailed
from ordain.engine.policy.load import load_policy
from ordain.engine.values.types import Value

FACTS = "facts:\n  n: {type: number, meaning: a number}\n"
CONSTANTS = """constants: {good: '"x"', wrong: '"q"'}\n"""
EXAMPLE = "examples: [{given: {n: 1}, expect: {fired: []}}]\n"
FORMULA = "decides:\n  v: {gives: {type: text, values: [x, y]}, formula: NAME}\n  w: {gives: number, formula: n}\n"
TABLE = """\
decides:
  v:
    gives: {type: text, values: [x, y]}
    hit policy: HIT
    rules: [{id: a, when: {n: '> 1'}, then: '= NAME'}]
    otherwise: OTHERWISE
"""


def compiled(decides: str) -> CompiledPolicy:
    text = HEAD.format(kind="decision") + CONSTANTS + decides + EXAMPLE
    return compile_policy(load_policy(text.encode(), FILE, vocabulary(FACTS)))


def decided(decides: str, n: int) -> Value:
    values: dict[str, Value] = {"n": n}
    compiled(decides).run(values, AT, [])
    return values["v"]


def table(name: str, hit_policy: str = "first", otherwise: str = "x") -> str:
    return TABLE.replace("NAME", name).replace("HIT", hit_policy).replace("OTHERWISE", otherwise)


def test_a_formula_that_is_a_constant_is_held_to_the_declared_values() -> None:
    assert decided(FORMULA.replace("NAME", "good"), 2) == "x"
    with pytest.raises(CalculationFailed, match="`q` is not one of the declared values"):
        decided(FORMULA.replace("NAME", "wrong"), 2)


@pytest.mark.parametrize("least", [0, 16], ids=["by the index", "rule by rule"])
@pytest.mark.parametrize("hit_policy", ["first", "unique", "priority", "collect"])
def test_a_rule_that_gives_a_constant_is_held_to_the_declared_values(
    hit_policy: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_code, "INDEXED", least)
    assert decided(table("good", hit_policy), 2) in ("x", ("x",))
    with pytest.raises(CalculationFailed, match="`q` is not one of the declared values"):
        decided(table("wrong", hit_policy), 2)
    assert decided(table("wrong", hit_policy), 0) in ("x", ("x",)), "the rule did not fire"


@pytest.mark.parametrize("least", [0, 16], ids=["by the index", "rule by rule"])
def test_an_otherwise_that_is_a_constant_is_held_to_the_declared_values(
    least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_code, "INDEXED", least)
    with pytest.raises(CalculationFailed, match="`q` is not one of the declared values"):
        decided(table("good", otherwise="'= wrong'"), 0)
