"""A GoRules graph (JDM): its nodes and edges, read from JSON. Every fault names the node it is in."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ordain.engine.errors import Issue, MalformedRequest, OrdainError, Span, did_you_mean, quoted
from ordain.engine.limits import LIMITS

Json = Any
"""What JSON holds; numbers are Decimals."""

INPUT, OUTPUT, TABLE, EXPRESSIONS = "inputNode", "outputNode", "decisionTableNode", "expressionNode"
SWITCH, FUNCTION, GRAPH, CUSTOM = "switchNode", "functionNode", "decisionNode", "customNode"
TYPES = (INPUT, OUTPUT, TABLE, EXPRESSIONS, SWITCH, FUNCTION, GRAPH, CUSTOM)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `field` is what an input asks about, or the path that an output fills; "" for none."""

    id: str
    name: str
    field: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells by column id. `number` counts from 1."""

    number: int
    cells: Mapping[str, str]
    description: str


@dataclass(frozen=True, slots=True)
class TableContent:
    collects: bool
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One line of an expression node."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One way out of a switch; without a condition it is taken whenever it is come to."""

    id: str
    condition: str


@dataclass(frozen=True, slots=True)
class SwitchContent:
    collects: bool
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What a node does with the data around its own work: see the format's `passThrough`, `inputField`,
    `outputPath` and `executionMode`."""

    passes: bool
    input_field: str
    output_path: str
    loops: bool


Content = TableContent | tuple[KeyValue, ...] | SwitchContent | str | None


@dataclass(frozen=True, slots=True)
class Node:
    """`content` is by the type: a table, lines, a switch, the key of another graph; otherwise None."""

    id: str
    type: str
    name: str
    span: Span
    around: Around
    content: Content = None
    schema: Json = None

    @property
    def label(self) -> str:
        return f"node `{self.name}`"


@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    handle: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case that the graph's authors wrote: `number` counts from 1."""

    number: int
    input: Json
    output: Json


@dataclass(frozen=True, slots=True)
class Graph:
    """`order` are the nodes, each after those that lead to it; `into` are the edges that end at each, as written."""

    file: str
    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    into: Mapping[str, tuple[Edge, ...]]
    out_of: Mapping[str, tuple[Edge, ...]]
    tests: tuple[Case, ...]

    @property
    def span(self) -> Span:
        return Span(self.file, 1, 1)


def read_graph(text: bytes, file: str) -> Graph:
    """The graph that a file's bytes say. Raises MalformedRequest with all that is wrong."""
    raw = _json(text, file)
    return _Reading(raw, text.decode("utf-8-sig"), file).graph()


def _json(text: bytes, file: str) -> Json:
    start = Span(file, 1, 1)
    if len(text) > LIMITS.graph_bytes:
        raise _refused(f"the file has more than {LIMITS.graph_bytes:,} bytes", start)
    try:
        data = json.loads(text.decode("utf-8-sig"), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise _refused("the file is not UTF-8", start) from None
    except json.JSONDecodeError as error:
        raise _refused(f"this is not JSON: {error.msg}", Span(file, error.lineno, error.colno)) from None
    except RecursionError:
        raise _refused("the JSON is nested too deeply", start) from None
    except ValueError as error:
        raise _refused(f"this is not JSON: {error}", start) from None
    if _depth_above(data, LIMITS.value_levels):
        raise _refused(f"the JSON is nested more than {LIMITS.value_levels} levels deep", start)
    return data


def _no_number(text: str) -> Json:
    raise ValueError(f"`{text}` is no number of JSON")


def _depth_above(data: Json, levels: int) -> bool:
    at = [data]
    for _ in range(levels):
        at = [part for one in at for part in _parts(one)]
        if not at:
            return False
    return True


def _parts(data: Json) -> Iterator[Json]:
    if isinstance(data, dict):
        yield from data.values()
    elif isinstance(data, list):
        yield from data


def _refused(message: str, span: Span, hint: str = "") -> OrdainError:
    return MalformedRequest(Issue(message, hint, span))


class _Reading:
    """One file while it is read; `issues` are collected, so that all are shown at once."""

    def __init__(self, raw: Json, text: str, file: str) -> None:
        self.raw, self.text, self.file = raw, text, file
        self.issues: list[Issue] = []

    def graph(self) -> Graph:
        start = Span(self.file, 1, 1)
        parts = self.raw if isinstance(self.raw, dict) else {}
        if not isinstance(parts.get("nodes"), list) or not isinstance(parts.get("edges"), list):
            hint = "a GoRules graph is a JSON object with `nodes` and `edges`"
            raise _refused("this is no GoRules graph", start, hint)
        if len(parts["nodes"]) > LIMITS.graph_nodes or len(parts["edges"]) > 4 * LIMITS.graph_nodes:
            raise _refused(f"the graph has more than {LIMITS.graph_nodes:,} nodes, or four times as many edges", start)
        nodes = [self.node(part) for number, part in enumerate(parts["nodes"], 1) if self.is_node(part, number)]
        for id, times in Counter(node.id for node in nodes).items():
            if times > 1:
                self.fault(f"{times} nodes have the id {quoted(id)}", self.place(id))
        by_id = {node.id: node for node in nodes}
        edges = [edge for part in parts["edges"] if (edge := self.edge(part, by_id)) is not None]
        if not any(node.type == INPUT for node in nodes) and not self.issues:
            self.fault("the graph has no input node", start, "every graph begins at a node of the type `inputNode`")
        if self.issues:
            raise MalformedRequest(self.issues)
        into = {id: tuple(edge for edge in edges if edge.target == id) for id in by_id}
        out_of = {id: tuple(edge for edge in edges if edge.source == id) for id in by_id}
        tests = parts.get("tests")
        return Graph(self.file, by_id, self.order(by_id, into), into, out_of, tuple(self.tests(tests or [])))

    def order(self, nodes: Mapping[str, Node], into: Mapping[str, tuple[Edge, ...]]) -> tuple[str, ...]:
        sorter = TopologicalSorter({id: [edge.source for edge in into[id]] for id in nodes})
        try:
            return tuple(sorter.static_order())
        except CycleError as error:
            circle = " -> ".join(f"`{nodes[id].name}`" for id in reversed(error.args[1]))
            raise _refused(f"nodes lead in a circle: {circle}", self.place(error.args[1][0])) from None

    def fault(self, message: str, span: Span, hint: str = "") -> None:
        self.issues.append(Issue(message, hint, span))

    def place(self, id: str, text: str = "") -> Span:
        """Where the node of this id begins to be written."""
        found = re.search(rf'"id"\s*:\s*{re.escape(json.dumps(id, ensure_ascii=False))}', self.text)
        if found is None:
            return Span(self.file, 1, 1, text)
        before = self.text[: found.start()]
        return Span(self.file, before.count("\n") + 1, found.start() - before.rfind("\n"), text)

    def is_node(self, part: Json, number: int) -> bool:
        if isinstance(part, dict) and isinstance(part.get("id"), str) and isinstance(part.get("type"), str):
            return True
        self.fault(f"node {number} has no `id` and `type`", Span(self.file, 1, 1))
        return False

    def node(self, part: dict[str, Json]) -> Node:
        id, type, raw = part["id"], part["type"], part.get("content")
        name = _text(part, "name") or id
        place = self.place(id)
        if type not in TYPES:
            self.fault(f"node `{name}` has the unknown type {quoted(type)}", place, did_you_mean(type, TYPES))
        content = raw if isinstance(raw, dict) else {}
        label = f"node `{name}`"
        schema = self.schema(content.get("schema"), label, place) if type == INPUT else None
        return Node(id, type, name, place, _around(content), self.content(type, content, label, place), schema)

    def content(self, type: str, content: Mapping[str, Json], label: str, place: Span) -> Content:
        match type:
            case "decisionTableNode":
                return self.table(content, label, place)
            case "expressionNode":
                lines = self.items(content, "expressions", label, place)
                return tuple(KeyValue(_text(line, "key").strip(), _text(line, "value")) for line in lines)
            case "switchNode":
                return self.switch(content, label, place)
            case "decisionNode":
                return _text(content, "key")
            case _:
                return None

    def schema(self, raw: Json, label: str, place: Span) -> Json:
        if not isinstance(raw, str) or not raw.strip():
            return raw if isinstance(raw, dict) else None
        try:
            data = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
        except (ValueError, RecursionError):
            self.fault(f"the schema of {label} is not JSON", place, "mend it in the editor, or empty it")
            return None
        return data if isinstance(data, dict) and not _depth_above(data, LIMITS.value_levels) else None

    def items(self, content: Mapping[str, Json], key: str, label: str, place: Span) -> list[dict[str, Json]]:
        """The objects in a list; what is none is a fault."""
        found = content.get(key) or []
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
        self.fault(f"`{key}` of {label} is no list of objects", place)
        return []

    def table(self, content: Mapping[str, Json], label: str, place: Span) -> TableContent:
        inputs = tuple(map(_column, self.items(content, "inputs", label, place)))
        outputs = tuple(map(_column, self.items(content, "outputs", label, place)))
        for id, times in Counter(column.id for column in inputs + outputs).items():
            if times > 1:
                self.fault(f"{times} columns of {label} have the id {quoted(id)}", place)
        rows = []
        for number, rule in enumerate(self.items(content, "rules", label, place), start=1):
            cells = {column.id: _text(rule, column.id).strip() for column in inputs + outputs}
            rows.append(Row(number, cells, _text(rule, "_description").strip()))
        return TableContent(content.get("hitPolicy") == "collect", inputs, outputs, tuple(rows))

    def switch(self, content: Mapping[str, Json], label: str, place: Span) -> SwitchContent:
        statements = tuple(
            Statement(_text(part, "id"), "" if part.get("isDefault") is True else _text(part, "condition").strip())
            for part in self.items(content, "statements", label, place)
        )
        return SwitchContent(content.get("hitPolicy") == "collect", statements)

    def edge(self, part: Json, nodes: Mapping[str, Node]) -> Edge | None:
        if not isinstance(part, dict):
            self.fault("an edge is no object", Span(self.file, 1, 1))
            return None
        for end in ("sourceId", "targetId"):
            if part.get(end) not in nodes:
                id = _text(part, "id")
                said = f"the edge {quoted(id)} has the `{end}` {quoted(part.get(end))}, which no node has"
                self.fault(said, self.place(id), "remove the edge, or put the node back")
                return None
        return Edge(part["sourceId"], part["targetId"], _text(part, "sourceHandle"))

    def tests(self, raw: Json) -> Iterator[Case]:
        for number, part in enumerate(raw if isinstance(raw, list) else [], start=1):
            if isinstance(part, dict) and isinstance(part.get("input"), dict):
                yield Case(number, part["input"], part.get("output"))


def _around(content: Mapping[str, Json]) -> Around:
    return Around(
        passes=content.get("passThrough") is True,
        input_field=_text(content, "inputField").strip(),
        output_path=_text(content, "outputPath").strip(),
        loops=content.get("executionMode") == "loop",
    )


def _column(part: Mapping[str, Json]) -> Column:
    return Column(_text(part, "id"), _text(part, "name"), _text(part, "field").strip())


def _text(part: Mapping[str, Json], key: str) -> str:
    value = part.get(key)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list) else str(value)
