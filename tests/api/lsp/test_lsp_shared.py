"""What policies share, in the editor: offered, told, found where it stands, and known in its own file."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsp_folder import OFFERS, folder_of

from ordain.api.lsp.cursor import cursor_at
from ordain.api.lsp.folder import Folder, known_names
from ordain.api.lsp.folder import folder_of as policies_of
from ordain.api.lsp.pointing import definitions, references, told_at
from ordain.api.lsp.renaming import renamable
from ordain.api.lsp.suggestions import suggestions
from ordain.engine.errors import MalformedRequest

INDIA = """\
shared: india
version: 1
owner: operations
purpose: What holds everywhere.

constants:
  risky: {value: 0.5, meaning: above this a customer may leave}

calendars:
  pune:
    years: 2026
    closed: [Sunday]
    holidays: [2026-01-26]

functions:
  doubled: "function(amount: number) amount * 2"
"""
FILE, SHARED = "policies/offers/v1.yaml", "policies/shared/india/v1.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    offers = OFFERS.replace("decides:", "uses: [india@1]\n\ndecides:", 1).replace(
        "churn_risk > 0.5", "churn_risk > risky"
    )
    return folder_of(tmp_path, **{"shared/india/v1.yaml": INDIA, "offers/v1.yaml": offers})


def index_of(folder: Folder, file: str, text: str) -> int:
    assert folder.text_of(file).count(text) == 1
    return folder.text_of(file).index(text)


def offered(folder: Folder, file: str, old: str, typed: str) -> list[str]:
    """What is offered where `^` stands in what is typed in the place of `old`."""
    text = folder.text_of(file).replace(old, typed, 1)
    index = text.index("^")
    folder.open[file] = text.replace("^", "")
    document = folder.document(file)
    labels = [each.label for each in suggestions(folder, document, cursor_at(document.text, index))]
    del folder.open[file]
    return labels


def test_shared_names_are_offered_in_expressions_and_labels_in_uses(folder: Folder) -> None:
    assert {"risky", "pune", "doubled"} <= set(offered(folder, FILE, "> risky", "> ^"))
    assert offered(folder, FILE, "india@1", "^")[0] == "india@1"
    folder.open[FILE] = folder.text_of(FILE).replace("uses: [india@1]", "")
    assert "risky" not in folder.document(FILE).known


def test_a_shared_name_is_told_and_found_where_it_stands(folder: Folder) -> None:
    document = folder.document(FILE)
    at = index_of(folder, FILE, "> risky") + 3
    told = told_at(document, at, {})
    assert told is not None
    assert "above this a customer may leave" in told.text
    (found,) = definitions(folder, document, at)
    assert (found.file, folder.text_of(SHARED)[found.start : found.end]) == (SHARED, "risky")
    assert [each.file for each in definitions(folder, document, index_of(folder, FILE, "india@1"))] == [SHARED]
    assert sorted({each.file for each in references(folder, document, at)}) == [FILE, SHARED]


def test_a_shared_file_offers_its_own_keys_and_no_facts(folder: Folder) -> None:
    assert offered(folder, SHARED, "owner: operations", "^") == ["owner"], "the others stand there"
    names = offered(folder, SHARED, "amount * 2", "amount * ^")
    assert "risky" in names
    assert policies_of(folder.path_of(SHARED)) == folder.path


def test_what_is_typed_in_a_shared_file_counts_for_its_users_at_once(folder: Folder) -> None:
    assert [issue for issue in folder.check().findings.issues if str(issue.level) == "error"] == []
    folder.open[SHARED] = INDIA.replace("risky:", "hazardous:")
    codes = {issue.code for issue in folder.check().findings.issues if issue.span and issue.span.file == FILE}
    assert "unknown-name" in codes
    assert "hazardous" in folder.document(FILE).known
    assert "risky" not in folder.document(FILE).known


def test_a_shared_name_is_not_renamed_as_a_fact_would_be(folder: Folder) -> None:
    with pytest.raises(MalformedRequest, match="`risky` is no fact"):
        renamable(folder.document(FILE), index_of(folder, FILE, "> risky") + 3)


def test_the_schemas_know_the_labels(folder: Folder) -> None:
    assert known_names(folder.path).shared == ["india@1"]


TIER = """\
  level:
    takes: {tier: {type: text, values: [gold, lead]}, gb: number}
    gives: text
    rules:
      - {id: one, when: {tier: gold, gb: "> risky"}, then: "{tier} much"}
      - {id: two, when: {tier: lead}, then: little}
"""


@pytest.fixture
def called(tmp_path: Path) -> Folder:
    offers = OFFERS.replace("decides:", "functions:\n" + TIER.replace("risky", "churn_risk") + "\ndecides:", 1)
    return folder_of(tmp_path, **{"shared/india/v1.yaml": INDIA + TIER, "offers/v1.yaml": offers})


@pytest.mark.parametrize(("file", "facts"), [(SHARED, False), (FILE, True)])
def test_a_table_that_is_called_offers_its_parameters_and_their_values(called: Folder, file: str, facts: bool) -> None:
    headings = offered(called, file, "{tier: lead}", "{^}")
    assert headings[:2] == ["tier", "gb"]
    assert ("churn_risk" in headings) == facts
    assert offered(called, file, "tier: lead", "tier: ^")[:2] == ["gold", "lead"]
    assert "high" not in offered(called, file, "tier: lead", "tier: ^")


def test_a_parameter_is_not_the_fact_of_its_name(called: Folder) -> None:
    document = called.document(FILE)
    within = document.text.index("functions:"), document.text.index("\ndecides:")
    names = [place.name for place in document.places if within[0] < place.start < within[1]]
    assert names == ["level", "churn_risk"]  # what the function is called, and the one fact that it reads
    heading = index_of(called, FILE, "tier: gold, gb") + 1
    assert references(called, document, heading) == []
    with pytest.raises(MalformedRequest):
        renamable(document, heading)
    told = told_at(document, index_of(called, FILE, "  level:\n") + 3, {})
    assert told is not None
    assert told.text == "**level** · function, text\n\n- takes `tier`: text\n- takes `gb`: number"
