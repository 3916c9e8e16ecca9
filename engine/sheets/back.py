"""A policy's text with the rules that came back in sheets; all that did not change stays byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ordain.engine.errors import Issue, PolicyError, Span, did_you_mean
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.alike import told_once
from ordain.engine.sheets.arriving import Arrival, Arrived, arrival_of
from ordain.engine.sheets.book import Book, text_of
from ordain.engine.sheets.edits import Edit, PathOf
from ordain.engine.sheets.sections import COMMENT, Row, Section, sections_of
from ordain.engine.sheets.sheet_parts import Part, line_start, line_starts, parts_of, read_nodes

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Returned:
    """The new text of a policy's file, and the policy that it is; None when its examples no longer fit.

    `issues` say then which examples. `notes` say what of the sheets was left out.
    """

    text: bytes
    policy: Policy | None
    issues: tuple[Issue, ...] = ()
    notes: tuple[Issue, ...] = ()


def bring_back(
    book: Book, policy: Policy, vocabulary: Vocabulary, file: str, *, version: int | None = None, force: bool = False
) -> Returned:
    """The policy's text with the sheets' rules, and as that version when one is given; errors call it `file`.

    Raises PolicyError with everything that is wrong, each by sheet, row and column. `force`: the policy may have
    been changed since the sheets were written, and its examples, which no sheet holds, may be left to be mended.
    """
    if book.policy != policy.name:
        raise PolicyError(f"these are the sheets of `{book.policy}`, not of `{policy.name}`")
    if book.digest != policy.digest and not force:
        hint = "write them out again; or --force, to replace the rules that are there now"
        raise PolicyError(f"`{policy.label}` has been changed since these sheets were written", hint)
    text = text_of(policy)
    made = rewritten(book, text, policy.label)
    new = made.text
    if version is not None and new != text:
        new = _with_version(new, version)
    raw = (_MARK if policy.text.startswith(_MARK) else b"") + new.encode()
    try:
        return Returned(raw, load_policy(raw, file, vocabulary, policy.zone), notes=made.notes)
    except PolicyError as error:
        examples = parts_of(new).get("examples")
        if examples is not None and all(
            examples.start <= _position(issue, new) < examples.end for issue in error.issues
        ):
            if force:
                return Returned(raw, None, error.issues, made.notes)
            hint = "change these examples in the policy's file before or, with --force, after"
            raise PolicyError([*error.issues, Issue("the examples do not fit the changed rules", hint)]) from None
        raise PolicyError(told_once(in_sheets(error.issues, replace(made, text=new), book.file))) from None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text with the rules of sheets: `arrivals` are those sheets, `notes` what of them was left out."""

    text: str
    arrivals: tuple[Arrival, ...]
    notes: tuple[Issue, ...] = ()


def rewritten(book: Book, text: str, label: str, known: Sequence[Section] | None = None) -> Rewritten:
    """The text of the policy `label` with the sheets' rules, nothing of which is loaded yet.

    `known` are the lists of rules of the text, for who has them. Raises PolicyError with everything that is wrong with
    the sheets, each by sheet, row and column.
    """
    sections = {section.name: section for section in (sections_of(text) if known is None else known)}
    issues: list[Issue] = []
    notes: list[Issue] = []
    arrivals = []
    for sheet in book.sheets:
        section = sections.get(sheet.name)
        if section is None:
            message = f"`{label}` has no rules called `{sheet.name}`"
            issues.append(Issue(message, did_you_mean(sheet.name, sections), code="sheet-cell"))
            continue
        faults: list[Issue] = []
        arrivals.append(arrival_of(sheet, section, book.file, faults, notes))
        issues.extend(faults)
    if issues:
        raise PolicyError(told_once(issues))
    new = text
    for arrival in sorted(arrivals, key=lambda each: each.section.start, reverse=True):
        new = new[: arrival.section.start] + _rules(text, arrival) + new[arrival.section.end :]
    _refuse_misread(text, new, arrivals)
    return Rewritten(new, tuple(arrivals), tuple(notes))


def in_sheets(issues: Iterable[Issue], made: Rewritten, file: str) -> Iterator[Issue]:
    """The findings about the text, each with the place of its cell before it and in `file`, the sheets'; as it was when
    it came from no sheet."""
    places = list(places_in(made))
    return (_in_sheet(issue, place_of(issue, made.text, places), file) for issue in issues)


def _position(issue: Issue, text: str) -> int:
    """Where the finding stands in the text; -1 when it has no place."""
    if issue.span is None:
        return -1
    starts = line_starts(text)
    return starts[min(issue.span.line, len(starts)) - 1] + issue.span.column - 1


def _rules(text: str, arrival: Arrival) -> str:
    """The text of all rules of a list, in the sheet's order."""
    section = arrival.section
    parts = [_piece(text, arrival, arrived) for arrived in arrival.rows]
    if section.part.flow:
        return _in_brackets(parts, [arrived.was for arrived in arrival.rows], text, section.end)
    pieces = [lead + body for lead, body in parts]
    whole = "".join(piece if piece.endswith("\n") else piece + _newline(text) for piece in pieces)
    return whole if text[: section.end].endswith("\n") else whole.removesuffix("\n").removesuffix("\r")


def _in_brackets(pieces: list[tuple[str, str]], rows: list[Row | None], text: str, end: int) -> str:
    """The items of a list in brackets, each with the comment that stood behind its comma."""
    written, behind = "", ""
    for number, ((lead, body), was) in enumerate(zip(pieces, rows, strict=True)):
        written += f",{behind}{lead or ' '}{body}" if number else lead + body
        behind = was.behind if was is not None else ""
    if not behind:
        return written
    return written + behind + ("" if text[end:].startswith(("\n", "\r")) else _newline(text))


def _piece(text: str, arrival: Arrival, arrived: Arrived) -> tuple[str, str]:
    """What stands before a rule, and the rule."""
    was, section = arrived.was, arrival.section
    if was is None:
        return _new_piece(text, arrival, arrived)
    lead = text[was.lead : was.comment_start]
    if arrived.comment is None:
        lead += text[was.comment_start : was.start]
    else:
        lead += _comment_lines(text, arrival, was, arrived)
    if not arrived.edits:
        return lead, text[was.start : was.end]
    edit = Edit(text, arrived.edits, arrival.order)
    written = edit.written(was.part, flow=section.part.flow)
    return lead, text[was.start : was.part.start] + written + _tail(text, section, was, written)


def _tail(text: str, section: Section, was: Row, written: str) -> str:
    """What stands after a rule in its last line, unless the rule's new text has that already."""
    if section.part.flow or was.part.flow:
        return text[was.part.end : was.end]
    rest = text[was.part.end : was.end]
    first, newline, more = rest.partition("\n")
    if not first.strip().startswith("#"):
        return rest
    kept = "" if first.strip() in written else first.rstrip("\r")
    return kept + ("\r" if first.endswith("\r") else "") + newline + more


def _new_piece(text: str, arrival: Arrival, arrived: Arrived) -> tuple[str, str]:
    """A new rule, in the form of the rule that is most like it."""
    section = arrival.section
    filled = {path for path, new in arrived.edits.items() if new is not None}
    model = min(section.rows, key=lambda row: (bool(row.inside), len(filled ^ set(row.cells))))
    edits: dict[PathOf, str | None] = {path: None for path, *_ in model.part.leaves() if path not in filled}
    edits |= {path: new for path, new in arrived.edits.items() if new is not None and new != model.cells.get(path)}
    body = Edit(text, edits, arrival.order, bare=True).written(model.part, flow=section.part.flow)
    spaced = [text[row.lead : row.comment_start].startswith(("\n", "\r\n")) for row in section.rows[1:]]
    newline = _newline(text)
    if section.part.flow:
        return _own_line(text, model) + _comment_lines(text, arrival, model, arrived, new=True), body
    lead = newline if spaced and all(spaced) else ""
    lead += _comment_lines(text, arrival, model, arrived)
    before = text[model.start : model.part.start]
    dash = before[: before.index("-") + 1]
    return lead, f"{dash if '#' in before else before}{' ' if '#' in before else ''}{body}{newline}"


def _own_line(text: str, model: Row) -> str:
    """What begins a new item of a list in brackets: a line of its own if the model has one."""
    return _newline(text) + _indent(text, model) if _alone(text, model) else " "


def _comment_lines(text: str, arrival: Arrival, row: Row, arrived: Arrived, *, new: bool = False) -> str:
    """The comments of a rule in lines above it, and what indents an item of a list in brackets. Raises PolicyError."""
    lines, newline = arrived.comment or (), _newline(text)
    if not arrival.section.part.flow:
        indent = " " * _dash_column(text, row)
        return "".join(f"{indent}# {line}".rstrip() + newline for line in lines)
    if lines and not _alone(text, row):
        place = arrival.sheet.place(arrived.row, arrival.columns.get(COMMENT, 0))
        hint = "give each rule a line of its own there first"
        raise PolicyError(f"{place}: the rules stand in one line of the file, which has no place for comments", hint)
    indent = _indent(text, row)
    written = "".join(f"{indent}# {line}".rstrip() + newline for line in lines) + indent
    return written if row.comments and not new else written.removeprefix(indent)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str, row: Row) -> str:
    return text[line_start(text, row.start) : row.start]


def _alone(text: str, row: Row) -> bool:
    return not _indent(text, row).strip()


def _dash_column(text: str, row: Row) -> int:
    return text.index("-", row.start) - row.start


def _refuse_misread(before: str, after: str, arrivals: list[Arrival]) -> None:
    """The new text must say what the sheets say, and elsewhere what the old text said."""
    message = "these rules cannot be put into the file as it is laid out"
    hint = "change the rule there; a comment in the middle of a value may be the cause"
    try:
        sections = {section.name: section for section in sections_of(after)}
        if _without_rules(before, arrivals) != _without_rules(after, arrivals):
            raise PolicyError(message, hint)
    except PolicyError:
        raise PolicyError(message, hint) from None
    for arrival in arrivals:
        rows = sections[arrival.section.name].rows
        issues = []
        if len(rows) != len(arrival.rows):
            raise PolicyError(message, hint)
        for row, arrived in zip(rows, arrival.rows, strict=True):
            if dict(row.cells) != _meant(arrived):
                issues.append(arrival.sheet.issue("", message, hint, row=arrived.row))
        if issues:
            raise PolicyError([replace(issue, span=None) for issue in issues])


def _meant(arrived: Arrived) -> dict[PathOf, str]:
    meant = dict(arrived.was.cells) if arrived.was is not None else {}
    for path, text in arrived.edits.items():
        if text is None:
            meant.pop(path, None)
        else:
            meant[path] = text
    return meant


def _without_rules(text: str, arrivals: list[Arrival]) -> object:
    data = read_nodes(text).data()
    for arrival in arrivals:
        holder = data
        for step in arrival.section.path[:-1]:
            holder = holder[step]
        holder[arrival.section.path[-1]] = None
    return data


def _with_version(text: str, version: int) -> str:
    part = parts_of(text).get("version")
    return text if part is None else text[: part.start] + str(version) + text[part.end :]


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the new text that came from a cell, or, with column 0, from a row."""

    start: int
    end: int
    arrival: Arrival
    row: int
    column: int


def places_in(made: Rewritten) -> Iterator[Place]:
    """The place of every cell, row and column of the sheets."""
    sections = {section.name: section for section in sections_of(made.text)}
    for arrival in made.arrivals:
        for row, arrived in zip(sections[arrival.section.name].rows, arrival.rows, strict=True):
            yield Place(row.part.start, row.part.end, arrival, arrived.row, 0)
            for path, key, value in row.part.leaves():
                column = arrival.columns.get(path, 0)
                yield Place(key.start, key.end, arrival, arrival.sheet.heading_row, column)
                yield Place(value.start, value.end, arrival, arrived.row, column)
            yield from _outer(row.part, arrival, arrived.row)


def _outer(part: Part, arrival: Arrival, row: int) -> Iterator[Place]:
    """Entries that are no cell themselves, such as all outputs together."""
    for key, value in part.pairs:
        if value.kind != "scalar":
            column = next((number for path, number in arrival.columns.items() if path[0] == key.text), 0)
            yield Place(value.start, value.start, arrival, row, 0 if len(value.pairs) != 1 else column)


def place_of(issue: Issue, text: str, places: Iterable[Place]) -> Place | None:
    """The smallest place in which a finding about the text stands; None when it came from no sheet."""
    at = _position(issue, text)
    inside = [place for place in places if place.start <= at <= place.end]
    return min(inside, key=lambda each: (each.end - each.start, each.row), default=None)


def _in_sheet(issue: Issue, place: Place | None, file: str) -> Issue:
    if issue.span is None or place is None:
        return issue
    where = place.arrival.sheet.place(place.row, place.column)
    span = Span(file, place.row, max(place.column, 1), issue.span.text)
    message, hint = f"{where}: {issue.message}", hint_for_cell(issue)
    return replace(issue, message=message, hint=hint, span=span, code=issue.code or "sheet-cell", replacements=())


def hint_for_cell(issue: Issue) -> str:
    """The hint of a finding: what it says to write is of the policy's file, with quotes that a cell does without."""
    hint = issue.hint
    for edit in issue.replacements:
        hint = hint.replace(f"`{edit.new}`", f"`{read_nodes(edit.new).text}`")
    return hint
