"""The lists of rules in a policy's text: what of it goes into sheets, as rows of texts by path.

A list of rules is `rules` of a decision, a function or a compliance policy, `promises`, or `limits` of a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ordain.engine.errors import PolicyError
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.kinds.table_section import RULE
from ordain.engine.sheets.edits import PathOf
from ordain.engine.sheets.sheet_parts import (
    Part,
    comments_in,
    line_end,
    line_start,
    parts_of,
    plain_comment,
    read_nodes,
    value_at,
)
from ordain.engine.text.source import Node

COMMENT: PathOf = ("comment",)
INSIDE = "inside the rule: "
"""How a comment begins, in a sheet, that stands within a rule and not above it."""
_BEHIND = re.compile(r"[ \t]*#[^\r\n]*")
_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")
FREE = ("when", "requires")
"""The entries of a rule whose own entries are named by the policy's author."""


@dataclass(frozen=True, slots=True)
class Row:
    """A rule. `cells` are its texts by path, `part` its place.

    The rule's lines are `start` until `end`; in a list in brackets the rule alone is. What stands before it, from
    the end of the rule above, is `lead`, of which the last part, from `comment_start`, is its comment. `behind` is
    the comment behind the comma that follows an item of a list in brackets.
    """

    cells: Mapping[PathOf, str]
    part: Part
    start: int
    end: int
    lead: int
    comment_start: int
    comments: tuple[str, ...]
    inside: tuple[str, ...]
    behind: str = ""

    @property
    def id(self) -> str:
        return self.cells.get(("id",), "")

    @property
    def comment(self) -> str:
        return "\n".join([*self.comments, *(INSIDE + line for line in self.inside)])


@dataclass(frozen=True, slots=True)
class Section:
    """One list of rules. `about` is what a sheet says of it and cannot change: hit policy, outputs, otherwise.

    `columns` are the paths of its cells, `free` the keys below which an author may add further ones. `values` are
    the declared values of outputs, `types` their types as they are written.
    """

    name: str
    path: tuple[str | int, ...]
    part: Part
    rows: tuple[Row, ...]
    columns: tuple[PathOf, ...]
    free: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    values: Mapping[PathOf, tuple[str, ...]]
    types: Mapping[PathOf, str]

    @property
    def start(self) -> int:
        """Where the text of all rules begins: with what stands before the first."""
        return self.rows[0].lead

    @property
    def end(self) -> int:
        return self.rows[-1].end


def sections_of(text: str) -> tuple[Section, ...]:
    """The lists of rules of a policy's text, which is known to load. Raises PolicyError for line breaks of old."""
    if _CARRIAGE_RETURN.search(text):
        message = "lines of this policy end with a carriage return alone"
        raise PolicyError(message, "save it with line breaks of Unix or Windows: LF or CRLF")
    root, parts = read_nodes(text), parts_of(text)
    return tuple(_section(text, root, parts, name, path) for name, path in _places(root))


def _places(root: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    kind = root["kind"].text
    functions = root.get("functions")
    for name, part in functions.items() if functions is not None else ():
        if part.get("rules") is not None:
            yield name, ("functions", name, "rules")
    if kind in ("decision", "intervention"):
        for name, part in root["decides"].items():
            if part.get("rules") is not None:
                yield name, ("decides", name, "rules")
    elif kind == "bounds":
        for name, _ in root["bounds"].items():
            yield name, ("bounds", name, "limits")
    elif kind in ("compliance", "grandfathering"):
        name = "rules" if kind == "compliance" else "promises"
        yield name, (name,)


def _section(text: str, root: Node, parts: Part, name: str, path: tuple[str, ...]) -> Section:
    part, node, holder = parts.get(*path), value_at(root, path), value_at(root, path[:-1])
    if part is None or node is None or holder is None:
        raise AssertionError(f"{path} was found in the text a moment ago")
    rows = tuple(rows_in(text, part, node))
    declared = _outputs(holder.get("gives"))
    schema = _schema(root, path)
    free = tuple(key for key in FREE if key in schema)
    columns = _columns(schema, rows, tuple(declared))
    return Section(name, path, part, rows, columns, free, _about(root, holder), _values(declared), _types(declared))


def _schema(root: Node, path: tuple[str | int, ...]) -> Mapping[str, Any]:
    """The JSON Schema of one rule's entries."""
    sections: Any = KINDS[root["kind"].text].sections
    if path[0] in ("decides", "functions"):
        schema: Any = RULE
    elif path[0] == "bounds":
        schema = sections["bounds"]["additionalProperties"]["properties"]["limits"]["items"]
    else:
        schema = sections[str(path[0])]["items"]
    properties: Mapping[str, Any] = schema["properties"]
    return properties


def _columns(schema: Mapping[str, Any], rows: tuple[Row, ...], outputs: tuple[str, ...]) -> tuple[PathOf, ...]:
    """All columns in the order of a rule's entries; those of `when` and `requires` in that of their appearance."""
    seen = dict.fromkeys(column for row in rows for column in row.cells)
    columns: list[PathOf] = []
    for name, of in schema.items():
        if name == "then":
            columns += [("then", output) if output else ("then",) for output in outputs]
        elif name in FREE:
            columns += [column for column in seen if column[0] == name]
        elif of.get("type") == "object":
            columns += [(name, inner) for inner in of["properties"]]
        else:
            columns.append((name,))
    return (*columns, COMMENT)


def _outputs(gives: Node | None) -> dict[str, Node]:
    if gives is None:
        return {}
    if not isinstance(gives.value, dict) or "type" in gives.value:
        return {"": gives}
    return dict(gives.items())


def _values(outputs: Mapping[str, Node]) -> dict[PathOf, tuple[str, ...]]:
    declared: dict[PathOf, tuple[str, ...]] = {}
    for name, node in outputs.items():
        values = node.get("values")
        if values is not None:
            declared[("then", name) if name else ("then",)] = values.texts()
    return declared


def _types(outputs: Mapping[str, Node]) -> dict[PathOf, str]:
    types: dict[PathOf, str] = {}
    for name, node in outputs.items():
        told = node.get("type") if isinstance(node.value, dict) else node
        if told is not None and not isinstance(told.value, dict | list):
            types[("then", name) if name else ("then",)] = told.text
    return types


def _about(root: Node, holder: Node) -> tuple[tuple[str, str], ...]:
    about = []
    for key in (
        "takes",
        "hit policy",
        "aggregation",
        "gives",
        "otherwise",
        "starts from",
        "if limits conflict",
        "round",
    ):
        node = holder.get(key)
        if node is None and key == "otherwise" and root["kind"].text == "intervention":
            node = root.get(key)
        if node is not None and holder is not root:
            about.append((key, format_node(node)))
    if holder.get("rules") is not None and holder is not root and not any(key == "hit policy" for key, _ in about):
        about.insert(0, ("hit policy", "unique"))
    return tuple(about)


def format_node(node: Node) -> str:
    """A YAML value in one line: `action: call, discount_percent: 10`."""
    if isinstance(node.value, dict):
        inner = (f"{key}: {_bracketed(part)}" for key, part in node.items())
        return ", ".join(inner)
    if isinstance(node.value, list):
        return ", ".join(map(_bracketed, node.value))
    return format_scalar(node)


def _bracketed(node: Node) -> str:
    if isinstance(node.value, dict):
        return f"{{{format_node(node)}}}"
    return f"[{format_node(node)}]" if isinstance(node.value, list) else format_node(node)


def format_scalar(node: Node) -> str:
    """A scalar as a cell of a sheet says it. An empty cell is a missing entry, so an empty text has its quotes."""
    if node.value is None:
        return "null"
    return node.text if node.text.strip() else f'"{node.text}"'


def rows_in(text: str, part: Part, node: Node) -> Iterator[Row]:
    """The items of a list of mappings, each with its place and its comments."""
    before = part.start + 1 if part.flow else _above(text, part.start)
    for item, each in zip(part.items, node.nodes(), strict=True):
        cells = dict(_leaves(each))
        start, end = _extent(text, part, item, before)
        lead_start = before
        comments, comment_start = _comments(text[before:start], before)
        inside = comments_in(text, item, start, end)
        behind = ""
        before = end
        if part.flow and (after := _after_comma(text, end)) != end:
            before = after
            if item is not part.items[-1] and (match := _BEHIND.match(text, after)) is not None:
                behind, before = match[0], match.end()
                inside.append(plain_comment(behind))
        yield Row(cells, item, start, end, lead_start, comment_start, comments, tuple(inside), behind)


def _leaves(node: Node, path: PathOf = ()) -> Iterator[tuple[PathOf, str]]:
    for name, part in node.items():
        if isinstance(part.value, dict):
            yield from _leaves(part, (*path, name))
        elif not isinstance(part.value, list):
            yield (*path, name), format_scalar(part)


def _above(text: str, dash: int) -> int:
    """The start of the lines above the first dash that are blank or comments."""
    start = line_start(text, dash)
    while start and (not (line := text[line_start(text, start - 1) : start]).strip() or line.lstrip().startswith("#")):
        start = line_start(text, start - 1)
    return start


def _extent(text: str, part: Part, item: Part, before: int) -> tuple[int, int]:
    if part.flow:
        return item.start, item.end
    column = part.start - line_start(text, part.start)
    start = before
    while text[start : start + column].strip(" ") or text[start + column : start + column + 1] != "-":
        if start >= item.start:  # a line that begins after a line break that is none outside YAML
            raise PolicyError("the lines of these rules cannot be told apart", "begin each rule on a line of its own")
        start = line_end(text, start)
    end = line_end(text, item.end)
    while end < len(text) and (line := text[end : line_end(text, end)]).lstrip().startswith("#"):
        if len(line) - len(line.lstrip()) <= column:
            break
        end = line_end(text, end)
    return start, end


def _comments(lead: str, at: int) -> tuple[tuple[str, ...], int]:
    """The comment lines directly above a rule, and where the first begins."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", lead)
    last = lines.pop() if lines and not lines[-1].endswith("\n") else ""
    comments: list[str] = []
    position = at + len(lead) - len(last)
    while lines and not last.strip() and lines[-1].lstrip().startswith("#"):
        line = lines.pop()
        position -= len(line)
        comments.insert(0, plain_comment(line))
    return tuple(comments), position if comments else at + len(lead)


def _after_comma(text: str, end: int) -> int:
    """Just after the comma that follows an item of a list in brackets; `end` when none does."""
    position = end
    while position < len(text):
        if text[position] == ",":
            return position + 1
        if text[position] == "#":
            position = line_end(text, position)
        elif text[position].isspace():
            position += 1
        else:
            break
    return end
