"""Tables under `functions`: called in formulas, for each item of a list too, in a policy and in what policies share."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import HEAD, loaded
from shared_texts import INDIA, texts

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.check.findings import check_policies
from ordain.engine.compare.difference import differences
from ordain.engine.errors import CustomerDataIncomplete, OrdainError, PolicyError
from ordain.engine.examples.coverage import measure
from ordain.engine.examples.suggestions import suggest
from ordain.engine.policy.facts import Facts
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.step import Step, Trail, steps_of

AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
FACTS = """\
facts:
  lines:
    type: list of context
    fields: {name: text, gb: {type: number, optional: true}, plan: text}
    meaning: The lines of the account.
  plan: {type: text, values: [basic, best], meaning: The plan of the account.}
  faith: {type: text, protected: true, meaning: A religion.}
  factor: {type: number, meaning: A factor.}
"""
TIER = """\
  tier:
    takes: {gb: {type: number, range: "[0..1000]"}, plan: {type: text, values: [basic, premium]}, name: text}
    gives: {fee: number, label: text}
    hit policy: first
    rules:
      - {id: heavy, when: {gb: "> big", plan: premium}, then: {fee: gb * 2, label: heavy}, because: "{name}: {gb}"}
      - {id: light, when: {gb: "<= big"}, then: {fee: 50, label: light}}
    otherwise: {fee: 99, label: other}
"""
LINES = "[{name: a, gb: 200, plan: premium}, {name: b, gb: 2, plan: basic}, {name: c, gb: 300, plan: basic}]"
EACH = "for line in lines return tier(line.gb, line.plan, line.name)"
EXAMPLE = f"  - given: {{lines: {LINES}}}\n    expect: {{total: 549, fired: [heavy, light]}}\n"


def order(functions: str = TIER, *, total: str = f"sum(({EACH}).fee)", examples: str = EXAMPLE, more: str = "") -> str:
    return (
        HEAD.format(kind="decision")
        + more
        + ("functions:\n" + functions if functions else "")
        + f"decides:\n  total: {{gives: number, formula: '{total}'}}\nexamples:\n{examples}"
    )


OWN = order(more="constants: {big: 100}\n")


def steps(policy: Policy, facts: dict[str, Any]) -> list[Step]:
    trail: Trail = []
    compile_policy(policy).decide(dict(facts), AT, trail)
    return steps_of(trail)


def line(gb: object, plan: str = "basic", name: str = "x") -> dict[str, Any]:
    return {"name": name, "gb": None if gb is None else Decimal(str(gb)), "plan": plan}


def refusal(text: str, facts: str = FACTS) -> list[tuple[str, str]]:
    with pytest.raises(PolicyError) as caught:
        loaded(text, facts)
    return [(issue.message, issue.hint) for issue in caught.value.issues]


def test_each_call_is_a_step_with_the_rule_that_fired_in_the_order_of_the_items() -> None:
    facts = {"lines": (line(200, "premium", "a"), line(2, name="b"), line(300, name="c"))}
    told = [(each.decision.name, each.fired, each.value, each.said) for each in steps(loaded(OWN, FACTS), facts)]
    assert told == [
        ("tier", (0,), {"fee": 400, "label": "heavy"}, ((0, "a: 200"),)),
        ("tier", (1,), {"fee": 50, "label": "light"}, ()),
        ("tier", (), {"fee": 99, "label": "other"}, ()),
        ("total", (), 549, ()),
    ]


RULES = 'when: {{n: "[{low}..{high})"}}, then: {then}'
NUMBERS = "facts: {numbers: {type: list of number, meaning: N.}, n: {type: number, meaning: N.}}"


def of_numbers(rules: int, hit_policy: str, functions: bool) -> Policy:
    """A policy that decides one table for each of `numbers`, or for `n` alone."""
    rows = [
        f"      - {{id: r{number}, " + RULES.format(low=number * 3, high=number * 3 + 5, then=f"n + {number}") + "}\n"
        for number in range(rules)
    ]
    table = f"    gives: number\n    hit policy: {hit_policy}\n    rules:\n{''.join(rows)}"
    gives = "list of number" if hit_policy == "collect" else "number"
    if functions:
        loop = "for n in numbers return t(n)"
        formula = loop if gives == "number" else f"flatten({loop})"
        text = f"functions:\n  t:\n    takes: {{n: number}}\n{table}    otherwise: -1\n" + (
            "decides:\n  answer:\n    gives: {type: list of number}\n"
            f"    formula: {formula}\n"
            "examples:\n  - {given: {numbers: []}, expect: {answer: []}}\n"
        )
    else:
        text = f"decides:\n  answer:\n{table}    otherwise: -1\n" + (
            f"examples:\n  - {{given: {{n: -5}}, expect: {{answer: {'[-1]' if gives != 'number' else -1}}}}}\n"
        )
    return loaded(HEAD.format(kind="decision") + text, NUMBERS)


@pytest.mark.parametrize(("rules", "hit_policy"), [(5, "first"), (40, "first"), (5, "collect"), (40, "collect")])
def test_a_table_that_is_called_decides_as_the_same_table_does_as_a_decision(rules: int, hit_policy: str) -> None:
    called, alone = (compile_policy(of_numbers(rules, hit_policy, functions)) for functions in (True, False))

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(-5, rules * 3 + 9).map(Decimal), max_size=6))
    def agree(numbers: list[Decimal]) -> None:
        values: dict[str, Any] = {"numbers": tuple(numbers)}
        trail: Trail = []
        called.decide(values, AT, trail)
        single: list[Any] = []
        fired = []
        for number in numbers:
            own: Trail = []
            of_one: dict[str, Any] = {"n": number}
            alone.decide(of_one, AT, own)
            single += [of_one["answer"]] if hit_policy == "first" else of_one["answer"]
            fired.append(own[0][1:3])
        assert values["answer"] == tuple(single)
        assert [step[1:3] for step in trail[:-1]] == fired

    agree()


def test_functions_and_tables_call_those_above_them_and_read_facts_and_constants() -> None:
    functions = (
        '  twice: "function(x: number) x * factor"\n'
        + TIER.replace("gb * 2", "twice(gb)")
        + '  fee: "function(gb: number) tier(gb, \\"premium\\", \\"-\\").fee"\n'
        + "  grade:\n    takes: {gb: number}\n    gives: text\n"
        + '    rules: [{id: dear, when: {fee(gb): "> 150"}, then: "{gb} is dear"}]\n    otherwise: cheap\n'
    )
    text = order(
        functions,
        total='if grade(120) = "120 is dear" and grade(5) = "cheap" then fee(120) else 0',
        examples="  - given: {factor: 3}\n    expect: {total: 360, fired: [dear, heavy, light]}\n",
        more="constants: {big: 100}\n",
    )
    policy = loaded(text, FACTS)
    assert policy.reads == ("factor",)


def test_a_parameter_hides_the_fact_and_the_constant_of_its_name() -> None:
    functions = (
        "  doubled:\n    takes: {faith: number, big: number}\n    gives: number\n"
        '    rules: [{id: some, when: {faith: "> big"}, if: big > 1, then: faith * big}]\n    otherwise: 0\n'
    )
    text = order(
        functions,
        total="doubled(7, 2) + big",
        examples="  - given: {}\n    expect: {total: 114}\n",
        more="constants: {big: 100}\n",
    )
    policy = loaded(text, FACTS)
    assert policy.reads == ()
    (table,) = (function.table for function in policy.functions)
    assert not any(part.reads for rule in table.rules for part in rule.gives)
    priced = text.replace("kind: decision", "kind: pricing").replace(
        "decides:\n  total: {gives: number, formula: 'doubled(7, 2) + big'}",
        "price:\n  total: {formula: 'doubled(7, 2) + big', currency: INR, round: half up to 0.01}",
    )
    assert loaded(priced, FACTS).reads == ()
    services = "services: {s: {purpose: P., policies: [sample], gives: [total]}}"
    held = Texts(FACTS.encode(), services.encode(), {"policies/sample/v1.yaml": priced.encode()})
    assert not [issue for issue in check_policies(held).issues if "protected" in issue.code]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (line(None), "`tier` needs `gb`, which is missing"),
        (line(5, "gold"), "`tier` cannot be calculated: `gold` is not one of the declared values"),
        (line(2000), "`tier` cannot be calculated: `gb` would be 2000, and its range is [0..1000]"),
    ],
)
def test_what_a_table_does_not_take_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OrdainError) as caught:
        steps(loaded(OWN, FACTS), {"lines": (given,)})
    assert message in caught.value.message
    assert isinstance(caught.value, CustomerDataIncomplete) == (given["gb"] is None)


def test_a_parameter_that_may_be_null_has_a_cell_for_it() -> None:
    functions = (
        "  known:\n    takes: {gb: {type: number, optional: true}}\n    gives: number\n"
        '    rules: [{id: none, when: {gb: "null"}, then: 7}, {id: some, when: {gb: ">= 0"}, then: gb}]\n'
    )
    total = "sum(for line in lines return known(line.gb))"
    policy = loaded(order(functions, total=total, examples=EXAMPLE.replace("549, fired: [heavy, light]", "502")), FACTS)
    assert steps(policy, {"lines": (line(None), line(3))})[-1].value == 10


def test_calls_are_work_that_ends_a_decision_before_its_record_is_too_long() -> None:
    text = order(
        total='count(for n in 1..200000 return tier(5, "basic", "-"))',
        examples="  - {given: {}, refused: CalculationFailed}\n",
        more="constants: {big: 100}\n",
    )
    loaded(text, FACTS)


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("    takes: ", "    takse: ", "`takes` is missing in `functions.tier`", ""),
        ("gb * 2", '"tier(gb, plan, name).fee"', "`tier` calls itself, which no function can", ""),
        ("gb * 2", "gbb * 2", "unknown fact `gbb`", "did you mean `gb`?"),
        (
            "plan: premium}",
            "plan: premum}",
            "`premum` is neither one of the values nor a fact",
            "did you mean `premium`?",
        ),
        ("takes: {gb:", "takes: {gb nn:", "`gb nn` cannot be a name", "use letters, digits and `_`, but no keyword"),
        ("takes: {gb: {type: number", "takes: {gb: {type: float", "unknown type `float`", "write `number`"),
        ("line.plan, line.name", "line.gb, line.name", "`tier` takes a text here, but `line.gb` is a number", ""),
        ("line.plan, line.name", "line.plan", "`tier` takes 3 arguments, and 2 are given", ""),
        ("  tier:", "  sum:", "`sum` is a built-in function", "choose another name"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_at_its_place(old: str, new: str, message: str, hint: str) -> None:
    assert old in OWN
    found = refusal(OWN.replace(old, new, 1))
    assert message in [told for told, _ in found], found
    assert any(told == message and hint in of for told, of in found), found


SHARED = INDIA.replace("constants:\n", "constants:\n  big: 100\n") + TIER
SERVICES = "services: {sample: {purpose: A case., policies: [sample], gives: [total]}}"


def shared(policy: str, part: str = SHARED) -> Texts:
    held = texts(policy, {"india/v1": part}, FACTS)
    return Texts(held.vocabulary, SERVICES.encode(), held.policies, shared=held.shared)


USER = order("", more="uses: [india@1]\n")


def test_a_shared_table_is_called_with_its_constants_and_only_where_it_is_named() -> None:
    catalog = load_catalog(shared(USER))
    plan = catalog.pick("sample", AT)
    lines = (line(101, "premium"), line(99))
    outcome = plan.evaluate(Facts({"lines": lines}, {"lines": "request"}), AT)
    assert outcome.values["total"] == 252
    assert [(each["decision"], each["fired"]) for each in outcome.trace() if "fired" in each] == [
        ("tier", ["heavy"]),
        ("tier", ["light"]),
    ]
    assert [(each["rule"], each["because"]) for each in outcome.reasons()] == [("heavy", "x: 101"), ("light", "")]
    (policy,) = catalog.policies()
    assert list(policy.constants) == ["big"]
    other = order("", total="1", examples="  - {given: {}, expect: {total: 1}}\n", more="uses: [india@1]\n")
    (unused,) = load_catalog(shared(other)).policies()
    assert (unused.functions, dict(unused.constants)) == ((), {})


def test_a_shared_table_reads_no_facts() -> None:
    with pytest.raises(PolicyError) as caught:
        load_catalog(shared(USER, SHARED.replace("gb * 2", "gb * factor")))
    told = [(issue.message, issue.hint) for issue in caught.value.issues]
    hint = "make it a parameter: function(factor: ...); of a table, in `takes`"
    assert ("`factor` is a fact, and what is shared reads none", hint) in told


def test_a_called_table_is_looked_at_for_gaps_within_what_it_takes() -> None:
    whole = TIER.replace("    otherwise: {fee: 99, label: other}\n", "").replace(
        ", plan: premium}, then: {fee: gb", "}, then: {fee: gb"
    )
    assert "otherwise" not in whole
    fine = [issue.code for issue in check_policies(shared(USER, SHARED.replace(TIER, whole))).issues]
    assert "gap" not in fine
    holed = whole.replace('"> big"', '"> 150"')
    gaps = [issue for issue in check_policies(shared(USER, SHARED.replace(TIER, holed))).issues if issue.code == "gap"]
    assert [issue.hint for issue in gaps] == ['add a rule `when: {gb: "(100..150]"}`, or `otherwise`']


def test_a_case_that_a_called_table_refuses_is_no_case_of_the_decision_that_calls_it() -> None:
    functions = TIER.replace("    otherwise: {fee: 99, label: other}\n", "")
    text = HEAD.format(kind="decision") + (
        f"constants: {{big: 100}}\nfunctions:\n{functions}decides:\n  total:\n    gives: number\n    rules:\n"
        '      - {id: dear, when: {"tier(lines[1].gb, lines[1].plan, lines[1].name).fee": "> 60"}, then: 1}\n'
        "    otherwise: 0\nexamples:\n"
        "  - {given: {lines: [{name: a, gb: 200, plan: basic}]}, refused: NoRuleApplies}\n"
        "  - {given: {lines: [{name: a, gb: 2, plan: basic}]}, expect: {total: 0}}\n"
    )
    coverage = measure(compile_policy(loaded(text, FACTS)))
    seen = {each.rule.id: [(one.true, one.false) for one in each.conditions] for each in coverage.rules}
    assert seen == {"dear": [((), (2,))], "heavy": [], "light": []}


def test_what_two_versions_of_a_called_table_say_otherwise_is_told_by_rule() -> None:
    later = (
        TIER.replace('"> big"', '"> 150"')
        .replace("name: text}\n", "name: text, by: number}\n")
        .replace("    otherwise", "      - {id: last, then: {fee: 1, label: last}}\n    otherwise")
    )
    total = f"sum(({EACH.replace('line.name)', 'line.name, 1)')}).fee)"
    more = "constants: {big: 100}\n"
    old, new = (
        compile_policy(loaded(OWN, FACTS)),
        compile_policy(
            loaded(
                order(
                    later,
                    total=total,
                    examples=EXAMPLE.replace("549", "451").replace("light]", "light, last]"),
                    more=more,
                ),
                FACTS,
            )
        ),
    )
    found = differences(old, new, load_vocabulary(FACTS.encode(), "facts.yaml"))
    told = {(each.sort, each.what, each.part, each.before, each.after) for each in found.changes}
    assert {
        ("changed", "rule `heavy` of `tier`", "gb", "> big", "> 150"),
        ("added", "rule `last` of `tier`", "", "", "fee: 1, label: last"),
        (
            "changed",
            "what is taken by `tier`",
            "",
            "gb: number; plan: text; name: text",
            "gb: number; plan: text; name: text; by: number",
        ),
    } <= told
    assert next((each.what, each.why) for each in found.uncovered) == ("`tier`", "it is a table that is called")


def test_rules_of_a_policys_own_functions_count_as_reached_by_its_examples() -> None:
    some = EXAMPLE.replace("{name: a, gb: 200, plan: premium}, ", "").replace("549, fired: [heavy, light]", "149")
    compiled = compile_policy(loaded(order(examples=some, more="constants: {big: 100}\n"), FACTS))
    coverage = measure(compiled)
    assert [(seen.rule.id, seen.fired) for seen in coverage.rules] == [("heavy", ()), ("light", (1,))]
    suggested = suggest(compiled, load_vocabulary(FACTS.encode(), "facts.yaml"), coverage)
    assert "rule `heavy` of the function `tier`" in [each.what for each in suggested.unreached]
