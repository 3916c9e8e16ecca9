"""How often an intervention may be done: by days, by calendar, by channel, and over several decisions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from policy_cases import FILE, HEAD, vocabulary

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.examples.run import fired_rules
from ordain.engine.policy.load import load_policy
from ordain.engine.step import Step
from ordain.engine.values.types import Value

AT = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
FACTS = """\
facts:
  risk: {type: number, meaning: r}
  campaign: {type: text, meaning: c}
  last_offer_on: {type: date, optional: true, meaning: l}
  last_intervention_on: {type: date, optional: true, meaning: l}
  offers_last_90_days: {type: number, meaning: n}
  offers_this_calendar_year: {type: number, meaning: n}
  notes_last_7_days: {type: number, meaning: n}
  interventions_last_30_days: {type: number, meaning: n}
  offers_last_30_days_by_channel:
    {type: list of context, fields: {channel: text, offers: number}, default_not: 1, meaning: m}
  offers_last_30_days_by_campaign: {type: list of context, fields: {campaign: text, offers: number}, meaning: m}
  offers_last_9_days_by_channel: {type: number, meaning: wrong}
""".replace(" default_not: 1,", "")
OFFER = """\
decides:
  offer:
    gives: {action: {type: text, values: [call, write, none]}, channel: {type: text, values: [phone, mail, none]}}
    hit policy: first
    rules:
      - {id: high, when: {risk: "> 0.8"}, then: {action: call, channel: phone}, because: High.}
      - {id: middle, when: {risk: "> 0.4"}, then: {action: write, channel: mail}}
      - {id: quiet, when: {risk: "> 0.3"}, then: {action: none, channel: none}}
"""
NONE = "otherwise: {action: none, channel: none}\n"
GIVEN: dict[str, Value] = {
    "risk": Decimal("0.9"),
    "campaign": "spring",
    "last_offer_on": None,
    "last_intervention_on": None,
    "offers_last_90_days": Decimal(0),
    "offers_this_calendar_year": Decimal(0),
    "notes_last_7_days": Decimal(0),
    "interventions_last_30_days": Decimal(0),
    "offers_last_30_days_by_channel": (),
    "offers_last_30_days_by_campaign": (),
}
EXAMPLE = "risk: 0.1, campaign: x, offers_last_90_days: 0, offers_this_calendar_year: 0, notes_last_7_days: 0, "
EXAMPLE += "interventions_last_30_days: 0, offers_last_30_days_by_channel: [], offers_last_30_days_by_campaign: []"


def text_of(body: str) -> bytes:
    return (
        HEAD.format(kind="intervention") + body + f"examples: [{{given: {{{EXAMPLE}}}, refused: Never}}]\n"
    ).encode()


def decide(body: str, **given: Value) -> tuple[dict[str, Value], frozenset[str]]:
    """What is decided, and the ids of the rules that fired."""
    values: dict[str, Value] = {**GIVEN, **given}
    steps: list[Step] = []
    compile_policy(load_policy(text_of(body), FILE, vocabulary(FACTS))).run(values, AT, steps)
    return values, fired_rules(steps)


def by_channel(**counts: int) -> tuple[Value, ...]:
    return tuple({"channel": channel, "offers": Decimal(number)} for channel, number in counts.items())


SEVERAL = (
    OFFER
    + NONE
    + "limits: {cooldown: 30 days, at most: [3 per 90 days, 6 per calendar year, 1 per 30 days and channel]}\n"
)


@pytest.mark.parametrize(
    ("given", "action", "fired"),
    [
        ({}, "call", "high"),
        ({"last_offer_on": dt.date(2026, 2, 14)}, "none", "cooldown"),
        ({"last_offer_on": dt.date(2026, 2, 13)}, "call", "high"),
        ({"offers_last_90_days": Decimal(3)}, "none", "at-most-3-per-90-days"),
        ({"offers_last_90_days": Decimal(2), "offers_this_calendar_year": Decimal(5)}, "call", "high"),
        ({"offers_this_calendar_year": Decimal(6)}, "none", "at-most-6-per-calendar-year"),
        ({"offers_last_30_days_by_channel": by_channel(mail=4)}, "call", "high"),
        (
            {"offers_last_30_days_by_channel": by_channel(mail=4, phone=1)},
            "none",
            "at-most-1-per-30-days-and-channel-high",
        ),
        ({"risk": Decimal("0.5"), "offers_last_30_days_by_channel": by_channel(phone=1)}, "write", "middle"),
        ({"risk": Decimal("0.35"), "offers_last_30_days_by_channel": by_channel(none=9)}, "none", "quiet"),
    ],
)
def test_the_first_limit_that_is_reached_gives_what_otherwise_gives(
    given: dict[str, Value], action: str, fired: str
) -> None:
    values, rules = decide(SEVERAL, **given)
    assert (values["offer"]["action"], rules) == (action, frozenset({fired}))


def test_a_limit_by_a_fact_asks_for_the_one_of_this_request() -> None:
    body = OFFER + NONE + "limits: {at most: 2 per 30 days and campaign}\n"
    had = ({"campaign": "spring", "offers": Decimal(2)}, {"campaign": "autumn", "offers": Decimal(1)})
    values, rules = decide(body, offers_last_30_days_by_campaign=had)
    assert (values["offer"]["action"], rules) == ("none", frozenset({"at-most-2-per-30-days-and-campaign"}))
    assert decide(body, offers_last_30_days_by_campaign=had, campaign="autumn")[0]["offer"]["action"] == "call"


def test_a_single_limit_by_days_keeps_its_id_and_its_words() -> None:
    policy = load_policy(text_of(OFFER + NONE + "limits: {at most: 3 per 90 days}\n"), FILE, vocabulary(FACTS))
    first = policy.decisions[0].rules[0]  # type: ignore[union-attr]
    assert (first.id, first.because) == ("at-most", "There were 3 in the last 90 days already.")


TWO = (
    OFFER
    + "    otherwise: {action: none, channel: none}\n"
    + "    limits: {at most: 3 per 90 days}\n"
    + "  note:\n    gives: {type: text, values: [tip, survey, none]}\n    hit policy: first\n"
    + '    rules: [{id: tips, when: {risk: "< 0.9"}, then: tip}, {id: ask, then: survey}]\n'
    + "    otherwise: none\n    limits: {at most: 1 per 7 days}\n"
)


def test_several_decisions_have_limits_each() -> None:
    values, rules = decide(TWO)
    assert (values["offer"]["action"], values["note"], rules) == ("call", "survey", frozenset({"high", "ask"}))
    values, rules = decide(TWO, notes_last_7_days=Decimal(1))
    assert (values["offer"]["action"], values["note"], rules) == ("call", "none", frozenset({"high", "at-most"}))
    values, _ = decide(TWO, offers_last_90_days=Decimal(3))
    assert (values["offer"]["action"], values["note"]) == ("none", "survey")


OVERALL = TWO + "limits: {cooldown: 5 days, at most: 2 per 30 days}\n"


@pytest.mark.parametrize(
    ("given", "action", "note", "fired"),
    [
        ({"last_intervention_on": dt.date(2026, 3, 12)}, "none", "none", {"overall-cooldown"}),
        ({"interventions_last_30_days": Decimal(2)}, "none", "none", {"overall-at-most"}),
        ({}, "call", "none", {"high", "overall-cooldown"}),
        ({"risk": Decimal("0.1")}, "none", "tip", {"tips"}),
    ],
)
def test_limits_over_several_decisions_count_what_an_earlier_one_gives_at_once(
    given: dict[str, Value], action: str, note: str, fired: set[str]
) -> None:
    values, rules = decide(OVERALL, **given)
    assert (values["offer"]["action"], values["note"], rules) == (action, note, frozenset(fired))


def test_the_second_of_two_decisions_is_left_out_where_one_more_is_allowed() -> None:
    body = TWO + "limits: {at most: 2 per 30 days}\n"
    assert decide(body, interventions_last_30_days=Decimal(0))[0]["note"] == "survey"
    values, rules = decide(body, interventions_last_30_days=Decimal(1))
    assert (values["offer"]["action"], values["note"], rules) == (
        "call",
        "none",
        frozenset({"high", "overall-at-most"}),
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (OFFER + NONE + "limits: {at most: 2 per 8 days}\n", "this limit reads the fact `offers_last_8_days`"),
        (
            OFFER + NONE + "limits: {at most: 1 per 30 days and chanel}\n",
            "`chanel` is no output of `offer` and no fact",
        ),
        (
            OFFER + NONE + "limits: {at most: 1 per 9 days and channel}\n",
            "this limit needs `offers_last_9_days_by_channel` as a list with `channel` and `offers`",
        ),
        (TWO + NONE, "one `otherwise` cannot stand for 2 decisions"),
        (TWO.replace("    otherwise: none\n", ""), "`otherwise` is missing in `decides.note`"),
        (
            OFFER + "    limits: {at most: 3 per 90 days}\n" + NONE + "limits: {cooldown: 9 days}\n",
            "`limits` stands here and for the whole policy",
        ),
        (SEVERAL.replace("id: high", "id: at-most-3-per-90-days"), "`at-most-3-per-90-days` is the name of a limit"),
    ],
)
def test_limits_that_cannot_be_are_told(body: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(text_of(body), FILE, vocabulary(FACTS))
    assert any(issue.message.startswith(message) for issue in caught.value.issues), caught.value.issues
