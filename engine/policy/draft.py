"""A policy while it is being read: collects decisions and every issue, so that all are shown at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ordain.engine.errors import Issue, Level, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.syntax.tree import Expr, Literal, Name
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.feel.typing.offsets import OFFSET_HINT
from ordain.engine.feel.typing.units import describe_unit, mismatch, unit_hint
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Decision, Formula, Output, Requirement
from ordain.engine.text.source import Node
from ordain.engine.values.types import ANY, FLAG, NULL, TEXT, Kind, Type, Value, context_of, list_of, read, type_named

_AS_WRITTEN = (Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS)


class Draft:
    """What a kind writes into. `scope` holds the types of all that the next expression may read."""

    def __init__(self, vocabulary: Vocabulary, *, may_miss: bool = False) -> None:
        self.vocabulary = vocabulary
        self.issues: list[Issue] = []
        self.warnings: dict[Issue, None] = {}
        self.decisions: list[Decision] = []
        self.must_hold: list[Requirement] = []
        self.constants: dict[str, tuple[Type, Value]] = {}
        self.gives: dict[str, Type] = {}
        self.reads: dict[str, Span] = {}
        self.scope = vocabulary.visible(may_miss=may_miss)

    def fault(self, span: Span, message: str, hint: str = "", *, code: str = "type") -> None:
        self.issues.append(Issue(message, hint, span, code=code))

    def expression(self, node: Node) -> Expr | None:
        """The tree of a FEEL text; None, and an issue, when it has none."""
        try:
            return parse.expression(node.text, node.span, self.scope.names, self.scope.fields)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return None

    def checked(self, expression: Expr | None, input: Type | None = None, heading: str = "") -> Checked | None:
        """An expression with its types; notes what it reads and warnings. None, and issues, when it has faults."""
        if expression is None:
            return None
        result = check(expression, self.scope, input, heading=heading)
        self.issues.extend(map(_not_declared, result.issues))
        self.warnings.update(dict.fromkeys(result.warnings))
        own = self._own()
        for name in result.reads:
            if name in self.vocabulary and name not in own:
                self.reads.setdefault(name, _place_of(name, expression))
        return None if result.issues else result

    def _own(self) -> set[str]:
        return {decision.name for decision in self.decisions} | set(self.constants)

    def formula(self, node: Node, want: Type | None = None) -> Checked | None:
        """A FEEL text that must give the type `want`, and one of its declared values where it is a literal."""
        result = self.checked(self.expression(node))
        if result is None or want is None:
            return result
        if not want.accepts(result.type):
            self.fault(node.span, f"`{node.text}` gives a {result.type}, but a {want} is needed")
            return None
        if not self._measures_up(node, result, want):
            return None
        for given in tree.results(result.tree) if want.values else ():
            if isinstance(given, Literal) and given.value is not None and given.value not in want.values:
                hint = did_you_mean(str(given.value), want.values)
                self.fault(
                    given.span, f"`{given.value}` is not one of the declared values", hint, code="undeclared-value"
                )
                return None
        return result

    def _measures_up(self, node: Node, result: Checked, want: Type) -> bool:
        """Whether a formula gives the unit that is asked for, and a date and time an offset."""
        if want.kind is Kind.DATE_TIME and result.type.offset is False:
            self.fault(node.span, f"`{node.text}` gives a date and time without offset", OFFSET_HINT, code="zone")
            return False
        wanted = Name(node.span, "")
        number = want.kind is Kind.NUMBER
        level = mismatch(result.tree, result.type, wanted, want, _type_of) if number else None
        if level is None:
            return True
        needed = describe_unit(want).removeprefix("in ")
        message = f"`{node.text}` is {describe_unit(result.type)}, but {needed} is needed here"
        hint = unit_hint(result.tree, result.type, wanted, want)
        issue = Issue(message, hint, node.span, code="unit", level=level)
        if level is Level.ERROR:
            self.issues.append(issue)
        else:
            self.warnings[issue] = None
        return level is not Level.ERROR

    def cell(self, node: Node, input: Type, heading: str = "") -> Checked | None:
        """A unary test; a bare word stands for the declared value of that name. `heading` is the column's."""
        try:
            test = parse.unary_tests(node.text, node.span, self.scope.names_beside(input.values), self.scope.fields)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return None
        if test is None:
            return None
        if isinstance(test, tree.Matches) and _looks_like_range(test.candidate):
            hint = "a range is written with brackets and two dots: [0.5..0.8]"
            self.fault(node.span, f"`{node.text}` is a subtraction, not a range", hint, code="syntax")
            return None
        result = self.checked(words_as_values(test, input.values), input, heading)
        if result is not None and not FLAG.accepts(result.type):
            self.fault(node.span, f"`{node.text}` is not a test")
            return None
        return result

    def output(self, node: Node, want: Type) -> Checked | None:
        """An output cell.

        Text stands as written, unless it begins with `=`, which makes the rest an expression, or is a FEEL text
        in double quotes. Dates and durations may stand as written too. All else is an expression.
        """
        if node.value is None:
            if want.optional or want.kind is Kind.NULL:
                return check(Literal(node.span, None, type=NULL), {})
            self.fault(node.span, "this output may not be null", "declare it `optional: true`", code="null-output")
            return None
        if isinstance(node.value, list | dict):
            self.fault(node.span, f"several entries stand here; one {want} belongs here")
            return None
        text = node.text.strip()
        if want.kind is Kind.ANY:
            return None  # the type itself was wrong, which has been said
        if want.kind is Kind.TEXT:
            return self._text_output(node, text, want)
        if want.kind in _AS_WRITTEN:
            try:
                return check(Literal(node.span, read(want, text), type=want), {})
            except NotThatType as error:
                if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T.*)?", text):
                    self.fault(node.span, str(error), code="value")
                    return None
        return self.formula(node, want)

    def _text_output(self, node: Node, text: str, want: Type) -> Checked | None:
        if text.startswith("="):
            shift = node.text.index("=") + 1
            rest = Node(node.text[shift:], node.span.inside(1, shift + 1, node.text[shift:]), node.text[shift:])
            return self.formula(rest, want)
        if len(text) > 1 and text[0] == text[-1] == '"':
            return self.formula(Node(text, node.span, text), want)
        if want.values and text not in want.values:
            self.fault(
                node.span,
                f"`{text}` is not one of the declared values",
                did_you_mean(text, want.values),
                code="undeclared-value",
            )
            return None
        return check(Literal(node.span, text, type=TEXT), {})

    def add(self, decision: Decision, *, given: bool = True) -> None:
        """Adds a decision, which later expressions may read; `given` ones are what the policy gives."""
        known = {earlier.name for earlier in self.decisions} | set(self.constants)
        if decision.name in known:
            self.fault(decision.span, f"`{decision.name}` is decided twice", code="decided-twice")
        elif decision.name in self.vocabulary and not self.vocabulary[decision.name].given_by:
            hint = "choose another name, or declare the fact with `source: policy ...`"
            self.fault(
                decision.span, f"`{decision.name}` is a fact, so no decision may have its name", hint, code="name"
            )
        self.decisions.append(decision)
        self.scope[decision.name] = decision.type
        if given:
            self.gives[decision.name] = decision.type

    def broken(self, name: str) -> None:
        """A decision that has issues of its own is known, of any type, so that its readers are not faulted too."""
        self.scope[name] = ANY

    def name(self, text: str, span: Span) -> None:
        if not is_name(text):
            self.fault(
                span,
                f"`{text}` cannot be a name",
                "use letters, digits and `_`, but no keyword",
                code="name",
            )

    def type(self, node: Node) -> Type:
        """A type as `gives` writes it: `number`, or a mapping with `type`, `values`, `unit`. ANY when it is wrong."""
        try:
            return read_type(node)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return ANY

    def outputs(self, node: Node) -> tuple[Output, ...]:
        """The `gives` of a table: one type, or a mapping of names to types."""
        if isinstance(node.value, str) or (isinstance(node.value, dict) and "type" in node.value):
            return (Output("", self.type(node)),)
        outputs = []
        for name, part in node.items():
            self.name(name, node.keys[name])
            outputs.append(Output(name, self.type(part)))
        return tuple(outputs)


def _place_of(name: str, expression: Expr) -> Span:
    places = (node.span for node in tree.walk(expression) if isinstance(node, Name) and node.name == name)
    return next(places, expression.span)


def _not_declared(issue: Issue) -> Issue:
    """An unknown name, of which a hint says where names are declared when none is much like it."""
    if issue.code != "unknown-name" or not issue.hint.startswith("nearest: "):
        return issue
    return replace(issue, hint=f"it is not declared in facts.yaml; {issue.hint}")


def _looks_like_range(node: Expr) -> bool:
    if not isinstance(node, tree.Arithmetic) or node.op != "-":
        return False
    return isinstance(node.left, Literal) and isinstance(node.right, Literal)


def words_as_values(test: Expr, values: Iterable[str]) -> Expr:
    """The test with every bare name that is a declared value made the text it stands for."""
    known = set(values)

    def named(node: Expr) -> Expr:
        return Literal(node.span, node.name, type=TEXT) if isinstance(node, Name) and node.name in known else node

    return tree.changed(test, named) if known else test


def read_type(node: Node) -> Type:
    """A declared type. Raises PolicyError with its place."""
    if not isinstance(node.value, dict):
        named = type_named(node.text)
        if named is None and node.text in ("context", "list of context"):
            raise PolicyError(
                Issue("a context needs `fields`", "fields: {name: text, ...}", node.span, code="unknown-type")
            )
        if named is None:
            names = ("number", "text", "flag", "date", "time", "date and time", "duration", "months", "list of text")
            raise PolicyError(
                Issue(f"unknown type `{node.text}`", did_you_mean(node.text, names), node.span, code="unknown-type")
            )
        return named
    if (fields := node.get("fields")) is not None and node["type"].text in ("context", "list of context"):
        type = context_of({name: read_type(part) for name, part in fields.items()})
        type = list_of(type) if node["type"].text != "context" else type
    else:
        type = read_type(node["type"])
    values = node["values"].texts() if node.get("values") else ()
    if values and type.kind is Kind.LIST and type.item is not None:
        return replace(type, item=replace(type.item, values=values))
    optional = node.get("optional")
    unit = node.get("unit")
    return replace(
        type,
        values=values,
        unit=unit.text if unit is not None else "",
        optional=optional is not None and optional.value is True,
    )


def functions(draft: Draft, node: Node | None) -> None:
    """The `functions` section: functions that later expressions may call. DMN: business knowledge models."""
    for name, part in node.items() if node is not None else ():
        place = node.keys[name] if node is not None else part.span
        draft.name(name, place)
        if name in FUNCTIONS:
            draft.fault(place, f"`{name}` is a built-in function", "choose another name", code="name")
        function = draft.checked(draft.expression(part))
        if function is None:
            draft.broken(name)
        elif not isinstance(function.tree, tree.Function):
            draft.broken(name)
            draft.fault(
                part.span, f"`{name}` is not a function", "write `function(price: number) price * 2`", code="type"
            )
        else:
            draft.add(Formula(name, function, function.type, part.span), given=False)


def constants(draft: Draft, node: Node | None) -> None:
    """The `constants` section: numbers, texts and flags that expressions may name."""
    if node is None:
        return
    for name, part in node.items():
        draft.name(name, node.keys[name])
        if name in draft.vocabulary:
            draft.fault(node.keys[name], f"`{name}` is a fact, so no constant may have its name", code="name")
        value = part["value"] if part.get("value") is not None else part
        constant = draft.formula(value)
        if constant is None:
            continue
        if not isinstance(constant.tree, Literal):
            message = f"the constant `{name}` must be a number, a quoted text, a flag or a date"
            written = re.search(r"\d{4}-\d\d-\d\d", value.text)
            draft.fault(value.span, message, f"write '@\"{written[0]}\"'" if written else "", code="constant")
            continue
        draft.constants[name] = (constant.type, constant.tree.value)
        draft.scope[name] = constant.type


def _type_of(node: Expr) -> Type:
    return node.type
