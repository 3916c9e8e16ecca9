"""Single rules edited as rows: what becomes of the text, and what is found in their cells."""

from __future__ import annotations

import difflib

import pytest
from any_time import SHIPPED

from ordain.engine.errors import Issue, MalformedRequest, Span
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.sheets.row_edits import RowEdit, WrongCells, cell_issues, edited, edited_row_issues
from ordain.engine.sheets.sections import sections_of

VOCABULARY = load_vocabulary((SHIPPED / "facts.yaml").read_bytes(), "facts.yaml")
TEXT = (SHIPPED / "retention-offer/v1.yaml").read_text(encoding="utf-8").replace(
    "      - id: elevated-risk\n", "      # asked by marketing\n      - id: elevated-risk\n"
)  # fmt: skip
LONG = TEXT.replace(
    "      - id: not-scored\n",
    "".join(
        f"      - id: r{number}\n        when: {{churn_risk: '{number}'}}\n"
        f"        then: {{action: none, discount_percent: {number}, channel: none}}\n"
        for number in range(100)
    )
    + "      - id: not-scored\n",
)


def changed(*edits: RowEdit, text: str = TEXT) -> list[str]:
    """The lines that go and come."""
    new = edited(text, edits, "retention-offer@1").text
    lines = difflib.unified_diff(text.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def found(*edits: RowEdit, text: str = LONG) -> list[tuple[str, str, str]]:
    issues = edited_row_issues(text, sections_of(text), edits, "retention-offer@1", VOCABULARY)
    return [(each.rule, each.heading, each.issue.message) for each in issues]


def test_a_cell_is_written_and_every_other_byte_stays() -> None:
    edit = RowEdit("offer", "elevated-risk", cells={"then: discount_percent": "5"})
    assert changed(edit) == [
        "-        then: {action: automated campaign, discount_percent: 0, channel: e-mail}",
        "+        then: {action: automated campaign, discount_percent: 5, channel: e-mail}",
    ]


def test_a_rule_goes_with_its_comment_and_a_new_one_comes_where_it_was_put() -> None:
    lines = changed(
        RowEdit("offer", "elevated-risk", drop=True),
        RowEdit("offer", after="not-scored", cells={"id": "calm", "when: churn_risk": "< 0.1", "then: action": "none"}),
    )
    assert "-      # asked by marketing" in lines
    assert "-      - id: elevated-risk" in lines
    assert [line for line in lines if line.startswith("+")] == [
        "+      - id: calm",
        '+        when: {churn_risk: "< 0.1"}',
        "+        then: {action: none}",
    ]


def ids(*edits: RowEdit) -> list[str]:
    """The rules of the table after the edits, in their order."""
    (section,) = sections_of(edited(TEXT, edits, "retention-offer@1").text)
    return [row.id for row in section.rows]


def test_rules_are_moved_one_after_the_other_each_with_its_comment() -> None:
    before = ids()
    moved = ids(RowEdit("offer", "elevated-risk", after="not-scored", move=True))
    assert moved == ["not-scored", "elevated-risk", *(each for each in before[1:] if each != "elevated-risk")]
    lines = changed(RowEdit("offer", "elevated-risk", move=True, cells={"then: discount_percent": "5"}))
    assert "+      # asked by marketing" in lines
    assert any("discount_percent: 5" in line for line in lines)
    first, second = before[:2]
    assert ids(RowEdit("offer", second, move=True), RowEdit("offer", first, after=second, move=True))[:2] == [
        second,
        first,
    ]
    assert changed(RowEdit("offer", second, after=first, move=True)) == []


def test_a_new_rule_follows_one_that_was_moved_and_one_that_goes_is_still_a_place() -> None:
    new = RowEdit("offer", after="elevated-risk", cells={"id": "calm", "then: action": "none"})
    assert ids(RowEdit("offer", "elevated-risk", move=True), new)[:2] == ["elevated-risk", "calm"]
    gone = RowEdit("offer", "not-scored", drop=True)
    assert ids(gone, RowEdit("offer", "elevated-risk", after="not-scored", move=True))[0] == "elevated-risk"


@pytest.mark.parametrize(
    "wrong",
    [
        RowEdit("offer", after="not-scored", move=True, cells={"id": "x"}),
        RowEdit("offer", "not-scored", after="not-scored", move=True),
        RowEdit("offer", "not-scored", drop=True, move=True),
    ],
)
def test_what_cannot_be_moved_is_refused(wrong: RowEdit) -> None:
    with pytest.raises(MalformedRequest, match="cannot be moved"):
        changed(wrong)


def test_a_move_alone_is_nothing_that_is_wrong_with_a_rule() -> None:
    assert found(RowEdit("offer", "r50", after="r3", move=True)) == []
    assert found(RowEdit("offer", "r50", after="r3", move=True, cells={"then: action": "nap"})) != []


def test_a_rule_that_comes_after_none_is_the_first() -> None:
    new = edited(TEXT, [RowEdit("offer", cells={"id": "calm", "then: action": "none"})], "retention-offer@1").text
    (section,) = sections_of(new)
    assert [row.id for row in section.rows][:2] == ["calm", "not-scored"]


def test_a_comment_is_a_cell_like_others() -> None:
    edit = RowEdit("offer", "elevated-risk", cells={"comment": "asked by sales"})
    assert changed(edit) == ["-      # asked by marketing", "+      # asked by sales"]


@pytest.mark.parametrize(
    ("cells", "heading", "message"),
    [
        ({"then: discount_percent": "five"}, "then: discount_percent", "unknown fact `five`"),
        ({"when: churn_risk": "[0.5.."}, "when: churn_risk", "the expression ends too early"),
        ({"when: nothing": "5"}, "when: nothing", "unknown fact `nothing`"),
        ({"id": ""}, "id", "the rule has no id"),
    ],
)
def test_what_is_wrong_with_a_rule_is_found_in_its_cell(cells: dict[str, str], heading: str, message: str) -> None:
    issues = found(RowEdit("offer", "elevated-risk", cells=cells))
    assert [(where, said) for _, where, said in issues] == [(heading, message)]


def test_a_rule_that_is_fine_by_itself_has_no_finding_and_nor_have_others() -> None:
    wrong_elsewhere = LONG.replace("discount_percent: 30,", "discount_percent: thirty,")
    assert found(RowEdit("offer", "elevated-risk", cells={"then: discount_percent": "5"})) == []
    fine = RowEdit("offer", "r50", cells={"then: discount_percent": "5"})
    assert found(fine, text=wrong_elsewhere) == []


def test_a_new_rule_is_looked_at_by_itself_too() -> None:
    new = RowEdit("offer", after="r50", cells={"id": "calm", "then: action": "nap", "then: channel": "none"})
    assert {(rule, heading) for rule, heading, _ in found(new)} <= {
        ("calm", "then: action"),
        ("calm", "then: channel"),
        ("calm", ""),
    }
    assert found(new)


def test_a_finding_about_the_whole_text_has_the_number_of_its_rule_as_it_is_now() -> None:
    made = edited(TEXT, [RowEdit("offer", "not-scored", drop=True)], "retention-offer@1")
    (span,) = [row.part.start for row in sections_of(made.text)[0].rows if row.id == "elevated-risk"]
    line = made.text.count("\n", 0, span) + 1
    (told,) = cell_issues([Issue("look", "", Span("f", line, 13))], made)
    assert (told.table, told.rule, told.number, told.heading) == ("offer", "elevated-risk", 4, "id")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (RowEdit("offers", "elevated-risk"), "there is no table `offers`"),
        (RowEdit("offer", "elevated"), "`offer` has no rule `elevated`"),
        (RowEdit("offer", after="elevated", cells={"id": "x"}), "`offer` has no rule `elevated`"),
    ],
)
def test_a_table_or_rule_that_there_is_not_is_refused(edit: RowEdit, message: str) -> None:
    with pytest.raises(MalformedRequest, match=message):
        edited(TEXT, [edit], "retention-offer@1")


def test_an_id_that_another_rule_has_makes_no_text() -> None:
    with pytest.raises(WrongCells) as wrong:
        edited(TEXT, [RowEdit("offer", "elevated-risk", cells={"id": "not-scored"})], "retention-offer@1")
    assert any("appears twice" in each.issue.message for each in wrong.value.issues)
