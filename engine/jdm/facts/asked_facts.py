"""The facts that a graph asks for, each named and typed when it is first read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ordain.engine.dmn.converting.yaml_tables import NotWritable, type_section
from ordain.engine.errors import Issue, Span
from ordain.engine.feel.syntax.tree import Name
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.values import Leaf, Open
from ordain.engine.jdm.facts.shapes import Shape, doubts, of_samples, of_schema, together, type_of
from ordain.engine.jdm.facts.usage import used_in
from ordain.engine.jdm.graph import INPUT, Graph
from ordain.engine.jdm.policy_names import Names
from ordain.engine.values.types import FLAG, Kind, Type


def known_shape(graph: Graph, further: Iterable[Graph] = ()) -> Shape:
    """What the schema, the tests and the expressions say together of the data that a graph is given."""
    shape = Shape()
    for node in graph.nodes.values():
        if node.type == INPUT:
            shape = together(shape, of_schema(node.schema))
    if graph.tests:
        tested = of_samples([test.input for test in graph.tests])
        shape = together(tested, shape, lacking=True)
    used = used_in(graph)
    for other in further:
        used = together(used, used_in(other))
    return together(shape, used, lacking=bool(graph.tests))


def answer_shape(graph: Graph) -> Shape:
    """What the tests expect the graph to give."""
    return of_samples([test.output for test in graph.tests])


def sure_keys(graph: Graph) -> frozenset[str]:
    """The keys that the schema or a test has."""
    schemas = (of_schema(node.schema) for node in graph.nodes.values() if node.type == INPUT)
    return frozenset(
        (*(key for shape in schemas for key in shape.fields), *(key for test in graph.tests for key in test.input))
    )


@dataclass(slots=True)
class Facts:
    """`shape` is what is known of the graph's input, `given` of what its tests expect. `named` are the names of keys
    that were asked for; `unsaid`, of those, what a node gives that no policy can say, and which node."""

    shape: Shape
    given: Shape
    sure: frozenset[str]
    scope: Scope
    names: Names
    span: Span
    notes: list[Issue]
    named: dict[str, str] = field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    unsaid: dict[str, str] = field(default_factory=dict)

    def fact(self, key: str, open: Open) -> Leaf:
        """What stands under a key of the input, or under one that an unreadable node may have added."""
        if key in self.named:
            return Leaf(Name(self.span, self.named[key]))
        shape = self.shape.fields.get(key) or Shape()
        if open.behind and key not in self.sure:
            shape = Shape(dict(shape.kinds), shape.fields, shape.item, False, shape.values, True)
            return self._new(key, type_of(shape), open.behind)
        for doubt in doubts(shape, key):
            self.notes.append(Issue(doubt, "look at facts.yaml", self.span))
        return self._new(key, type_of(shape), "")

    def instead(self, path: str, node: str, *, flag: bool = False) -> Leaf:
        """A fact for what a node would give at a path, if a policy could say it."""
        if path in self.named:
            return Leaf(Name(self.span, self.named[path]))
        keys = tuple(path.split("."))
        shape = self.given.find(keys) or self.shape.find(keys) or Shape()
        return self._new(path, FLAG if flag else type_of(Shape(dict(shape.kinds), shape.fields, shape.item)), node)

    def _new(self, key: str, type: Type, behind: str) -> Leaf:
        name = self.names.kept.get(key) or self.names.new(key)
        self.named[key] = name
        meaning = f"what {behind} gives" if behind else key
        if behind:
            self.unsaid[key] = behind
            message = f"{behind} gives `{key}`, which is read later: it is the fact `{name}` now, which has to be sent"
            self.notes.append(Issue(message, "write a decision that gives it, or let the caller send it", self.span))
        try:
            section = type_section(type, type.values, fields=True, optional=type.optional)
        except NotWritable:
            section, type = {"type": "text"}, Type(Kind.TEXT, optional=type.optional)
        self.sections[name] = {**section, "meaning": meaning}
        self.scope.add(name, type)
        return Leaf(Name(self.span, name))
