"""The verdict about a new version: what it says, when it says nothing yet, and what it never takes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.engine.errors import MalformedRequest
from ordain.engine.sequential.guardrail import Direction, Guardrail, Margin, Plan
from ordain.engine.sequential.judging import Standing, judge
from ordain.engine.sequential.plan_text import plan_json, plan_of
from ordain.engine.sequential.sums import Arm, Cohort, Sums

DENIED = Guardrail("denied", Direction.RISE, Margin(0.0), Margin(0.02))
PLAN = Plan((DENIED,))
WRITTEN: dict[str, Any] = {"metric": "denied", "may not": "rise", "pause": 0.01, "revert": 0.02}


def rate(customers: int, yes: int, metric: str = "denied") -> Arm:
    share = yes / customers
    return Arm(customers, {metric: Sums(customers, share, customers * share * (1 - share))})


def cohort(champion: Arm, challenger: Arm, share: float = 0.05) -> Cohort:
    return Cohort(share, champion, challenger)


# --- what it says -----------------------------------------------------------------------------------------------


def test_nothing_is_worse() -> None:
    verdict = judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 104))])
    (finding,) = verdict.findings
    assert verdict.standing is Standing.FINE
    assert verdict.says == "Nothing is worse for certain."
    assert finding.says == (
        "`denied` is 0.104 for 1,000 customers of the new version and 0.1 for 19,000 customers of the present one: "
        "not worse by more than 0 for certain."
    )
    assert finding.low < 0.004 < finding.high
    assert verdict.raised == {}


def test_too_few_customers_are_watched() -> None:
    verdict = judge(PLAN, [cohort(rate(1_900, 190), rate(99, 50))])
    assert verdict.standing is Standing.WATCH
    assert verdict.says.endswith("it is judged once each has 100.")


def test_a_metric_that_nobody_has_seen_is_watched() -> None:
    verdict = judge(PLAN, [cohort(Arm(1_900), Arm(100))])
    assert verdict.says == "`denied` has not been seen of both versions yet; it is judged once each has 100."
    assert judge(PLAN, []).standing is Standing.WATCH


def test_a_rise_pauses_and_a_greater_one_reverts() -> None:
    pause = judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 145))])
    assert pause.standing is Standing.PAUSE
    assert pause.says == (
        "`denied` is 0.145 for 1,000 customers of the new version and 0.1 for 19,000 customers of the present one: "
        "it rose by at least 0.01322, and beyond 0 the roll-out is to pause."
    )
    revert = judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 170))])
    assert revert.standing is Standing.REVERT
    assert revert.says.endswith("and beyond 0.02 the roll-out is to revert.")
    assert revert.raised == {"denied may not rise": "revert"}


def test_a_fall_is_none_of_a_guardrail_against_a_rise() -> None:
    better = [cohort(rate(19_000, 1_900), rate(1_000, 20))]
    assert judge(PLAN, better).standing is Standing.FINE
    falls = replace(DENIED, direction=Direction.FALL)
    verdict = judge(Plan((falls,)), better)
    assert verdict.standing is Standing.REVERT
    assert "it fell by at least" in verdict.says


def test_a_margin_in_percent_is_of_the_present_mean_and_of_its_size() -> None:
    """20 percent of 0.1 is as 0.02; what is known of that mean is in the bounds."""
    relative = Plan((Guardrail("denied", Direction.RISE, Margin(0.2, True), Margin(0.5, True)),))
    assert judge(relative, [cohort(rate(19_000, 1_900), rate(1_000, 145))]).standing is Standing.FINE
    assert judge(relative, [cohort(rate(19_000, 1_900), rate(1_000, 170))]).standing is Standing.PAUSE
    assert judge(relative, [cohort(rate(19_000, 1_900), rate(1_000, 210))]).standing is Standing.REVERT
    losses = (
        Arm(19_000, {"denied": Sums(19_000, -100.0, 19_000 * 400.0)}),
        Arm(1_000, {"denied": Sums(1_000, -75, 4e5)}),
    )
    assert judge(relative, [cohort(*losses)]).standing is Standing.PAUSE, "25 of 100 is a rise by 25 percent"


def test_several_guardrails_share_alpha() -> None:
    """What alarms alone may not alarm as one of twenty."""
    seen = [cohort(rate(19_000, 1_900), rate(1_000, 138))]
    assert judge(PLAN, seen).standing is Standing.PAUSE
    others = tuple(Guardrail(f"m{number}", Direction.FALL, Margin(0.0), Margin(0.0)) for number in range(19))
    among = judge(Plan((DENIED, *others)), seen)
    assert among.findings[0].standing is Standing.FINE
    assert among.standing is Standing.WATCH, "the others have not been seen"


def test_the_worst_guardrail_is_the_verdict() -> None:
    arms = [
        Arm(
            arm.customers, {"denied": arm.metrics["denied"], "renewed": Sums(arm.customers, mean, arm.customers * 0.16)}
        )
        for arm, mean in ((rate(19_000, 1_900), 0.8), (rate(1_000, 104), 0.6))
    ]
    renewed = Guardrail("renewed", Direction.FALL, Margin(0.0), Margin(0.5))
    verdict = judge(Plan((DENIED, renewed)), [cohort(arms[0], arms[1])])
    assert [finding.standing for finding in verdict.findings] == [Standing.FINE, Standing.PAUSE]
    assert verdict.standing is Standing.PAUSE
    assert "`renewed`" in verdict.says
    assert "`denied`" not in verdict.says


# --- the split --------------------------------------------------------------------------------------------------


def test_a_wrong_split_voids_the_verdict() -> None:
    verdict = judge(PLAN, [cohort(rate(19_000, 1_900), rate(800, 180))])
    assert verdict.standing is Standing.VOID
    assert verdict.says == (
        "Of 19,800 customers 800 got the new version, where the plan makes 990 likely: the split is not as planned, so "
        "whom the figures compare is not known and none of them counts. Find the reason, and begin a new roll-out."
    )
    assert verdict.raised == {"denied may not rise": "revert", "sample ratio": "void"}


def test_each_cohort_has_its_own_planned_share() -> None:
    planned = [cohort(rate(9_500, 950), rate(500, 50)), cohort(rate(5_000, 500), rate(5_000, 500), 0.5)]
    assert judge(PLAN, planned).standing is Standing.FINE
    assert judge(PLAN, [replace(each, share=0.275) for each in planned]).standing is Standing.VOID


# --- what stays -------------------------------------------------------------------------------------------------


def test_an_alarm_stays() -> None:
    first = judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 170))])
    later = judge(PLAN, [cohort(rate(190_000, 19_000), rate(10_000, 1_000))], first.raised)
    assert later.standing is Standing.REVERT
    assert later.says.endswith("an earlier look has made the alarm `revert`, which stays.")
    assert later.raised == first.raised
    void = judge(PLAN, [cohort(rate(19_000, 1_900), rate(800, 80))])
    assert judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 100))], void.raised).standing is Standing.VOID


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_verdicts_never_become_milder(days: list[tuple[int, float, float]]) -> None:
    champion, challenger, raised, before = Arm(), Arm(), {}, {}
    for customers, one, other in days:
        champion += rate(customers, round(customers * one))
        challenger += rate(customers, round(customers * other))
        verdict = judge(PLAN, [cohort(champion, challenger, 0.5)], raised)
        for name, standing in raised.items():
            assert list(Standing).index(Standing(verdict.raised[name])) >= list(Standing).index(Standing(standing))
        before, raised = raised, verdict.raised
        assert before.keys() <= raised.keys()


# --- on record --------------------------------------------------------------------------------------------------


def test_a_verdict_as_json_has_its_figures() -> None:
    written = judge(PLAN, [cohort(rate(19_000, 1_900), rate(1_000, 145))]).as_json()
    (finding,) = written["guardrails"]
    assert finding["guardrail"] == "denied may not rise"
    assert finding["standing"] == written["standing"] == "pause"
    assert finding["challenger"] == {"customers": 1_000, "mean": 0.145}
    assert (finding["difference"], finding["low"], finding["high"]) == (0.045, 0.0132247, 0.0767753)
    assert written["split"]["expected"] == 1_000
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_what_has_no_bounds_yet_is_null() -> None:
    written = judge(PLAN, [cohort(rate(1_900, 190), rate(90, 9))]).as_json()
    assert written["guardrails"][0]["low"] is None
    assert "low" not in judge(PLAN, []).as_json()["guardrails"][0]
    broken = judge(PLAN, [cohort(Arm(10), Arm(1), 0.0)]).as_json()
    assert broken["split"]["log_evidence"] is None, "somebody got what is planned for nobody"
    assert broken["standing"] == "void"


def test_a_plan_is_kept_whole() -> None:
    plan = plan_of({"guardrails": [WRITTEN, {**WRITTEN, "metric": "price", "pause": "5 percent", "revert": "7.5 %"}]})
    assert plan.guardrails[1].revert == Margin(0.075, relative=True)
    written = plan_json(plan)
    assert written["guardrails"][1] == {
        "metric": "price",
        "may not": "rise",
        "pause": "5 percent",
        "revert": "7.5 percent",
    }
    assert (written["alpha"], written["tight_at"], written["least"]) == ("0.05", 1_000, 100)
    assert plan_of(json.loads(json.dumps(written))) == plan


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "the plan of guardrails is no JSON object"),
        ({}, "the plan of guardrails lacks `guardrails`"),
        ({"guardrails": []}, "there is no guardrail"),
        ({"guardrails": "denied"}, "`guardrails` is no list"),
        ({"guardrails": [WRITTEN], "alfa": 0.1}, "did you mean `alpha`"),
        ({"guardrails": [WRITTEN], "alpha": 0.5}, "`alpha` is 0.5"),
        ({"guardrails": [WRITTEN], "alpha": float("nan")}, "`alpha` is `nan`"),
        ({"guardrails": [WRITTEN], "ratio_alpha": True}, "`ratio_alpha` is `True`"),
        ({"guardrails": [WRITTEN], "least": 1}, "`least` is 1"),
        ({"guardrails": [WRITTEN], "least": 100.5}, "`least` is `100.5`"),
        ({"guardrails": [WRITTEN], "least": float("inf")}, "`least` is `inf`"),
        ({"guardrails": [WRITTEN, WRITTEN]}, "two guardrails `denied may not rise`"),
        ({"guardrails": ["denied"]}, "a guardrail is no JSON object"),
        ({"guardrails": [{**WRITTEN, "metric": ""}]}, "`metric` of a guardrail is no name"),
        ({"guardrails": [{**WRITTEN, "may not": "soar"}]}, "`denied` may not `soar`"),
        ({"guardrails": [{**WRITTEN, "may not": ["rise"]}]}, "may not"),
        ({"guardrails": [{**WRITTEN, "pause": -1}]}, "a margin is 0 or more"),
        ({"guardrails": [{**WRITTEN, "revert": 10**400}]}, "`revert` of `denied` is `1000"),
        ({"guardrails": [{**WRITTEN, "pause": "five"}]}, "`pause` of `denied` is `five`"),
        ({"guardrails": [{**WRITTEN, "pause": "1 percent"}]}, "write both as percent"),
        ({"guardrails": [{**WRITTEN, "pause": 0.03}]}, "reverts at 0.02, before it pauses at 0.03"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(data: object, message: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        plan_of(data)
    assert message in str(caught.value)
