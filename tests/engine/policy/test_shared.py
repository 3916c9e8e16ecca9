"""What policies say in common: constants, lists, functions and calendars, said once and used by name and version."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from shared_texts import FACTS, INDIA, policy, texts

from ordain.engine.catalog import Texts, load_catalog, of_service, plan_of
from ordain.engine.check.findings import check_policies
from ordain.engine.errors import CalculationFailed, Level, PolicyError
from ordain.engine.policy.facts import Facts
from ordain.engine.versions import Kept

AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
VIP = policy('if list contains(vip_cities, city) then "yes" else "no"', "{given: {city: Pune}, expect: {answer: yes}}")
NEXT = policy(
    "next working day(asked_on, maharashtra)",
    "{given: {asked_on: 2026-01-23}, expect: {answer: 2026-01-27}}",
    kind="date",
)


def outcome(held: Texts, facts: dict[str, Any]) -> Any:
    plan = load_catalog(held).pick("sample", AT)
    return plan.evaluate(Facts(facts, dict.fromkeys(facts, "request")), AT).values["answer"]


def faults(held: Texts) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_catalog(held)
    return [issue.message for issue in caught.value.issues]


def found(held: Texts, code: str, today: dt.date | None = None) -> list[str]:
    return [issue.message for issue in check_policies(held, today=today).issues if issue.code == code]


@pytest.mark.parametrize(("city", "answer"), [("Pune", "yes"), ("Mumbai", "yes"), ("Delhi", "no")])
def test_a_shared_list_is_asked_by_its_name(city: str, answer: str) -> None:
    assert outcome(texts(VIP), {"city": city}) == answer


@pytest.mark.parametrize(
    ("cell", "of_pune", "of_delhi"), [("vip_cities", "in", "out"), ("not(vip_cities)", "out", "in")]
)
def test_a_shared_list_stands_in_a_cell_as_its_values_would(cell: str, of_pune: str, of_delhi: str) -> None:
    table = policy("0", f"{{given: {{city: Pune}}, expect: {{answer: {of_pune}}}}}").replace(
        "answer: {gives: text, formula: '0'}",
        f"answer: {{gives: text, rules: [{{id: a, when: {{city: {cell}}}, then: in}}], otherwise: out}}",
    )
    assert outcome(texts(table), {"city": "Pune"}) == of_pune
    assert outcome(texts(table), {"city": "Delhi"}) == of_delhi


def test_a_shared_function_may_read_the_constants_beside_it() -> None:
    priced = policy("with_gst(net)", "{given: {net: 100}, expect: {answer: 118}}", kind="number")
    assert outcome(texts(priced), {"net": Decimal("50.50")}) == Decimal("59.59")


def test_a_shared_calendar_knows_holidays_and_weekends() -> None:
    assert outcome(texts(NEXT), {"asked_on": dt.date(2026, 1, 23)}) == dt.date(2026, 1, 27)
    assert outcome(texts(NEXT), {"asked_on": dt.date(2026, 1, 27)}) == dt.date(2026, 1, 28)


@pytest.mark.parametrize("day", [dt.date(2025, 12, 31), dt.date(2027, 12, 31), dt.date(2028, 1, 3)])
def test_a_day_that_a_calendar_does_not_know_is_an_error_and_no_working_day(day: dt.date) -> None:
    with pytest.raises(CalculationFailed) as caught:
        outcome(texts(NEXT), {"asked_on": day})
    assert "is outside the calendar, which knows the days from 2026-01-01 to 2027-12-31" in caught.value.message


def test_a_policy_holds_of_what_is_shared_only_what_it_names() -> None:
    (used,) = load_catalog(texts(VIP)).policies()
    assert list(used.constants) == ["vip_cities"]
    assert [decision.name for decision in used.decisions] == ["answer"]
    priced = policy("with_gst(net)", "{given: {net: 100}, expect: {answer: 118}}", kind="number")
    (used,) = load_catalog(texts(priced)).policies()
    assert list(used.constants) == ["gst"]
    assert [decision.name for decision in used.decisions] == ["with_gst", "answer"]


@pytest.mark.parametrize(
    ("written", "item", "other"),
    [
        ("[1, 2.50]", "2.50", "3"),
        ("[2026-01-26, 2026-08-15]", '@"2026-08-15"', '@"2026-08-16"'),
        ('["12", "013"]', '"013"', '"13"'),
        ("['\"Pune\"', Navi Mumbai]", '"Navi Mumbai"', '"Mumbai"'),
        ("[true]", "true", "false"),
        ('\'["a", "b"]\'', '"b"', '"c"'),
        ("{value: [a, b], meaning: letters}", '"b"', '"c"'),
    ],
)
def test_a_list_of_constants_holds_what_its_items_say(written: str, item: str, other: str) -> None:
    both = f"list contains(those, {item}) and not(list contains(those, {other}))"
    held = policy(
        both, "{given: {}, expect: {answer: true}}", uses="", kind="flag", more=f"constants: {{those: {written}}}\n"
    )
    assert outcome(texts(held, {}), {}) is True


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[1, two]", "`two` is a text, and the items before it are numbers"),
        ("[Pune, 5]", "`5` is a number, and the items before it are texts"),
        ("[[a]]", "an item of a list is one number, text, flag or date"),
        ("[null]", "an item of a list is one number, text, flag or date"),
        ("[2026-02-30]", "`2026-02-30` is not a date"),
        ("[]", ""),
    ],
)
def test_a_list_that_says_nothing_plain_is_refused_with_its_item(written: str, message: str) -> None:
    held = policy(
        "true", "{given: {}, expect: {answer: true}}", uses="", kind="flag", more=f"constants: {{those: {written}}}\n"
    )
    (told,) = faults(texts(held, {}))
    assert message in told


@pytest.mark.parametrize(
    ("uses", "hint"),
    [
        ("[indai@1]", "did you mean `india@1`?"),
        ("[india]", "write the version too: india@1"),
        ("[india@2]", "did you mean `india@1`?"),
    ],
)
def test_an_unknown_shared_part_is_named_with_the_nearest(uses: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_catalog(texts(VIP.replace("[india@1]", uses)))
    first = caught.value.issues[0]
    assert (first.code, first.message, first.hint) == ("unknown-shared", f"there is no shared `{uses[1:-1]}`", hint)


def test_a_mistyped_shared_name_is_told_with_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        load_catalog(texts(VIP.replace("vip_cities", "vip_citys")))
    assert "vip_cities" in caught.value.issues[0].hint


def test_a_name_that_two_shared_parts_have_is_refused() -> None:
    other = INDIA.replace("shared: india", "shared: bharat").replace("maharashtra", "other").replace("with_gst", "more")
    held = texts(VIP.replace("[india@1]", "[india@1, bharat@1]"), {"india/v1": INDIA, "bharat/v1": other})
    assert faults(held)[:2] == [
        "`vip_cities` stands in `india@1` and in `bharat@1`",
        "`gst` stands in `india@1` and in `bharat@1`",
    ]


def test_two_versions_of_one_part_are_refused() -> None:
    held = texts(VIP.replace("[india@1]", "[india@1, india@2]"), {"india/v1": INDIA, "india/v2": _second()})
    assert faults(held) == ["this policy uses `india` twice"]


def _second() -> str:
    return INDIA.replace("version: 1", "version: 2").replace("[Pune, Mumbai]", "[Delhi]")


def test_a_name_of_the_policy_that_is_shared_too_is_refused() -> None:
    held = texts(VIP.replace("decides:", "constants: {gst: 1}\ndecides:"))
    assert faults(held) == ["`gst` stands in `india@1`, which this policy uses"]


def test_a_shared_name_that_is_a_fact_is_told_at_the_shared_part_and_once_at_its_user() -> None:
    held = texts(VIP, {"india/v1": INDIA.replace("gst: {value", "net: {value").replace("gst)", "net)")})
    assert faults(held)[:2] == [
        "`net` is a fact, so nothing that is shared may have its name",
        "`india@1` has faults of its own, so nothing of it can be used",
    ]


def test_a_shared_function_that_reads_a_fact_is_refused() -> None:
    held = texts(VIP, {"india/v1": INDIA.replace("amount * (1 + gst)", "amount * net")})
    assert "`net` is a fact, and what is shared reads none" in faults(held)


def test_a_part_that_does_not_load_is_told_once_and_its_users_say_where_to_look() -> None:
    held = texts(VIP, {"india/v1": INDIA.replace("closed: [Saturday, Sunday]", "closed: [Saturday, Sonday]")})
    issues = [issue for issue in check_policies(held).issues if issue.level is Level.ERROR]
    assert [(issue.code, issue.hint) for issue in issues if issue.span and "/shared/" in issue.span.file] == [
        ("calendar", "did you mean `Sunday`?")
    ]
    (at_user,) = [issue for issue in issues if issue.code == "shared-faults"]
    assert at_user.hint == "see policies/shared/india/v1.yaml"


def test_a_broken_part_that_nobody_uses_stops_no_service_that_is_asked_alone() -> None:
    plain = policy('"yes"', "{given: {}, expect: {answer: yes}}", uses="")
    held = texts(plain, {"india/v1": "shared: india"})
    assert faults(held)
    assert load_catalog(of_service(held, "sample")).pick("sample", AT)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2026..2027", "2026..2028", "`maharashtra` knows no holiday of 2028, so no day of it would be one"),
        ("2026..2027", "2026", "2027-01-26 is outside the years 2026 to 2026 of `maharashtra`"),
        ("2026..2027", "2027..2026", "the years 2027..2026 are none"),
        ("2026..2027", "soon", "`soon` is no years"),
        ("2026..2027", "1900..2027", "these are 128 years"),
        ("2027-01-26: Republic Day", "2027-02-30: Republic Day", "`2027-02-30` is not a date"),
        ("Saturday, Sunday", "Sunday, Sunday", "`Sunday` stands here twice"),
    ],
)
def test_a_calendar_that_cannot_be_right_is_refused(old: str, new: str, message: str) -> None:
    told = faults(texts(VIP, {"india/v1": INDIA.replace(old, new)}))
    assert any(message in each for each in told), told


def test_the_days_of_a_calendar_may_stand_in_a_list_and_there_may_be_none() -> None:
    listed = INDIA.replace(
        "holidays:\n      2026-01-26: Republic Day\n      2027-01-26: Republic Day\n",
        "holidays: [2026-01-26, 2027-01-26]\n",
    )
    assert outcome(texts(NEXT, {"india/v1": listed}), {"asked_on": dt.date(2026, 1, 23)}) == dt.date(2026, 1, 27)
    none = listed.replace("[2026-01-26, 2027-01-26]", "[]")
    with pytest.raises(PolicyError, match="2026-01-26"):  # the example says otherwise
        load_catalog(texts(NEXT, {"india/v1": none}))


def test_a_part_in_a_folder_or_file_of_another_name_is_refused() -> None:
    assert "`india` is in the folder `bharat`" in faults(texts(VIP, {"bharat/v1": INDIA, "india/v1": INDIA}))
    assert "version 1 is in `v2.yaml`" in faults(texts(VIP, {"india/v2": INDIA, "india/v1": INDIA}))
    assert "`policies/shared/india/first.yaml` would not be read" in faults(
        texts(VIP, {"india/first": INDIA, "india/v1": INDIA})
    )


def test_what_nobody_uses_is_a_note_and_so_is_an_older_version() -> None:
    assert found(texts(VIP), "unused-shared") == [
        "no policy that uses `india@1` reads `gst`",
        "no policy that uses `india@1` reads `maharashtra`",
        "no policy that uses `india@1` reads `with_gst`",
    ]
    two = texts(VIP, {"india/v1": INDIA, "india/v2": _second()})
    assert found(two, "unused-shared") == ["no policy uses the shared `india@2`"]
    assert found(two, "older-shared") == ["`sample@1` uses `india@1`, and there is `india@2`"]


def test_a_calendar_that_comes_to_its_end_is_a_warning_three_months_before() -> None:
    assert found(texts(NEXT), "calendar-ends", dt.date(2027, 9, 1)) == []
    (told,) = found(texts(NEXT), "calendar-ends", dt.date(2027, 11, 1))
    assert told.startswith("the calendar `maharashtra` of `india@1` ends on 2027-12-31: `sample@1` cannot ask it")
    assert found(texts(VIP), "calendar-ends", dt.date(2027, 11, 1)) == []


def test_only_who_uses_a_part_that_has_changed_is_compiled_again() -> None:
    kept = Kept()
    load_catalog(texts(VIP), kept=kept)
    load_catalog(texts(VIP), kept=kept)
    assert kept.compiled == ()
    load_catalog(texts(VIP, {"india/v1": INDIA, "india/v2": _second()}), kept=kept)
    assert kept.compiled == ()
    load_catalog(texts(VIP, {"india/v1": INDIA.replace("0.18", "0.20")}), kept=kept)
    assert kept.compiled == ("policies/sample/v1.yaml",)


def test_a_plan_is_made_again_from_the_texts_alone() -> None:
    held = texts(NEXT)
    named = [("shared/india@1", INDIA.encode()), ("sample@1", NEXT.encode())]
    plan = plan_of("sample", FACTS.encode(), held.services, named)
    facts = Facts({"asked_on": dt.date(2026, 1, 23)}, {"asked_on": "request"})
    assert plan.evaluate(facts, AT).values["answer"] == dt.date(2026, 1, 27)
