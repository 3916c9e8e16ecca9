"""Findings as people read them, with the line that they are about, and as SARIF for code hosts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ordain.api.limits import LIMITS
from ordain.api.told_findings import Lines
from ordain.engine.check.codes import CHECKS, Check, explained
from ordain.engine.errors import Issue, Level, Span
from ordain.engine.replacement import Replacement
from ordain.engine.version import VERSION

_COLOURS = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold cyan"}
_PLACES = re.compile(r":\d+:\d+|\bline \d+")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LONGEST = LIMITS.line_characters
"""Columns of a source line that are shown in a terminal."""


def format_finding(issue: Issue, lines: Lines) -> Text:
    """One finding for a terminal: place, what is wrong, the line with the part underlined, a hint."""
    place = f"{issue.span}: " if issue.span is not None else ""
    text = Text(place, style="bold")
    text.append(f"{issue.level}: ", style=_COLOURS[issue.level])
    text.append(Text(f"{issue.message} ", style="not bold"))
    text.append(f"[{issue.code}]", style="not bold dim")
    if issue.span is not None and lines.line(issue.span).strip():
        text.append(_underlined(issue, issue.span, lines))
    if issue.hint:
        text.append(Text(f"\n    hint: {issue.hint}", style="not bold"))
    for line in str(issue.fields.get("diff", "")).splitlines():
        text.append(Text(f"\n    {line}", style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "not bold")))
    return text


def _underlined(issue: Issue, span: Span, lines: Lines) -> Text:
    line, start, end = lines.line(span), span.column - 1, lines.end(span) - 1
    cut = max(0, start - 60) if len(line) > _LONGEST else 0
    before, part = line[cut:start], line[start:end][:_LONGEST]
    blank = "".join(sign if sign == "\t" else " " * cell_len(sign) for sign in before)
    underlined = Text(f"\n    {line[cut : cut + _LONGEST]}\n    {blank}", style="not bold")
    underlined.append("^" * max(1, cell_len(part)), style=_COLOURS[issue.level])
    return underlined


def as_sarif(issues: Sequence[Issue], lines: Lines, files: Mapping[str, str], pages: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log. `files` maps the names of files to their paths in the repository.

    `pages` is the absolute address where docs/checks.md can be read; without it the rules have their help as text only.
    """
    codes = list(CHECKS)
    driver = {
        "name": "Ordain",
        "semanticVersion": VERSION,
        **({"informationUri": pages} if pages else {}),
        "rules": [_rule(check, pages) for check in CHECKS.values()],
    }
    seen: Counter[str] = Counter()
    results = []
    for issue in issues:
        print_ = _fingerprint(issue)
        seen[print_] += 1
        result: dict[str, Any] = {
            "ruleId": issue.code,
            "ruleIndex": codes.index(issue.code),
            "level": str(issue.level),
            "message": {"text": f"{issue.message}. Hint: {issue.hint}" if issue.hint else issue.message},
            "partialFingerprints": {"finding/v1": f"{print_}:{seen[print_]}"},
        }
        if issue.span is not None:
            result["locations"] = [_location(issue.span, lines, files.get(issue.span.file, issue.span.file))]
        if issue.replacements:
            result["fixes"] = [_fix(edit, files.get(edit.file, edit.file)) for edit in issue.replacements]
        results.append(result)
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: Check, pages: str) -> dict[str, Any]:
    return {
        "id": check.code,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.means},
        **({"helpUri": f"{pages}#{check.code}"} if pages else {}),
        "help": {"text": explained(check)},
        "defaultConfiguration": {"level": str(check.levels[0])},
    }


def _location(span: Span, lines: Lines, path: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": span.line, "startColumn": span.column, "endColumn": lines.end(span)}
    if span.text:
        region["snippet"] = {"text": span.text}
    return {"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}


def _fix(edit: Replacement, path: str) -> dict[str, Any]:
    """One edit as SARIF has it; each of several mends the finding alone."""
    end = edit.column + len(edit.old)
    region = {"startLine": edit.line, "startColumn": edit.column, "endLine": edit.line, "endColumn": end}
    change = {"deletedRegion": region, "insertedContent": {"text": edit.new}}
    text = {"text": f"write `{edit.new}`"}
    return {"description": text, "artifactChanges": [{"artifactLocation": {"uri": path}, "replacements": [change]}]}


def _fingerprint(issue: Issue) -> str:
    """The same for a finding that only moved to other lines."""
    span = issue.span
    parts = (issue.code, span.file if span else "", span.text if span else "", _PLACES.sub("", issue.message))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
