"""Our answers as the protocol writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lsprotocol import types

from ordain.api.lsp.colours import MODIFIERS, TYPES, Colour
from ordain.api.lsp.outline import Part
from ordain.api.lsp.session import Marked
from ordain.api.lsp.suggestions import Suggestion
from ordain.api.lsp.text_lines import Lines
from ordain.engine.errors import Level

_LEVELS = {
    Level.ERROR: types.DiagnosticSeverity.Error,
    Level.WARNING: types.DiagnosticSeverity.Warning,
    Level.NOTE: types.DiagnosticSeverity.Information,
}
_PICTURES = {
    "fact": types.CompletionItemKind.Variable,
    "decision": types.CompletionItemKind.Field,
    "constant": types.CompletionItemKind.Constant,
    "function": types.CompletionItemKind.Function,
    "value": types.CompletionItemKind.EnumMember,
    "key": types.CompletionItemKind.Property,
    "policy": types.CompletionItemKind.File,
    "word": types.CompletionItemKind.Keyword,
}
_FILLED = re.compile(r"\$\{\d:((?:\\.|[^}\\])*)\}|\$\d")
_PARTS = {"section": types.SymbolKind.Namespace, "rule": types.SymbolKind.Event, "name": types.SymbolKind.Field}


def position(lines: Lines, index: int) -> types.Position:
    return types.Position(*lines.place(index))


def range_of(lines: Lines, start: int, end: int) -> types.Range:
    return types.Range(position(lines, start), position(lines, end))


def diagnostic(marked: Marked, lines: Lines) -> types.Diagnostic:
    issue = marked.issue
    return types.Diagnostic(
        range=range_of(lines, marked.start, marked.end),
        message=f"{issue.message}\nhint: {issue.hint}" if issue.hint else issue.message,
        severity=_LEVELS[issue.level],
        code=issue.code,
        source="ordain",
    )


def completion(found: Iterable[Suggestion], lines: Lines, end: int, snippets: bool) -> types.CompletionList:
    """`snippets`: the editor can take texts of which a part is to be filled in."""
    items = []
    for number, each in enumerate(found):
        text = each.text if snippets or not each.snippet else _without_snippet(each.text)
        items.append(
            types.CompletionItem(
                label=each.label,
                kind=_PICTURES[each.sort],
                detail=each.detail or None,
                documentation=_markdown(each.told) if each.told else None,
                sort_text=f"{number:04}",
                insert_text_format=types.InsertTextFormat.Snippet
                if snippets and each.snippet
                else types.InsertTextFormat.PlainText,
                text_edit=types.TextEdit(range_of(lines, each.start, end), text),
                filter_text=lines.text[each.start : end] + each.label if each.text.startswith('"') else None,
            )
        )
    return types.CompletionList(is_incomplete=False, items=items)


def _without_snippet(text: str) -> str:
    """The text with what its parts have at first."""
    return re.sub(r"\\([$}\\])", r"\1", _FILLED.sub(lambda match: match[1] or "", text))


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


def hover(text: str, lines: Lines, start: int, end: int) -> types.Hover:
    return types.Hover(_markdown(text), range_of(lines, start, end))


def tokens(found: Iterable[Colour], lines: Lines) -> types.SemanticTokens:
    """Each as five numbers: lines and columns after the one before, length, type, modifiers."""
    data: list[int] = []
    line = column = 0
    for each in sorted(found, key=lambda colour: colour.start):
        (at, first), (_, last) = lines.place(each.start), lines.place(each.end)
        bits = sum(1 << MODIFIERS.index(name) for name in each.modifiers)
        data += [at - line, first - (column if at == line else 0), last - first, TYPES.index(each.type), bits]
        line, column = at, first
    return types.SemanticTokens(data)


def symbols(parts: Sequence[Part], lines: Lines) -> list[types.DocumentSymbol]:
    return [
        types.DocumentSymbol(
            name=part.name,
            detail=part.detail or None,
            kind=_PARTS[part.sort],
            range=range_of(lines, min(part.start, part.first), max(part.end, part.last)),
            selection_range=range_of(lines, part.first, part.last),
            children=symbols(part.parts, lines),
        )
        for part in parts
    ]
