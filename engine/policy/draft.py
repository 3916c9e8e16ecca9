"""A policy while it is being read: collects decisions and every issue, so that all are shown at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ordain.engine.errors import Issue, Level, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.feel.syntax import parse, tree
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.syntax.tree import Expr, Literal, Name
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.feel.typing.offsets import OFFSET_HINT
from ordain.engine.policy.cell_doubts import doubts
from ordain.engine.policy.claims import Claim
from ordain.engine.policy.declared_types import read_type
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.mending import mended
from ordain.engine.policy.misfits import misfits
from ordain.engine.policy.model import Decision, Output, Requirement, TableFunction
from ordain.engine.policy.templates import has_braces, template
from ordain.engine.policy.visible import Visible
from ordain.engine.policy.written_otherwise import (
    cell_readings,
    days_as_written,
    expression_readings,
    output_readings,
)
from ordain.engine.text.scalars import braced_text
from ordain.engine.text.source import Node
from ordain.engine.values.types import (
    ANY,
    FLAG,
    NULL,
    TEXT,
    Kind,
    Type,
    Value,
    described,
    read,
)

_AS_WRITTEN = (Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS)


class Draft:
    """What a kind writes into. `scope` holds the types of all that the next expression may read."""

    def __init__(self, vocabulary: Vocabulary, *, may_miss: bool = False) -> None:
        self.vocabulary = vocabulary
        self.issues: list[Issue] = []
        self.warnings: dict[Issue, None] = {}
        self.decisions: list[Decision] = []
        self.functions: list[TableFunction] = []
        self.must_hold: list[Requirement] = []
        self.claims: list[Claim] = []
        self.constants: dict[str, tuple[Type, Value]] = {}
        self.gives: dict[str, Type] = {}
        self.reads: dict[str, Span] = {}
        self.shared: dict[str, str] = {}
        """By name what comes from a shared part, and its label, such as `india@1`."""
        self.scope = vocabulary.visible(may_miss=may_miss)
        self.parameters: frozenset[str] = frozenset()
        """The names that are parameters of the table that is read, and no facts."""

    @contextmanager
    def reading(self, scope: Visible, parameters: frozenset[str] | None = None) -> Iterator[None]:
        """What is read meanwhile may read what is in this scope; `parameters` are names that a call gives a value."""
        outer, self.scope = self.scope, scope
        given = self.parameters
        self.parameters = given if parameters is None else parameters
        try:
            yield
        finally:
            self.scope, self.parameters = outer, given

    def fault(self, span: Span, message: str, hint: str = "", *, code: str = "type") -> None:
        self.issues.append(Issue(message, hint, span, code=code))

    def expression(self, node: Node) -> Expr | None:
        """The tree of a FEEL text; None, and an issue, when it has none."""
        try:
            return parse.expression(node.text, node.span, self.scope.names, self.scope.fields)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return None

    def checked(self, expression: Expr | None) -> Checked | None:
        """An expression with its types; notes what it reads and warnings. None, and issues, when it has faults."""
        return None if expression is None else self._noted(check(expression, self.scope))

    def _noted(self, result: Checked) -> Checked | None:
        """Keeps what an expression reads, and what was found of it; None when it has faults."""
        result = self._without_parameters(result)
        self.issues.extend(map(_not_declared, result.issues))
        self.warnings.update(dict.fromkeys(result.warnings))
        own = self._own()
        for name in result.reads:
            if name in self.vocabulary and name not in own:
                self.reads.setdefault(name, _place_of(name, result.tree))
        return None if result.issues else result

    def _without_parameters(self, result: Checked) -> Checked:
        """The expression, of whose `reads` a parameter is none: its value comes with the call."""
        if self.parameters.isdisjoint(result.reads):
            return result
        return replace(result, reads=tuple(name for name in result.reads if name not in self.parameters))

    def _own(self) -> set[str]:
        return {decision.name for decision in self.decisions} | set(self.constants)

    def formula(self, node: Node, want: Type | None = None) -> Checked | None:
        """A FEEL text that must give the type `want`, and one of its declared values where it is a literal."""
        result, issues = self._formula(node, want)
        if issues:
            readings = expression_readings(node.text) if want is None else output_readings(node.text, want)
            issues = mended(
                issues, node, readings, lambda text: _is_clean(self._formula(replace(node, text=text), want))
            )
        return self._kept(result, issues)

    def _kept(self, result: Checked | None, issues: list[Issue]) -> Checked | None:
        """The result when nothing is wrong with it; what it reads counts in any case."""
        if result is not None:
            self._noted(replace(result, issues=()))
        self.issues.extend(issue for issue in issues if issue.level is Level.ERROR)
        return None if issues or result is None else self._without_parameters(result)

    def _formula(self, node: Node, want: Type | None) -> tuple[Checked | None, list[Issue]]:
        """A FEEL text with its types, and every error; nothing is noted."""
        try:
            expression = parse.expression(node.text, node.span, self.scope.names, self.scope.fields)
        except PolicyError as error:
            return None, list(error.issues)
        result = check(expression, self.scope)
        if result.issues or want is None:
            return result, list(map(_not_declared, result.issues))
        if not want.accepts(result.type):
            message = f"`{node.text}` gives {described(result.type)}, but {described(want)} is needed"
            return result, [Issue(message, "", node.span, code="type")]
        if want.kind is Kind.DATE_TIME and result.type.offset is False:
            message = f"`{node.text}` gives a date and time without offset"
            return result, [Issue(message, OFFSET_HINT, node.span, code="zone")]
        found = misfits(result.tree, want, node.span, node.text)
        errors = [issue for issue in found if issue.level is Level.ERROR]
        doubts = tuple(issue for issue in found if issue.level is not Level.ERROR)
        return (replace(result, warnings=(*result.warnings, *doubts)) if doubts else result), errors

    def is_plain_value(self, text: str) -> bool:
        """Whether a text is a value written out, as a constant is."""
        result, issues = self._formula(Node(text, Span("", 1, 1, text), text), None)
        return result is not None and not issues and isinstance(result.tree, Literal)

    def cell(self, node: Node, input: Type, heading: str = "", column: Expr | None = None) -> Checked | None:
        """A unary test; a bare word stands for the declared value of that name.

        `heading` is the column's text, `column` what it asks about.
        """
        result, issues = self._cell(node, input, heading)
        if result is not None and not issues:
            self.warnings.update(dict.fromkeys(doubts(node, result.tree, input, column)))
            if result.warnings:
                warnings = self._told_better(result, node, input)
                result = replace(result, warnings=warnings)
        if issues:
            readings = cell_readings(node.text, input)
            issues = mended(
                issues, node, readings, lambda text: _is_clean(self._cell(replace(node, text=text), input, ""))
            )
        return self._kept(result, issues)

    def _told_better(self, result: Checked, node: Node, input: Type) -> tuple[Issue, ...]:
        """What warns of a cell, with what to write instead where a reading of it is right."""

        def is_right(text: str) -> bool:
            return _is_clean(self._cell(replace(node, text=text), input, ""))

        # A number out of range is no slip of the pen: other brackets that happen to touch the range are no answer.
        return tuple(
            issue
            if issue.code == "out-of-range"
            else mended([issue], node, cell_readings(node.text, input), is_right)[0]
            for issue in result.warnings
        )

    def _cell(self, node: Node, input: Type, heading: str) -> tuple[Checked | None, list[Issue]]:
        """A unary test with its types, None for `-`, and every error; nothing is noted."""
        try:
            test = parse.unary_tests(node.text, node.span, self.scope.names_beside(input.values), self.scope.fields)
        except PolicyError as error:
            return None, list(error.issues)
        if test is None:
            return None, []
        if isinstance(test, tree.Matches) and _looks_like_range(test.candidate):
            hint = "a range is written with brackets and two dots: [0.5..0.8]"
            return None, [Issue(f"`{node.text}` is a subtraction, not a range", hint, node.span, code="syntax")]
        result = check(words_as_values(test, input.values), self.scope, input, heading=heading)
        if not result.issues and not FLAG.accepts(result.type):
            return result, [Issue(f"`{node.text}` is not a test", "", node.span, code="type")]
        return result, list(map(_not_declared, result.issues))

    def output(self, node: Node, want: Type) -> Checked | None:
        """An output cell.

        Text stands as written, with values where it has `{...}`, unless it begins with `=`, which makes the rest an
        expression, or is a FEEL text in double quotes. Dates and durations may stand as written too. All else is an
        expression.
        """
        if node.value is None:
            if want.optional or want.kind is Kind.NULL:
                return check(Literal(node.span, None, type=NULL), {})
            self.fault(node.span, "this output may not be null", "declare it `optional: true`", code="null-output")
            return None
        if isinstance(node.value, list | dict):
            quoted = braced_text(node) if want.kind is Kind.TEXT else None
            hint, edits = (f"write `{quoted.new}`", (quoted,)) if quoted is not None else ("", ())
            message = f"several entries stand here; one {want} belongs here"
            self.issues.append(Issue(message, hint, node.span, code="type", replacements=edits))
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
                if readings := [(day, when) for day, when in days_as_written(text) if is_read(want, day)]:
                    issue = Issue(
                        f"`{text}` is not {described(want)} as policies write it", "", node.span, code="value"
                    )
                    self.issues.extend(mended([issue], node, readings, lambda day: is_read(want, day)))
                    return None
        return self.formula(node, want)

    def _text_output(self, node: Node, text: str, want: Type) -> Checked | None:
        if text.startswith("="):
            result, issues = self._formula(_after_equals(node), want)
            if issues:
                rest = node.text[node.text.index("=") + 1 :]
                readings = ((f"= {reading}", when) for reading, when in output_readings(rest.strip(), want))
                issues = mended(issues, node, readings, lambda text: self._is_formula(text, node, want))
            return self._kept(result, issues)
        if len(text) > 1 and text[0] == text[-1] == '"':
            return self.formula(Node(text, node.span, text), want)
        if want.values and text not in want.values:
            hint = did_you_mean(text, want.values)
            issue = Issue(f"`{text}` is not one of the declared values", hint, node.span, code="undeclared-value")
            self.issues.extend(mended([issue], node, output_readings(text, want), lambda word: word in want.values))
            return None
        if has_braces(text) and not want.values:
            return self.template(node)
        return check(Literal(node.span, text, type=TEXT), {})

    def template(self, node: Node) -> Checked | None:
        """A text with `{...}` in it; None, and issues, when what is in them is wrong."""
        try:
            result = self.checked(template(node, self.formula))
        except PolicyError as error:
            self.issues.extend(error.issues)
            return None
        return None if result is None else replace(result, written=node.text.strip())

    def _is_formula(self, text: str, node: Node, want: Type) -> bool:
        """Whether a text that begins with `=` gives what is wanted."""
        return text.startswith("=") and _is_clean(self._formula(_after_equals(replace(node, text=text)), want))

    def add(self, decision: Decision, *, given: bool = True) -> None:
        """Adds a decision, which later expressions may read; `given` ones are what the policy gives."""
        known = {earlier.name for earlier in self.decisions} | set(self.constants)
        if decision.name in known:
            by = self.shared.get(decision.name)
            also = f"`{decision.name}` stands in `{by}`, which this policy uses"
            self.fault(decision.span, also if by else f"`{decision.name}` is decided twice", code="decided-twice")
        elif decision.name in self.vocabulary and not self.vocabulary[decision.name].given_by:
            hint = "choose another name, or declare the fact with `source: policy ...`"
            self.fault(
                decision.span, f"`{decision.name}` is a fact, so no decision may have its name", hint, code="name"
            )
        self.decisions.append(decision)
        self.scope[decision.name] = decision.type
        if given:
            self.gives[decision.name] = decision.type

    def refuse_known(self, name: str, span: Span) -> None:
        """A name that is given to something is no constant's or function's yet, of those that are shared neither."""
        if name in self._own():
            by = self.shared.get(name)
            message = f"`{name}` stands in `{by}`, which this policy uses" if by else f"`{name}` is said twice"
            self.fault(span, message, "choose another name", code="decided-twice")

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
        """A type as `gives` writes it: a word, or a mapping with `type` and more. ANY when it is wrong."""
        try:
            type = read_type(node, given=True)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return ANY
        values = node.get("values") if isinstance(node.value, dict) else None
        seen: set[str] = set()
        for value in values.nodes() if values is not None else ():
            if value.text in seen:
                twice = Issue(
                    f"the value `{value.text}` appears twice", "keep one of them", value.span, code="duplicate"
                )
                self.warnings[replace(twice, level=Level.WARNING)] = None
            seen.add(value.text)
        return type

    def outputs(self, node: Node) -> tuple[Output, ...]:
        """The `gives` of a table: one type, or a mapping of names to types."""
        if isinstance(node.value, str) or (isinstance(node.value, dict) and "type" in node.value):
            return (Output("", self.type(node)),)
        outputs = []
        for name, part in node.items():
            self.name(name, node.keys[name])
            outputs.append(Output(name, self.type(part)))
        return tuple(outputs)


def _is_clean(found: tuple[Checked | None, list[Issue]]) -> bool:
    """Whether a text is right, and nothing warns of it either."""
    result, issues = found
    return not issues and (result is None or not result.warnings)


def _after_equals(node: Node) -> Node:
    shift = node.text.index("=") + 1
    rest = node.text[shift:]
    return Node(rest, node.span.inside(1, shift + 1, rest), rest)


def _place_of(name: str, expression: Expr) -> Span:
    places = (node.span for node in tree.walk(expression) if isinstance(node, Name) and node.name == name)
    return next(places, expression.span)


def is_read(want: Type, text: str) -> bool:
    """Whether a date or duration may stand so as an output."""
    try:
        read(want, text)
    except NotThatType:
        return False
    return True


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
