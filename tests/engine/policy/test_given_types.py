"""What a formula or a table gives is of the type that `gives` says: fields, items, values and ranges, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from feel_cases import AT
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python import table_code
from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.errors import CalculationFailed, Issue, PolicyError
from ordain.engine.policy.load import load_policy
from ordain.engine.values.types import Value

FACTS = """\
facts:
  n: {type: number, meaning: a number}
  fee: {type: number, unit: INR, meaning: money}
  plan: {type: text, meaning: a plan}
  orders: {type: list of context, fields: {plan: text, price: {type: number, unit: INR}}, meaning: orders}
  mixed: {type: context, fields: {plan: text, price: {type: number, unit: INR, optional: true}}, meaning: one order}
"""
GIVEN: dict[str, Value] = {
    "n": Decimal("2"),
    "fee": Decimal("100.00"),
    "plan": "fibre",
    "orders": ({"plan": "fibre", "price": Decimal("10.10")}, {"plan": "basic", "price": Decimal("5")}),
    "mixed": {"plan": "x", "price": None},
}
SAMPLE = "n: 2, fee: 100, plan: fibre, orders: [], mixed: {plan: x, price: null}"


def compiled(decides: str) -> CompiledPolicy:
    read = [part for part in ("n", "fee", "plan", "orders", "mixed") if part in decides]
    known = dict(part.split(": ", 1) for part in ("n: 2", "fee: 100", "plan: fibre", "orders: []"))
    given = ", ".join(f"{name}: {known.get(name, '{plan: x, price: null}')}" for name in read)
    text = HEAD.format(kind="decision") + f"decides:\n{decides}examples: [{{given: {{{given}}}, refused: NotTried}}]\n"
    return compile_policy(load_policy(text.encode(), FILE, vocabulary(FACTS)))


def decided(decides: str, **given: Value) -> Value:
    values: dict[str, Value] = {**GIVEN, **given}
    compiled(decides).run(values, AT, [])
    return values["v"]


def refused(decides: str) -> list[tuple[str, str]]:
    """What is wrong with a policy: messages, and what each stands under."""
    with pytest.raises(PolicyError) as caught:
        compiled(decides)
    return [(issue.message, issue.span.text if issue.span else "") for issue in caught.value.issues]


def failed(decides: str, **given: Value) -> Issue:
    with pytest.raises(CalculationFailed) as caught:
        decided(decides, **given)
    return caught.value.issues[0]


CONTEXT = (
    "  v:\n    gives: {type: context, fields: {plan: text, total: {type: number, unit: INR}}}\n    formula: FORMULA\n"
)


def test_a_formula_gives_a_context_with_decimals() -> None:
    value = decided(CONTEXT.replace("FORMULA", '"{plan: plan, total: fee * 1.18}"'))
    assert value == {"plan": "fibre", "total": Decimal("118.0000")}
    assert type(value["total"]) is Decimal


def test_the_fields_come_in_the_order_in_which_they_are_declared() -> None:
    value = decided(CONTEXT.replace("FORMULA", '"{total: fee, plan: plan}"'))
    assert list(value) == ["plan", "total"]


def test_a_formula_gives_a_list_of_contexts() -> None:
    gives = "  v:\n    gives: {type: list of context, fields: {plan: text, dear: {type: number, unit: INR}}}\n"
    value = decided(gives + '    formula: "for o in orders return {plan: o.plan, dear: o.price * 2}"\n')
    assert value == ({"plan": "fibre", "dear": Decimal("20.20")}, {"plan": "basic", "dear": Decimal(10)})


def test_several_outputs_have_one_formula_together() -> None:
    gives = "  v:\n    gives: {total: {type: number, unit: INR}, months: number}\n"
    assert decided(gives + '    formula: "{total: fee * n, months: 12}"\n') == {"total": 200, "months": 12}


def test_several_outputs_have_a_formula_each_and_a_later_one_reads_an_earlier_one() -> None:
    text = (
        "  v:\n    gives: {total: {type: number, unit: INR}, tax: {type: number, unit: INR}, note: text}\n"
        "    formula: {tax: total * 0.18, total: fee * n, note: '\"of \" + plan'}\n"
        "  w: {gives: number, formula: v.tax * 2}\n"
    )
    value = decided(text)
    assert value == {"total": 200, "tax": Decimal("36"), "note": "of fibre"}
    assert list(value) == ["total", "tax", "note"], "in the order of `gives`, however the formulas stand"


def test_contexts_stand_inside_of_contexts() -> None:
    gives = (
        "  v:\n    gives: {type: context, fields: {best: {type: context, fields: {plan: text}}, all: list of text}}\n"
    )
    value = decided(gives + '    formula: "{best: {plan: plan}, all: orders.plan}"\n')
    assert value == {"best": {"plan": "fibre"}, "all": ("fibre", "basic")}


def test_an_optional_field_may_be_left_out_and_is_null() -> None:
    gives = "  v:\n    gives: {type: context, fields: {plan: text, note: {type: text, optional: true}}}\n"
    assert decided(gives + '    formula: "{plan: plan}"\n') == {"plan": "fibre", "note": None}


@pytest.mark.parametrize(
    ("formula", "message", "under"),
    [
        ('"{plan: plan}"', "`total` is missing, which `gives` names", "{plan: plan}"),
        ('"{plan: plan, total: fee, more: 1}"', "`gives` has no field `more`", "more: 1"),
        ('"{plan: n, total: fee}"', "`plan` is a number, but a text is needed", "n"),
        ('"{plan: null, total: fee}"', "`plan` may not be null", "null"),
        ("orders[1]", "`gives` has no field `price`", "orders[1]"),
        ("plan", "`plan` gives a text, but a context is needed", "plan"),
    ],
)
def test_a_context_that_is_not_as_declared_is_an_error_at_the_part_that_is_wrong(
    formula: str, message: str, under: str
) -> None:
    found = refused(CONTEXT.replace("FORMULA", formula))
    assert (message, under) in found


def test_a_null_in_a_field_that_may_not_be_null_is_told_when_it_is_decided() -> None:
    text = CONTEXT.replace("FORMULA", '"{plan: mixed.plan, total: mixed.price}"')
    assert "`v.total` is null, and `gives` does not say that it may be" in failed(text).message
    given = {"mixed": {"plan": "x", "price": Decimal("7.50")}}
    assert decided(text, **given) == {"plan": "x", "total": Decimal("7.50")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "  v:\n    gives: {a: number}\n    formula: {b: 1}\n",
            "this decision has no output `b`",
        ),
        ("  v:\n    gives: {a: number, b: number}\n    formula: {a: 1}\n", "the formula of the output `b` is missing"),
        (
            "  v:\n    gives: number\n    formula: {a: 1}\n",
            "there is a formula for each output, and `gives` names no outputs",
        ),
        (
            "  v:\n    gives: {n: number, b: number}\n    formula: {n: 1, b: n * 2}\n",
            "`n` may be the output of this decision, or what has that name already",
        ),
        ("  v:\n    gives: context\n    formula: 1\n", "a context needs `fields`"),
        ("  v:\n    gives: {type: number, fields: {a: text}}\n    formula: 1\n", "`fields` are those of a context"),
        (
            "  v:\n    gives: {type: text, range: 0..1}\n    formula: '\"x\"'\n",
            "a range is of numbers, and this is a text",
        ),
        ("  v:\n    gives: {type: number, range: 9..1}\n    formula: 1\n", "the range 9..1 is empty: 9 is above 1"),
    ],
)
def test_what_gives_says_wrongly_is_told_with_what_is_wrong(text: str, message: str) -> None:
    assert message in [said for said, _ in refused(text)]


# --- ranges

TABLE = """\
  v:
    gives: {percent: {type: number, range: "[0..40]"}, note: text}
    hit policy: HIT
    rules:
      - {id: much, when: {n: "> 1"}, then: {percent: PERCENT, note: x}}
    otherwise: {percent: OTHERWISE, note: y}
"""


def table(percent: str, hit_policy: str = "first", otherwise: str = "0") -> str:
    return TABLE.replace("PERCENT", percent).replace("HIT", hit_policy).replace("OTHERWISE", otherwise)


@pytest.mark.parametrize("percent", ["45", "-1", "40.01", "if n > 5 then 10 else 45"])
def test_a_constant_outside_of_its_range_is_an_error_at_its_cell(percent: str) -> None:
    ((message, under),) = refused(table(percent))
    assert message.endswith("is outside [0..40], the range that `gives` declares")
    assert under in percent


@pytest.mark.parametrize("percent", ["0", "40", "12.5"])
def test_a_constant_within_its_range_is_given_as_it_is(percent: str) -> None:
    assert decided(table(percent))["percent"] == Decimal(percent)


@pytest.mark.parametrize("least", [0, 16], ids=["by the index", "rule by rule"])
@pytest.mark.parametrize("hit_policy", ["first", "unique", "collect"])
def test_a_computed_value_outside_of_its_range_is_refused_and_never_clipped(
    hit_policy: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_code, "INDEXED", least)
    text = table("n * 10", hit_policy)
    value = decided(text, n=Decimal(4))
    assert (value[0] if hit_policy == "collect" else value)["percent"] == 40
    told = failed(text, n=Decimal("4.1"))
    assert told.message == "rule `much` cannot be calculated: `percent` would be 41.0, and its range is [0..40]"
    assert told.span is not None
    assert told.span.line > 1


def test_otherwise_is_held_to_the_range_too() -> None:
    assert "`percent` would be -1" in failed(table("1", otherwise="0 - n"), n=Decimal(1)).message
    assert refused(table("1", otherwise="50")) != []


def test_a_formula_and_the_items_of_a_list_are_held_to_their_range() -> None:
    formula = '  v: {gives: {type: number, range: "(0..100)"}, formula: n * 50}\n'
    assert decided(formula, n=Decimal(1)) == 50
    assert "`v` would be 100, and its range is (0..100)" in failed(formula).message
    items = '  v: {gives: {type: list of number, range: "0.."}, formula: "[n, n - 3]"}\n'
    assert decided(items, n=Decimal(3)) == (3, 0)
    assert "`v` would be -1, and its range is [0..]" in failed(items).message


def test_a_field_has_a_range_of_its_own() -> None:
    text = "  v:\n    gives: {type: context, fields: {share: {type: number, range: 0..1}}}\n"
    assert decided(text + '    formula: "{share: n / 4}"\n') == {"share": Decimal("0.5")}
    assert "`v.share` would be 2" in failed(text + '    formula: "{share: n}"\n').message
    assert refused(text + '    formula: "{share: 7}"\n') == [
        ("7 is outside [0..1], the range that `gives` declares", "7")
    ]


@pytest.mark.parametrize("least", [0, 16], ids=["by the index", "rule by rule"])
def test_with_an_aggregation_the_range_is_that_of_the_result(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_code, "INDEXED", least)
    text = (
        "  v:\n    gives: {type: number, range: 0..40}\n    hit policy: collect\n    aggregation: sum\n"
        '    rules:\n      - {id: a, when: {n: "> 0"}, then: 50}\n      - {id: b, when: {n: "> 1"}, then: -20}\n'
    )
    assert decided(text) == 30, "50 alone would be outside, and is only a part"
    assert "`v` would be 50, and its range is [0..40]" in failed(text, n=Decimal(1)).message


def test_what_reads_an_output_knows_its_range() -> None:
    text = table("n * 10") + "  w:\n    gives: text\n    rules: [{id: a, when: {v.percent: '> 50'}, then: x}]\n"
    (warning,) = compiled(text).policy.warnings
    assert warning.message == "`> 50` is never true: `v.percent` is between 0 and 40"


def test_the_sum_of_a_list_is_not_taken_to_be_in_the_range_of_its_items() -> None:
    text = '  v: {gives: {type: list of number, range: "0..40"}, formula: "[n, n]"}\n'
    text += "  w: {gives: flag, formula: sum(v) > 50}\n"
    assert compiled(text).policy.warnings == ()
