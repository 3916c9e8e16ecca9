"""Decisions, business knowledge models and decision services as decisions of a policy (DMN 1.5, chapter 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from ordain.engine.dmn.reading.boxed import EXPRESSIONS, RESULT, TABLE, Boxed, Lifted, converted, null
from ordain.engine.dmn.reading.decision_tables import lifted, parts, read_table
from ordain.engine.dmn.reading.files import DECISION, FUNCTION, INPUT, SERVICE, Node, Sources
from ordain.engine.dmn.reading.variable_names import Scope
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.syntax.tree import ContextOf, Entry, Expr, Function, Name, Parameter, Path, children
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Decision, Formula
from ordain.engine.values.types import ANY, Kind, Type


@dataclass(frozen=True, slots=True)
class Elements:
    """Reads the elements of a model. `everything` are the names of all of them.

    `undeclared` collects the names that the decisions of the file itself read and nothing declares.
    """

    sources: Sources
    into: Lifted
    everything: frozenset[str]
    undeclared: dict[str, Span] = field(default_factory=dict)

    def decision(self, node: Node) -> Decision:
        """A decision, or a function as a decision that gives it; null, with its fault, when it cannot be read."""
        try:
            made = self._made(node)
            _refuse_deep(made)
            return made
        except PolicyError as error:
            self.into.issues.extend(error.issues)
            span = node.element.span
            return Formula(node.full, untyped(null(span)), ANY, span, fault=error.issues[0])

    def _made(self, node: Node) -> Decision:
        span = node.element.span
        if node.kind == FUNCTION:
            return Formula(node.full, untyped(self._knowledge(node)), ANY, span)
        if node.kind == SERVICE:
            return Formula(node.full, untyped(self._service(node)), ANY, span)
        boxed, kind = self._boxed(node, {}), self.type(node)
        logic = node.element.first(*EXPRESSIONS)
        if logic is not None and logic.name == TABLE:
            return read_table(replace(boxed, expected=kind), logic, node.full, kind)
        tree = boxed.child(node.element, kind)
        if isinstance(tree, Function) and kind.kind is not Kind.FUNCTION:
            tree, kind = boxed.typed(tree, node.element.first("variable")), ANY
        return Formula(node.full, untyped(tree), kind, span)

    def type(self, node: Node) -> Type:
        """The declared type of an input or a decision."""
        return self.into.items.type(node.type_ref, node.source, node.element.first("variable"))

    def _boxed(self, node: Node, called: Mapping[Node, str]) -> Boxed:
        """The reader for an element's logic; `called` has other names for some of those that it requires."""
        visible: dict[str, str] = {}
        # What the file itself has keeps its name before what an import without a name brings.
        for other in sorted(self.sources.required(node), key=lambda other: other.source is node.source):
            for name in self.sources.seen_as(other, node.source):
                visible[name] = called.get(other, other.full)
        for other in self.sources.required(node):
            for name in other.nicknames:
                if name not in self.everything:
                    visible.setdefault(name, called.get(other, other.full))
        if node.kind == FUNCTION:
            # It may call itself, whether or not it says that it requires itself.
            visible.setdefault(node.known, node.full)
        source = node.source
        undeclared = self.undeclared if node.kind == DECISION and source is self.sources.main else None
        typed = partial(self.into.items.full_name, source=source)
        scope = Scope(visible, self.everything, typed, undeclared=undeclared)
        return Boxed(node.name, source, scope, self.into, lifted)

    def _knowledge(self, node: Node) -> Expr:
        logic = node.element.first("encapsulatedLogic")
        if logic is None:
            return null(node.element.span)
        variable = node.element.first("variable")
        expected = self.into.items.given(node.type_ref, node.source, variable)
        made = replace(self._boxed(node, {}), expected=expected).function(logic)
        if isinstance(made, Function) and made.gives is None:
            gives = self.into.items.result(node.type_ref, node.source, variable)
            made = replace(made, gives=gives)
        return made

    def parameters(self, service: Node) -> tuple[Node, ...]:
        """What a decision service takes: input data, then input decisions (DMN 1.5, section 10.4)."""
        return (*self.sources.listed(service, "inputData"), *self.sources.listed(service, "inputDecision"))

    def inner(self, service: Node) -> tuple[Node, ...]:
        """The decisions that a service makes by itself, each after those it requires."""
        given = set(self.sources.listed(service, "inputDecision"))
        wanted = self.sources.listed(service, "encapsulatedDecision", "outputDecision")
        nodes: dict[Node, None] = {}
        waiting = [(node, False) for node in reversed(wanted)]
        open_: set[Node] = set()
        while waiting:
            node, done = waiting.pop()
            if done:
                nodes[node] = None
            elif node.kind == DECISION and node not in given and node not in open_:
                open_.add(node)
                waiting.append((node, True))
                waiting.extend((other, False) for other in reversed(self.sources.required(node)))
        return tuple(nodes)

    def _service(self, node: Node) -> Expr:
        """A function whose body makes the service's decisions one after the other, from its parameters alone."""
        span, source = node.element.span, node.source
        takes, makes = self.parameters(node), self.inner(node)
        called = {other: self._called(other, node) for other in (*takes, *makes)}
        entries = [Entry(other.element.span, called[other], self._entry(other, called)) for other in makes]
        outputs = self.sources.listed(node, "outputDecision")
        result: Expr = ContextOf(span, tuple(Entry(span, part.name, Name(span, called[part])) for part in outputs))
        if len(outputs) == 1 and not self._wraps(node, outputs[0]):
            result = Name(span, called[outputs[0]])
        body = Path(span, ContextOf(span, (*entries, Entry(span, RESULT, result))), RESULT)
        parameters = tuple(
            Parameter(span, called[other], self.into.items.name(other.type_ref, other.source)) for other in takes
        )
        gives = self.into.items.result(node.type_ref, source, node.element.first("variable"))
        return Function(span, parameters, body, gives=gives)

    def _wraps(self, service: Node, output: Node) -> bool:
        """Whether a service with one output is typed as a context of that output alone, as DMN 1.2 had it."""
        whole, own = (self.into.items.given(node.type_ref, node.source) for node in (service, output))
        return whole.fields.keys() == {output.name} and not own.fields

    def _called(self, node: Node, service: Node) -> str:
        """The name of a parameter or decision within a service: the one its own file has for it."""
        return self.sources.seen_as(node, service.source)[-1]

    def _entry(self, node: Node, called: Mapping[Node, str]) -> Expr:
        try:
            value = self._boxed(node, called).child(node.element, self.type(node))
        except PolicyError:
            return null(node.element.span)  # its issues are those of the decision itself
        kind = self.into.items.name(node.type_ref, node.source)
        return converted(value, kind) if kind is not None else value

    def needs(self, node: Node) -> Iterator[Node]:
        """The elements that must be there before this one is made. Raises PolicyError."""
        if node.kind == SERVICE:
            own = {*self.parameters(node), *(inner := self.inner(node))}
            for decision in inner:
                yield from (other for other in self.sources.required(decision) if other not in own)
        elif node.kind != INPUT:
            yield from self.sources.required(node)


def _refuse_deep(decision: Decision) -> None:
    """Raises PolicyError for an expression that is nested so deep that later stages could not follow it."""
    trees = [part.tree for part in parts(decision)]
    level, waiting = 0, trees
    while waiting:
        level += 1
        if level > LIMITS.boxed_levels:
            message = f"expressions are nested more than {LIMITS.boxed_levels} levels deep"
            raise PolicyError(Issue(message, "name a part of it as a decision of its own", decision.span))
        waiting = [child for node in waiting for child in children(node)]
