"""A graph followed from its input to its end: what each node gives, as expressions over facts and decisions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

from ordain.engine.errors import Issue
from ordain.engine.feel.syntax.tree import Each, Expr, For, If, Name, Path, call
from ordain.engine.jdm.data.values import Leaf, Open, Record, Unsayable, Value, null
from ordain.engine.jdm.data.ways import ALWAYS, NEVER, Guard, both, implies
from ordain.engine.jdm.following.course import Flow
from ordain.engine.jdm.following.decisions_written import is_plain
from ordain.engine.jdm.following.switches import Ways, ways_of
from ordain.engine.jdm.following.table_decision import TableDecision
from ordain.engine.jdm.following.tables import NotSaid, chained, say_table
from ordain.engine.jdm.graph import (
    CUSTOM,
    EXPRESSIONS,
    GRAPH,
    INPUT,
    OUTPUT,
    SWITCH,
    TABLE,
    Edge,
    Graph,
    KeyValue,
    Node,
    SwitchContent,
    TableContent,
)
from ordain.engine.jdm.saying.translate import Translator
from ordain.engine.jdm.zen.zen_parser import expression
from ordain.engine.jdm.zen.zen_words import NotZen
from ordain.engine.values.types import ANY, Kind


def follow(flow: Flow, graph: Graph, given: Value, guard: Guard, keys: tuple[str, ...] = ()) -> Value:
    """What a graph gives for this input. `keys` are the graphs that this one stands in."""
    return _Walk(flow, graph, keys).run(given, guard)


def produced_in(graph: Graph) -> Counter[str]:
    """How many nodes give each path."""
    found: Counter[str] = Counter()
    for node in graph.nodes.values():
        prefix = f"{node.around.output_path}." if node.around.output_path else ""
        found.update({prefix + path for path in _gives(node)})
    return found


@dataclass(slots=True)
class _Walk:
    """One graph while it is followed. `given` are the data and guard that each node passes to the next."""

    flow: Flow
    graph: Graph
    keys: tuple[str, ...]
    given: dict[str, tuple[Value, Guard]] = field(default_factory=dict)
    named: dict[str, Value] = field(default_factory=dict)
    ways: Ways = field(default_factory=dict)

    def run(self, given: Value, guard: Guard) -> Value:
        for id in self.graph.order:
            node = self.graph.nodes[id]
            env, holds = (given, guard) if node.type == INPUT else self.incoming(self.graph.into[id])
            if holds == NEVER:
                continue
            value = self.node(node, env, holds)
            self.given[id] = (value, holds)
            self.named[node.name] = value
        return self.end()

    def end(self) -> Value:
        """What the graph gives: at its output nodes, and, where none of them is come to, at the ends of its ways."""
        nodes = [node for id, node in self.graph.nodes.items() if id in self.given]
        outputs = [node for node in nodes if node.type == OUTPUT]
        told: Guard = NEVER
        for node in outputs:
            told = self.flow.data.guards.either(told, self.given[node.id][1])
        others = [
            node
            for node in nodes
            if node.type not in (OUTPUT, INPUT)
            if not self.graph.out_of[node.id] and not implies(self.given[node.id][1], told)
        ]
        return self.incoming([Edge(node.id, "", "") for node in (*outputs, *reversed(others))])[0]

    def incoming(self, edges: list[Edge] | tuple[Edge, ...]) -> tuple[Value, Guard]:
        """The data of all that leads here, and when anything does; of two edges the first one counts."""
        data, guards = self.flow.data, self.flow.data.guards
        parts = []
        total: Guard = NEVER
        for edge in reversed(edges):
            if edge.source in self.given:
                value, guard = self.given[edge.source]
                switch = edge.target and self.graph.nodes[edge.source].type == SWITCH
                guard = both(guard, self.ways.get((edge.source, edge.handle), NEVER)) if switch else guard
                if guard != NEVER:
                    parts.append((value, guard))
                    total = guards.either(total, guard)
        merged: Value | None = None
        for value, guard in parts:
            always = implies(total, guard)
            seen = value if always else data.only_when(value, guard)
            merged = data.merged(merged, seen, ALWAYS if always else guard)
        return data.assumed(merged or Record(), total), total

    def node(self, node: Node, env: Value, guard: Guard) -> Value:
        content = node.content
        if node.type in (INPUT, OUTPUT):
            return env
        if node.type == SWITCH and isinstance(content, SwitchContent):
            targets = {edge.handle: self.graph.nodes[edge.target].name for edge in reversed(self.graph.out_of[node.id])}
            self.ways.update(ways_of(self.flow, node, content, targets, partial(self.translator, node, env), guard))
            return env
        if node.type == TABLE and isinstance(content, TableContent):
            return self.transformed(node, env, guard)
        if node.type == EXPRESSIONS:
            return self.transformed(node, env, guard)
        if node.type == GRAPH:
            return self.transformed(node, env, guard)
        self.flow.lost(node.label, "it is a node of your own" if node.type == CUSTOM else "it is a program", node.span)
        return self.unread(node, env)

    def unread(self, node: Node, env: Value) -> Value:
        """The data behind a node that nobody can read: what came to it, and anything else."""
        opened = Open(node.label)
        return replace(env, base=opened) if isinstance(env, Record) else Record(base=opened)

    def translator(self, node: Node, env: Value | None, text: str = "") -> Translator:
        def differs(kind: str) -> None:
            place = Issue(f"{node.label}", "", replace(node.span, text=text))
            self.flow.differs.setdefault(kind, {})[place] = None

        return Translator(self.flow.data, env, dict(self.named), node.span, differs)

    # --- what a node does around its own work ----------------------------------------------------------------------

    def transformed(self, node: Node, env: Value, guard: Guard) -> Value:
        around, data = node.around, self.flow.data
        try:
            inner = env
            if around.input_field:
                inner = self.translator(node, env).value(expression(around.input_field)) or Record()
            out = self.looped(node, inner) if around.loops else self.work(node, inner, guard)
        except (NotZen, Unsayable) as error:
            self.flow.lost(node.label, str(error), node.span, around.input_field)
            out = self.instead(node)
        except NotSaid as error:
            for issue in error.issues:
                self.flow.lost(
                    issue.message,
                    issue.hint or "the whole node is left out",
                    issue.span or node.span,
                    issue.span.text if issue.span else "",
                )
            out = self.instead(node)
        if around.output_path:
            out = data.at_path(around.output_path, out)
        return data.merged(env, out) if around.passes and isinstance(out, Record) else out

    def work(self, node: Node, env: Value, guard: Guard) -> Value:
        match node.content:
            case TableContent() as table:
                return self.table(node, table, env, guard)
            case str() as key:
                return self.other(node, key, env, guard)
            case tuple() as lines:
                return self.lines(node, lines, env, guard)
        raise AssertionError  # pragma: no cover - the types of nodes are known

    def instead(self, node: Node) -> Record:
        """Facts for what a node would give."""
        record = Record()
        prefix = f"{node.around.output_path}." if node.around.output_path else ""
        for path in _gives(node):
            leaf = self.flow.facts.instead(prefix + path, node.label)
            merged = self.flow.data.merged(record, self.flow.data.at_path(path, leaf))
            record = merged if isinstance(merged, Record) else record
        return record

    def looped(self, node: Node, over: Value) -> Value:
        """A list with what the node gives for each item."""
        data, scope = self.flow.data, self.flow.data.scope
        listed = data.tree(over)
        type = scope.type_of(listed)
        if type.kind is not Kind.LIST:
            raise Unsayable("it goes through what is no list")
        if isinstance(node.content, str) or (isinstance(node.content, TableContent) and node.content.collects):
            raise Unsayable("for each item it gives a list, or calls another graph")
        name = scope.free_variable(listed)
        with scope.inside(name, type.item or ANY):
            item = Leaf(Name(node.span, name))
            env: Value = item
            translator = self.translator(node, env)
            if isinstance(node.content, TableContent):
                said = say_table(node, node.content, translator, self.flow.notes)
                fields: Value = Record(base=item) if node.around.passes else Record()
                for position, column in enumerate(node.content.outputs):
                    falls = any(row.gives[position] is None for row in said.rows) or not any(
                        row.always for row in said.rows
                    )
                    chain = Leaf(chained(said, position))
                    fields = data.merged(fields, data.at_path(column.field, chain, falls=falls))
            else:
                fields = Record(base=item) if node.around.passes else Record()
                translator.dollar = Record()
                for line in node.content if isinstance(node.content, tuple) else ():
                    if line.key and line.value.strip():
                        part = translator.value(expression(line.value)) or Leaf(null(node.span))
                        fields = data.merged(fields, data.at_path(line.key, part))
                        translator.dollar = data.merged(translator.dollar, data.at_path(line.key, part))
            body = data.tree(fields)
        return Leaf(For(node.span, (Each(node.span, name, listed),), body))

    # --- kinds of nodes --------------------------------------------------------------------------------------------

    def lines(self, node: Node, lines: tuple[KeyValue, ...], env: Value, guard: Guard) -> Value:
        data = self.flow.data
        translator = self.translator(node, env)
        translator.dollar = record = Record()
        for line in lines:
            if not line.key or not line.value.strip():
                continue
            try:
                here = replace(translator, differs=self.translator(node, env, line.value).differs, dollar=record)
                value: Value = here.value(expression(line.value)) or Leaf(null(node.span))
                value = self.kept(value, line.key, node, guard)
            except (NotZen, Unsayable) as error:
                self.flow.lost(f"{node.label}, line `{line.key}`", str(error), node.span, line.value)
                prefix = f"{node.around.output_path}." if node.around.output_path else ""
                value = self.flow.facts.instead(prefix + line.key, f"{node.label}, line `{line.key}`,")
            merged = data.merged(record, data.at_path(line.key, value))
            record = merged if isinstance(merged, Record) else record
        return record

    def kept(self, value: Value, key: str, node: Node, guard: Guard) -> Value:
        """The value as a decision of its own, where it does more than name something."""
        if isinstance(value, Record):
            parts = {
                name: replace(part, value=self.kept(part.value, f"{key}.{name}", node, guard))
                for name, part in value.fields.items()
            }
            return replace(value, fields=parts)
        if is_plain(value.tree):
            return value
        type = self.flow.data.scope.type_of(value.tree)
        if type.kind in (Kind.CONTEXT, Kind.RANGE, Kind.ANY) or (
            type.item is not None and type.item.kind in (Kind.CONTEXT, Kind.LIST, Kind.ANY)
        ):
            self.flow.writing.readable(value.tree)
            return value
        path = f"{node.around.output_path}.{key}" if node.around.output_path else key
        return self.decided(value.tree, path, node, guard)

    def decided(self, tree: Expr, path: str, node: Node, guard: Guard) -> Leaf:
        own = f"{node.name}_{path}"
        wishes = (path, own) if self.flow.is_free(path) else (own,)
        if guard == ALWAYS:
            return Leaf(self.flow.writing.formula(tree, *wishes))
        if self.flow.writing.is_harmless(tree):
            return Leaf(self.flow.writing.formula(tree, own))
        whole = If(tree.span, self.flow.data.guards.tree(guard, tree.span), tree, null(tree.span))
        return Leaf(self.flow.writing.formula(whole, *wishes), guard)

    def other(self, node: Node, key: str, env: Value, guard: Guard) -> Value:
        if key in self.keys:
            raise Unsayable(f"the graph `{key}` leads back into itself")
        graph = self.flow.load(key)
        if graph is None:
            self.flow.lost(node.label, f"there is no graph `{key}` beside this one", node.span, key)
            return self.unread(node, env)
        return follow(self.flow, graph, env, guard, (*self.keys, key))

    def table(self, node: Node, table: TableContent, env: Value, guard: Guard) -> Value:
        data, flow = self.flow.data, self.flow
        said = say_table(node, table, self.translator(node, env), flow.notes)
        if not said.rows or not table.outputs:
            return Leaf(call(node.span, "concatenate")) if table.collects and table.outputs else Record()
        made = TableDecision(flow, node, table, said, guard)
        name = flow.writing.table(made.table)
        holds = guard if made.is_guarded else ALWAYS
        if table.collects:
            return Leaf(name, holds)
        record = Record()
        for position, column in enumerate(table.outputs):
            tree: Expr = name if made.table.single else Path(node.span, name, made.table.outputs[position].name)
            part = data.at_path(column.field, Leaf(tree, holds), falls=flow.data.scope.type_of(tree).optional)
            merged = data.merged(record, part)
            record = merged if isinstance(merged, Record) else record
        return record


def _gives(node: Node) -> list[str]:
    match node.content:
        case TableContent(outputs=outputs):
            return [column.field for column in outputs if column.field]
        case tuple() as lines:
            return [line.key for line in lines if line.key]
        case _:
            return []
