"""A null, a silence or a change of clocks never makes an outcome laxer than the policy says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from policy_cases import HEAD, catalog, loaded

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import CustomerDataIncomplete, NotThatType, PolicyError
from ordain.engine.gather import gather
from ordain.engine.values.decimals import number
from ordain.engine.values.temporal import fixed_offset

AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
FACTS = """\
facts:
  seen: {type: flag, optional: true, meaning: a flag that may be missing}
  sector: {type: text, values: [telecom, food], default: telecom, meaning: a fact with a default}
  x: {type: number, optional: true, meaning: a number that may be missing}
"""
RULE = "rules:\n  - {{id: r, status: in force, source: s, checked on: 2026-01-01, {rule}}}\n"
CASE = "examples:\n  - given: {given}\n    expect: {{verdict: {verdict}}}\n"


@pytest.mark.parametrize(
    ("rule", "given", "verdict"),
    [
        ("otherwise: deny, requires: {disclose: a}", "{}", "deny"),
        ("otherwise: review, requires: {disclose: a}", "{}", "review"),
        ("requires: {disclose: a}", "{}", "permit"),
        ("applies when: if seen = null then null else seen, otherwise: deny", "{}", "review"),
        ("permits when: not(if seen = null then null else seen)", "{}", "review"),
        ("permits when: not(if seen = null then null else seen)", "{seen: false}", "permit"),
        ("applies when: '(if x = null then null else x) != 3', permits when: 'false'", "{}", "review"),
    ],
)
def test_a_rule_never_permits_because_something_is_missing(rule: str, given: str, verdict: str) -> None:
    text = HEAD.format(kind="compliance") + RULE.format(rule=rule) + CASE.format(given=given, verdict=verdict)
    assert loaded(text, FACTS).gives["verdict"]


@pytest.mark.parametrize(
    "body", ["a = 1", "odd(a)", "floor(a) > 1", "a in [1, 2]", "if a in (1, 2) then true else false"]
)
def test_a_function_that_needs_a_number_fails_where_it_is_given_none(body: str) -> None:
    text = HEAD.format(kind="decision") + (
        f"functions: {{f: 'function(a: number) {body}'}}\n"
        "decides:\n  y: {gives: flag, formula: f(x)}\n"
        "examples:\n  - given: {}\n    refused: CustomerDataIncomplete\n"
    )
    with pytest.raises(CustomerDataIncomplete, match="`f` needs `a`, which is missing"):
        compile_policy(loaded(text, FACTS)).decide({"x": None}, AT, [])


def test_a_null_that_a_policy_may_give_does_not_fit_a_fact_that_may_not_be_null() -> None:
    facts = FACTS + "  flagged: {type: flag, source: policy mark, meaning: given}\n"
    mark = HEAD.format(kind="decision").replace("sample", "mark") + (
        "decides:\n  flagged:\n    gives: {type: flag, optional: true}\n    hit policy: first\n"
        "    rules: [{id: a, if: x > 5, then: true}]\n    otherwise: null\n"
        "examples:\n  - given: {x: 6}\n    expect: {flagged: true}\n"
    )
    services = "services:\n  s: {purpose: A case., policies: [mark], gives: [flagged]}\n"
    with pytest.raises(PolicyError, match="`flagged` is declared flag"):
        catalog({"mark/v1": mark}, services, facts)
    optional = facts.replace("source: policy mark,", "source: policy mark, optional: true,")
    assert catalog({"mark/v1": mark}, services, optional).service("s")


def test_a_rule_for_not_null_does_not_excuse_the_others_from_a_missing_fact() -> None:
    policy = loaded(
        HEAD.format(kind="decision") + "decides:\n  fee:\n    gives: number\n    hit policy: first\n    rules:\n"
        '      - {id: a, when: {x: "> 5"}, then: 1}\n      - {id: b, when: {x: not(null)}, then: 2}\n    otherwise: 3\n'
        "examples:\n  - given: {x: 6}\n    expect: {fee: 1}\n",
        FACTS,
    )
    with pytest.raises(CustomerDataIncomplete, match="needs `x`, which is missing"):
        compile_policy(policy).run({"x": None}, AT, [])


def test_an_explicit_null_is_missing_even_where_silence_has_a_default() -> None:
    text = HEAD.format(kind="decision") + "decides:\n  fee: {gives: text, formula: sector}\n"
    text += "examples:\n  - given: {}\n    expect: {fee: telecom}\n"
    services = "services:\n  s: {purpose: A case., policies: [sample], gives: [fee]}\n"
    held = catalog({"sample/v1": text}, services, FACTS)
    plan = held.pick("s", AT)
    assert gather({}, plan.needs, held.vocabulary, {}).values == {"sector": "telecom"}
    with pytest.raises(CustomerDataIncomplete, match="needs `sector`, which is missing"):
        gather({"sector": None}, plan.needs, held.vocabulary, {})


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Asia/Kolkata"])
def test_time_goes_on_by_the_moment_when_clocks_change(zone: str) -> None:
    policy = loaded(
        HEAD.format(kind="decision")
        + f"""\
decides:
  later: {{gives: flag, formula: 'in zone(now(), "{zone}") + duration("PT12H") = now() + duration("PT12H")'}}
  same: {{gives: flag, formula: 'in zone(now(), "{zone}") = now()'}}
examples:
  - given: {{}}
    expect: {{later: true, same: true}}
""",
        FACTS,
    )
    for hours in range(0, 24 * 365, 7):
        values: dict[str, object] = {}
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hours, minutes=30)
        compile_policy(policy).run(values, fixed_offset(moment.astimezone(ZoneInfo(zone))), [])
        assert values == {"later": True, "same": True}


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ("limits: {cooldown: 99999 days}", "cooldown"),
        ("rules: x", "rules"),
    ],
)
def test_a_limit_beyond_reason_is_an_issue_and_no_crash(sections: str, says: str) -> None:
    table = "decides:\n  offer: {gives: text, hit policy: first, rules: [{id: a, then: b}]}\notherwise: none\n"
    text = HEAD.format(kind="intervention") + table + sections + "\nexamples:\n  - given: {}\n    expect: {offer: b}\n"
    with pytest.raises(PolicyError, match=says):
        loaded(text, FACTS)


def test_two_hundred_limits_are_compiled() -> None:
    limits = "".join(f"      - {{id: l{n}, at least: {n}}}\n" for n in range(210))
    text = HEAD.format(kind="bounds") + (
        f"bounds:\n  fee:\n    starts from: 500\n    limits:\n{limits}    round: half up to 1\n"
        "examples:\n  - given: {}\n    expect: {fee: 500}\n"
    )
    assert loaded(text, FACTS).gives["fee"]


def test_an_obligation_may_not_take_the_place_of_policy_and_rule() -> None:
    text = HEAD.format(kind="compliance") + RULE.format(rule="requires: {policy: keep it}")
    with pytest.raises(PolicyError):
        loaded(text + CASE.format(given="{}", verdict="permit"), FACTS)


def test_a_rule_that_ends_before_it_begins_does_not_load() -> None:
    rule = "in force: {from: 2026-12-01, until: 2026-01-01}, otherwise: deny"
    text = HEAD.format(kind="compliance") + RULE.format(rule=rule) + CASE.format(given="{}", verdict="permit")
    with pytest.raises(PolicyError, match="before it begins"):
        loaded(text, FACTS)


def test_a_number_keeps_at_most_34_digits_however_many_zeros_it_ends_in() -> None:
    assert len(number(Decimal("1." + "0" * 60_000)).as_tuple().digits) == 34
    with pytest.raises(NotThatType):
        number(Decimal("1." + "0" * 60_000 + "1"))


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ('"helth" in many', "not one of the declared values"),
        ('list contains(many, "helth")', "not one of the declared values"),
        ("x in [5..1]", "the range is empty"),
    ],
)
def test_a_test_that_can_never_hold_is_refused_when_it_is_loaded(formula: str, says: str) -> None:
    facts = FACTS + "  many: {type: list of text, values: [health, usage], meaning: several}\n"
    text = HEAD.format(kind="decision") + f"decides:\n  fee: {{gives: flag, formula: '{formula}'}}\n"
    with pytest.raises(PolicyError, match=says):
        loaded(text + "examples:\n  - given: {many: [usage], x: 1}\n    expect: {fee: false}\n", facts)
