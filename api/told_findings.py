"""Findings of checks as programs read them, wherever they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ordain.engine.catalog import Texts
from ordain.engine.check.codes import CHECKS
from ordain.engine.errors import Issue, Span
from ordain.engine.sheets.row_edits import CellIssue


class Lines:
    """The lines of the checked files, by the names that findings give them."""

    def __init__(self, texts: Texts) -> None:
        named = {f"{texts.root}/facts.yaml": texts.vocabulary, f"{texts.root}/services.yaml": texts.services}
        self._texts: dict[str, bytes] = {**texts.policies, **texts.shared, **named}
        self._lines: dict[str, Sequence[str]] = {}

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(self._texts)

    def line(self, span: Span) -> str:
        """The line a finding begins in; empty when there is none."""
        lines = self._lines.get(span.file)
        if lines is None:
            text = self._texts.get(span.file, b"").decode("utf-8-sig", errors="replace")
            lines = self._lines[span.file] = text.replace("\r\n", "\n").split("\n")
        return lines[span.line - 1] if span.line <= len(lines) else ""

    def end(self, span: Span) -> int:
        """The column after the underlined part, which ends with its line."""
        line, text = self.line(span), span.text.split("\n")[0].rstrip()
        return min(span.column + max(1, len(text)), max(len(line), span.column) + 1)


def as_json(issues: Iterable[Issue], lines: Lines) -> list[dict[str, Any]]:
    """Findings as plain data, some with fields of their own, such as `diff`.

    `line`, `column` and `end_column` count from 1, in characters; null without a place.
    """
    data = []
    for issue in issues:
        span = issue.span
        data.append(
            {
                "file": span.file if span else None,
                "line": span.line if span else None,
                "column": span.column if span else None,
                "end_column": lines.end(span) if span else None,
                "text": span.text if span else "",
                "message": issue.message,
                "hint": issue.hint,
                "replacements": [asdict(edit) for edit in issue.replacements],
                "level": str(issue.level),
                "code": issue.code,
                "page": CHECKS[issue.code].page if issue.code in CHECKS else None,
                **issue.fields,
            }
        )
    return data


def cells_told(found: Iterable[CellIssue]) -> list[dict[str, Any]]:
    """Findings about edited rules by their cells: `number` counts the rules of the table as they are now, from 1."""
    return [
        {
            "table": each.table,
            "rule": each.rule,
            "number": each.number,
            "heading": each.heading,
            "message": each.issue.message,
            "hint": each.issue.hint,
            "level": str(each.issue.level),
            "code": each.issue.code,
            "page": CHECKS[each.issue.code].page if each.issue.code in CHECKS else None,
        }
        for each in found
    ]
