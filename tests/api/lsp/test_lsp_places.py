"""Hover, definitions, references, renaming and outline, by places in files with quotes and folded lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lsp_folder import FACTS, OFFERS, SERVICES, TARIFF, folder_of, written

from ordain.api.lsp.fixes import fixes
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.folder import folder_of as policies_of
from ordain.api.lsp.outline import outline
from ordain.api.lsp.pointing import Found, definitions, references, told_at
from ordain.api.lsp.renaming import renamable, renaming
from ordain.api.lsp.session import Session
from ordain.engine.errors import MalformedRequest

OFFER, PRICE, FACT, SERVICE = (
    f"policies/{name}" for name in ("offers/v1.yaml", "tariff/v1.yaml", "facts.yaml", "services.yaml")
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return folder_of(tmp_path)


def at(folder: Folder, file: str, marked: str) -> int:
    """The index of the part of `marked` that stands in brackets like `⟦this⟧`, by the text around it."""
    before, rest = marked.split("⟦")
    word, after = rest.split("⟧")
    text = folder.text_of(file)
    assert text.count(before + word + after) == 1, marked
    return text.index(before + word + after) + len(before)


def shown(folder: Folder, found: list[Found]) -> list[tuple[str, int, str]]:
    """Places as file, line and text."""
    return [
        (
            each.file,
            folder.text_of(each.file)[: each.start].count("\n") + 1,
            folder.text_of(each.file)[each.start : each.end],
        )
        for each in found
    ]


# --- hover ------------------------------------------------------------------------------------------------------

HOVER = [
    (OFFER, "{⟦tier⟧: high, grade", ["**tier** · text", "the customer's worth", "values `high`, `medium`"]),
    (OFFER, "when: {tier: ⟦high⟧", ["**tier** · text"]),
    (OFFER, 'grade: bad, "⟦fee⟧ * 2"', ["**fee** · number in INR", "comes from policy tariff"]),
    (OFFER, "'if ⟦churn_risk⟧ > 0.5", ["**churn_risk** · number in probability", "personal", "rounded to 4 digits"]),
    (OFFER, 'high, ⟦grade⟧: bad, "', ["**grade** · decision, text", "By risk alone.", "if churn_risk > 0.5"]),
    (OFFER, "  ⟦offer⟧:\n", ["**offer** · decision", "- `action`: text", "- `percent`: number"]),
    (OFFER, "⟦hit policy⟧: first", ["which matching rules count"]),
    (OFFER, "hit policy: ⟦first⟧", ["**first**", "which matching rules count"]),
    (OFFER, "given: {churn_risk: 0.6, ⟦tier⟧", ["**tier** · text"]),
    (PRICE, "  ⟦base⟧: {value", ["**base** · constant", "the list price", "`100`"]),
    (PRICE, "(1 + ⟦weight⟧", ["**weight** · constant", "`0.5`"]),
    (PRICE, "* ⟦churn_risk⟧)", ["**churn_risk** · number"]),
    (FACT, "  ⟦faith⟧: {type", ["protected: no price and no intervention may depend on it"]),
    (FACT, "  ⟦joined⟧: {type", ["may be missing, and is null then"]),
    (FACT, "  ⟦is_new⟧: {type", ["when missing `false`"]),
    (SERVICE, "    ⟦gives⟧: [", ["the decisions that make the outcome"]),
]


@pytest.mark.parametrize(("file", "where", "told"), HOVER, ids=[where for _, where, _ in HOVER])
def test_what_a_word_means(file: str, where: str, told: list[str], folder: Folder) -> None:
    index = at(folder, file, where)
    for position in (index, index + 1):
        found = told_at(folder.document(file), position, {})
        assert found is not None
        assert folder.text_of(file)[found.start : found.end] == where.split("⟦")[1].split("⟧")[0]
        assert [part for part in told if part not in found.text] == []


@pytest.mark.parametrize("where", ["⟦then⟧: back", "then: ⟦back⟧"])
def test_the_end_of_a_season_is_told_at_both_of_its_words(where: str, folder: Folder) -> None:
    season = "effective: {from: 2026-10-15, until: 2026-11-15, then: back}"
    folder.open[PRICE] = TARIFF.replace("effective: 2026-01-01", season)
    found = told_at(folder.document(PRICE), at(folder, PRICE, where) + 1, {})
    assert found is not None
    assert "a season, after which what would decide without it decides again" in found.text


def test_a_function_is_told_with_its_calls_and_an_example(folder: Folder) -> None:
    folder.open[PRICE] = TARIFF.replace("base * (1 + weight", "round half up(base, 2) * (1 + weight")
    found = told_at(folder.document(PRICE), at(folder, PRICE, "⟦round half up⟧(") + 8, {})
    assert found is not None
    assert folder.text_of(PRICE)[found.start : found.end] == "round half up"
    assert "round half up(n: number, scale?: number) -> number" in found.text or "round half up(" in found.text
    assert " gives " in found.text


def test_the_type_that_a_decision_was_found_to_have_is_told(tmp_path: Path) -> None:
    session = Session()
    path = written(tmp_path)
    folder = session.put(path / "tariff/v1.yaml", TARIFF)
    assert folder is not None
    session.check(folder)
    told = told_at(folder.document(PRICE), at(folder, PRICE, "  ⟦fee⟧:\n    formula"), session.types(folder, PRICE))
    assert told is not None
    assert told.text.startswith("**fee** · decision, number in INR")


# --- definitions and references -----------------------------------------------------------------------------------

DEFINED = [
    (OFFER, "{⟦tier⟧: high, grade", (FACT, 10, "tier")),
    (OFFER, '⟦grade⟧: bad, "', (OFFER, 9, "grade")),
    (OFFER, "expect: {⟦offer⟧.action", (OFFER, 13, "offer")),
    (PRICE, "⟦weight⟧\n      *", (PRICE, 10, "weight")),
    (SERVICE, "gives: [⟦fee⟧", (PRICE, 13, "fee")),
    (SERVICE, "policies: [⟦tariff⟧", (PRICE, 1, "")),
    (FACT, "source: ⟦policy tariff⟧", (PRICE, 1, "")),
]


@pytest.mark.parametrize(("file", "where", "place"), DEFINED, ids=[where for _, where, _ in DEFINED])
def test_where_something_is_declared(file: str, where: str, place: tuple[str, int, str], folder: Folder) -> None:
    assert shown(folder, definitions(folder, folder.document(file), at(folder, file, where))) == [place]


def test_a_policy_is_the_file_of_its_newest_version(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, **{f"tariff/v{n}.yaml": TARIFF.replace("version: 1", f"version: {n}") for n in (2, 10)}
    )
    found = definitions(folder, folder.document(SERVICE), at(folder, SERVICE, "policies: [⟦tariff⟧"))
    assert [each.file for each in found] == ["policies/tariff/v10.yaml"]


def test_where_a_fact_stands(folder: Folder) -> None:
    found = references(folder, folder.document(PRICE), at(folder, PRICE, "* ⟦churn_risk⟧)"))
    assert shown(folder, found) == [
        (FACT, 2, "churn_risk"),
        (OFFER, 11, "churn_risk"),
        (OFFER, 22, "churn_risk"),
        (OFFER, 26, "churn_risk"),
        (PRICE, 16, "churn_risk"),
        (PRICE, 22, "churn_risk"),
    ]


# --- renaming ---------------------------------------------------------------------------------------------------


def test_a_fact_that_a_policy_gives_is_renamed_with_its_decision(folder: Folder) -> None:
    found = renaming(folder, folder.document(OFFER), at(folder, OFFER, 'grade: bad, "⟦fee⟧ * 2"'), "monthly_fee")
    assert {name: len(several) for name, several in found.places.items()} == {FACT: 1, OFFER: 2, PRICE: 2, SERVICE: 1}
    assert found.begun == {OFFER, PRICE}
    for several in found.places.values():
        assert {folder.text_of(each.file)[each.start : each.end] for each in several} == {"fee"}


def test_a_fact_is_renamed_where_it_is_only_named_too(tmp_path: Path) -> None:
    """What a policy decides without, and of whom a service has no scores made."""
    offers = OFFERS.replace("purpose: What we offer.", "purpose: What we offer.\ndecides without: [churn_risk]")
    services = SERVICES.replace("    policies:", "    scores: {unless: churn_risk > 1}\n    policies:")
    folder = folder_of(tmp_path, **{"offers/v1.yaml": offers, "services.yaml": services})
    found = references(folder, folder.document(FACT), at(folder, FACT, "  ⟦churn_risk⟧:"))
    assert (OFFER, 7, "churn_risk") in shown(folder, found)
    assert (SERVICE, 4, "churn_risk") in shown(folder, found)


def test_a_fact_in_the_braces_of_a_text_is_one_and_a_word_beside_them_is_not(tmp_path: Path) -> None:
    tariff = TARIFF.replace(
        "because: The list price, and more where it is risky.", 'because: "For churn_risk {churn_risk} it is {fee}."'
    )
    folder = folder_of(tmp_path, **{"tariff/v1.yaml": tariff})
    found = renaming(folder, folder.document(PRICE), at(folder, PRICE, "{⟦churn_risk⟧}"), "risk")
    starts = [each.start for each in found.places[PRICE]]
    assert tariff.index("{churn_risk}") + 1 in starts
    assert tariff.index("For churn_risk") + 4 not in starts


def test_names_of_an_expressions_own_are_left_alone(tmp_path: Path) -> None:
    formula = (
        "formula: 'sum(for tier in [1, 2] return tier) + count({tier: 1}.tier) + (if tier = \"tier\" then 1 else 0)'"
    )
    own = OFFERS.replace("gives: {type: text, values: [good, bad]}", "gives: number").replace(
        'formula: \'if churn_risk > 0.5 then "bad" else "good"\'', formula
    )
    folder = folder_of(tmp_path, **{"offers/v1.yaml": own})
    document = folder.document(OFFER)
    places = [place for place in document.places if place.name == "tier" and own[: place.start].count("\n") == 10]
    assert [own[place.start - 3 : place.end + 3] for place in places] == ["if tier = "]


REFUSED = [
    (OFFER, '⟦grade⟧: bad, "', "mark", "`grade` is no fact"),
    (OFFER, "⟦hit policy⟧: first", "x", "no name of a fact stands here"),
    (OFFER, "{⟦tier⟧: high, grade", "not", "`not` cannot be a name"),
    (OFFER, "{⟦tier⟧: high, grade", "tier", "it is called `tier` already"),
    (OFFER, "{⟦tier⟧: high, grade", "count", "`count` is a built-in function"),
    (OFFER, "{⟦tier⟧: high, grade", "joined", "`joined` is the name of something else in `policies/facts.yaml`"),
    (OFFER, "{⟦tier⟧: high, grade", "base", "`base` is the name of something else in `policies/tariff/v1.yaml`"),
]


@pytest.mark.parametrize(("file", "where", "new", "why"), REFUSED, ids=[f"{new}" for _, _, new, _ in REFUSED])
def test_a_renaming_that_is_refused_says_why(file: str, where: str, new: str, why: str, folder: Folder) -> None:
    with pytest.raises(MalformedRequest) as refused:
        renaming(folder, folder.document(file), at(folder, file, where), new)
    assert refused.value.message.startswith(why)


def test_a_version_that_is_not_the_newest_is_not_touched(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, **{"tariff/v2.yaml": TARIFF.replace("version: 1", "version: 2").replace("2026-", "2027-")}
    )
    with pytest.raises(MalformedRequest) as refused:
        renaming(folder, folder.document(FACT), at(folder, FACT, "  ⟦churn_risk⟧:"), "risk")
    assert refused.value.message == "`policies/tariff/v1.yaml` reads `churn_risk` and is not the newest version"
    assert refused.value.issues[0].hint.startswith("what has decided must not be changed: declare a new fact")


@pytest.mark.parametrize(
    "broken", ["policy: other\nkind: decision\nwhen: {churn_risk: [\n", "policy: [\na: churn_risk\n"]
)
def test_a_name_in_a_file_that_cannot_be_read_keeps_a_fact_from_being_renamed(broken: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, **{"other/v1.yaml": broken})
    with pytest.raises(MalformedRequest) as refused:
        renaming(folder, folder.document(FACT), at(folder, FACT, "  ⟦churn_risk⟧:"), "risk")
    assert refused.value.message == "`policies/other/v1.yaml` has `churn_risk` and cannot be read in full"
    assert renaming(folder, folder.document(FACT), at(folder, FACT, "  ⟦tier⟧:"), "class").places


def test_a_name_that_nobody_wrote_keeps_a_fact_from_being_renamed(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[3] / "policies", tmp_path / "policies")
    folder = Folder(tmp_path / "policies")
    with pytest.raises(MalformedRequest) as refused:
        renaming(folder, folder.document(FACT), at(folder, FACT, "  ⟦last_offer_on⟧:"), "offered_on")
    assert "this limit reads the fact `last_offer_on`" in refused.value.message


def test_only_a_fact_can_be_renamed_so_the_editor_does_not_ask_for_a_name_elsewhere(folder: Folder) -> None:
    place = renamable(folder.document(OFFER), at(folder, OFFER, "{⟦tier⟧: high, grade"))
    assert OFFERS[place.start : place.end] == "tier"
    with pytest.raises(MalformedRequest):
        renamable(folder.document(OFFER), 0)


# --- findings and outline -----------------------------------------------------------------------------------------


def test_a_finding_behind_an_escape_is_marked_where_it_stands(tmp_path: Path) -> None:
    text = OFFERS.replace("formula: 'if churn_risk", 'formula: "if \\"a\\" = \\"b\\" or churn_rsik').replace(
        '"good"\'', '\\"good\\""'
    )
    text = text.replace('then "bad" else', 'then \\"bad\\" else')
    session = Session()
    folder = session.put(written(tmp_path) / "offers/v1.yaml", text)
    assert folder is not None
    (marked,) = [each for each in session.check(folder)[OFFER] if "churn_rsik" in each.issue.message]
    assert text[marked.start : marked.end] == "churn_rsik"
    (fix,) = fixes(marked.issue, text)
    mended = text[: fix.start] + fix.new + text[fix.end :]
    folder.open[OFFER] = mended
    assert mended.count("churn_risk") == text.count("churn_risk") + 1
    assert [each for each in session.check(folder)[OFFER] if "churn_rsik" in each.issue.message] == []


def test_the_outline_names_decisions_rules_and_facts(folder: Folder) -> None:
    parts = {part.name: part for part in outline(folder.document(OFFER).layout)}
    assert list(parts) == ["policy", "version", "kind", "effective", "owner", "purpose", "decides", "examples"]
    grade, offer = parts["decides"].parts
    assert [rule.name for rule in offer.parts] == ["top", "others"]
    assert OFFERS[offer.parts[1].start : offer.parts[1].end].startswith("{id: others")
    assert offer.parts[0].detail == "Zu teuer — 😀 für 大口."
    (facts,) = outline(folder.document(FACT).layout)
    assert [part.name for part in facts.parts][:3] == ["churn_risk", "tier", "is_new"]
    assert facts.parts[1].detail == "the customer's worth"
    assert (grade.first, grade.last) == (OFFERS.index("grade:"), OFFERS.index("grade:") + 5)


def test_a_file_belongs_to_the_folder_with_the_facts(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert policies_of(path / "offers/v1.yaml") == path
    assert policies_of(path / "facts.yaml") == path
    assert policies_of(tmp_path / "elsewhere/v1.yaml") is None
    assert Session(path).folder(tmp_path / "elsewhere.yaml") is None


def test_facts_that_cannot_be_read_now_are_known_as_they_were(folder: Folder) -> None:
    assert "tier" in folder.vocabulary()
    for broken in ("  tier: {typ", "  tier: {type: tex,", "  tier: [", "  tier: text,"):
        folder.open[FACT] = FACTS.replace("  tier: {type: text,", broken)
        assert "tier" in folder.vocabulary()
        fresh = Folder(folder.path)
        fresh.open = dict(folder.open)
        assert {"churn_risk", "fee"} <= set(fresh.vocabulary()), broken
