"""Test cases of a sheet put into a policy's file as examples; all that was there stays byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ordain.engine.errors import PolicyError
from ordain.engine.examples.example_text import entry_lines
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Example, Policy
from ordain.engine.sheets.book import text_of
from ordain.engine.sheets.cases.case_rows import CaseRow
from ordain.engine.sheets.cases.case_sheet import AT, EXPECT, GIVEN, REFUSED, examples_node
from ordain.engine.sheets.sections import Row
from ordain.engine.sheets.sheet_parts import line_end, line_start, parts_of, read_nodes

_MARK = b"\xef\xbb\xbf"


def new_rows(rows: Iterable[CaseRow], policy: Policy) -> list[CaseRow]:
    """The rows that expect something, give all that the policy needs and are no example of it yet, each once."""
    known = [_said(example) for example in policy.examples]
    new = []
    for row in rows:
        said = _said(row.example)
        if (row.example.expect or row.example.refused) and not row.lacks and said not in known:
            known.append(said)
            new.append(row)
    return new


def _said(example: Example) -> tuple[object, ...]:
    return example.at, example.given, example.expect, example.refused


def with_examples(policy: Policy, rows: Sequence[CaseRow], file: str, vocabulary: Vocabulary) -> bytes:
    """The policy's text with these rows after its examples. Raises PolicyError where its layout has no place for them.

    Errors call it `file`.
    """
    text = text_of(policy)
    new = _added(text, policy, rows)
    raw = (_MARK if policy.text.startswith(_MARK) else b"") + new.encode()
    wanted = [_said(example) for example in (*policy.examples, *(row.example for row in rows))]
    loaded = load_policy(raw, file, vocabulary, policy.zone)
    if [_said(example) for example in loaded.examples] != wanted or _without_examples(new) != _without_examples(text):
        raise PolicyError("these cases cannot be put into the file as it is laid out", "write them there by hand")
    return raw


def _added(text: str, policy: Policy, rows: Sequence[CaseRow]) -> str:
    _, there = examples_node(policy)
    part = parts_of(text).get("examples")
    newline = "\r\n" if "\r\n" in text else "\n"
    last = there[-1]
    if part is not None and part.flow:
        return text[: last.end] + "".join(_in_brackets(text, last, row, newline) for row in rows) + text[last.end :]
    indent = " " * (text.index("-", last.start) - line_start(text, last.start))
    apart = len(there) > 1 and all(text[row.lead : row.comment_start].startswith(("\n", "\r\n")) for row in there[1:])
    end = line_end(text, last.part.end)
    lines = []
    for row in rows:
        lines += ["", *_lines(row, indent)] if apart else _lines(row, indent)
    before = "" if text[:end].endswith("\n") else newline
    return text[:end] + before + "".join(line + newline for line in lines) + text[end:]


def _lines(row: CaseRow, indent: str) -> list[str]:
    lines = [f"{indent}# {line}".rstrip() for line in row.case.comment.splitlines()]
    lines += entry_lines("- given", row.part(GIVEN), indent)
    lines += [f"{indent}  {name}: {row.entries[name, '']}" for name in (AT, REFUSED) if (name, "") in row.entries]
    return lines + (entry_lines("expect", expect, f"{indent}  ") if (expect := row.part(EXPECT)) else [])


def _in_brackets(text: str, last: Row, row: CaseRow, newline: str) -> str:
    if row.case.comment:
        raise PolicyError(
            f"row {row.row}: the examples stand in brackets, where no comment can go",
            "empty the cell under `comment`, or give each example a line with a dash first",
        )
    parts = [f"given: {_braces(row.part(GIVEN))}"]
    parts += [f"{name}: {row.entries[name, '']}" for name in (AT, REFUSED) if (name, "") in row.entries]
    parts += [f"expect: {_braces(expect)}"] if (expect := row.part(EXPECT)) else []
    before = text[line_start(text, last.start) : last.start]
    gap = newline + before if not before.strip() else " "
    return f",{gap}{{{', '.join(parts)}}}"


def _braces(parts: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {text}" for name, text in parts.items()) + "}"


def _without_examples(text: str) -> object:
    return {**read_nodes(text).data(), "examples": None}
