"""Whatever a person or a program makes of a sheet, the answer is a policy or an error of ours."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sheet_cases import VOCABULARY, cases, grid, loaded, text_with, with_grid

from ordain.engine.errors import OrdainError
from ordain.engine.sheets.back import bring_back
from ordain.engine.sheets.book import book_of
from ordain.engine.sheets.csv import read_csv, write_csv
from ordain.engine.sheets.xlsx import read_xlsx, write_xlsx

POLICIES = [loaded(text_with(case["before"], case.get("kind", "decision"))) for case in cases("edits")]
FORMS = [(write_csv, read_csv), (write_xlsx, read_xlsx)]
WRITTEN = [(policy, read, write(book_of(policy))) for policy in POLICIES for write, read in FORMS]
WORDS = [
    *["", " ", "one", "best", "id", "when: risk", "when: ", "then: action", "requires: x", "comment", "null", "true"],
    *[
        "> 0.5",
        ">> 1",
        "[0..1]",
        "- x",
        "a: b",
        "#",
        "{",
        "'",
        '"',
        "\n",
        "a\r\nb",
        "😀",
        "\u2028",
        "\x85",
        "=1",
        "'=1",
    ],
    *[
        "1e400",
        "1.0",
        "2026-01-01",
        "01-Feb",
        "inside the rule: x",
        "in force: from",
        "x" * 300,
        "\x07",
        "\ud800",
        "\t",
    ],
]
words = st.sampled_from(WORDS) | st.text(max_size=5)


@settings(max_examples=250, deadline=None)
@given(policy=st.sampled_from(POLICIES), data=st.data())
def test_any_cells_give_a_policy_or_an_error_of_ours(policy, data) -> None:  # type: ignore[no-untyped-def]
    rows = grid(book_of(policy).sheets[0])
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.integers(0, len(rows) - 1))
        match data.draw(st.sampled_from(["set", "set", "copy", "cut", "widen", "swap"])):
            case "set":
                rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = data.draw(words)
            case "copy":
                rows.append(list(rows[row]))
            case "cut" if len(rows) > 1:
                del rows[row]
            case "widen":
                rows = [[*cells, data.draw(words)] for cells in rows]
            case "swap":
                rows[0], rows[row] = rows[row], rows[0]
    book = with_grid(book_of(policy), rows)
    try:
        bring_back(book, policy, VOCABULARY, "v1.yaml")
        bring_back(read_csv(write_csv(book), "x.csv"), policy, VOCABULARY, "v1.yaml", force=True)
    except OrdainError:
        return


@settings(max_examples=200, deadline=None)
@given(file=st.sampled_from(WRITTEN), data=st.data())
def test_any_bytes_give_a_policy_or_an_error_of_ours(file, data) -> None:  # type: ignore[no-untyped-def]
    policy, read, written = file
    raw = bytearray(written)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        bring_back(read(bytes(raw), "x"), policy, VOCABULARY, "v1.yaml", force=True)
    except OrdainError:
        return
