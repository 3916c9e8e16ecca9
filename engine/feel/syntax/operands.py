"""The operands of an expression: names, values, brackets, calls, and the forms that begin with a word."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache

from ordain.engine.errors import Issue
from ordain.engine.feel.syntax.lexer import KEYWORDS, PARTS, SPACE, STARTS, VALUE_EXPECTED
from ordain.engine.feel.syntax.names import Scope, argument_name, plain_name
from ordain.engine.feel.syntax.tree import (
    Call,
    ContextOf,
    Each,
    Entry,
    Expr,
    Filter,
    For,
    Function,
    If,
    Input,
    InstanceOf,
    ListOf,
    Literal,
    Name,
    Negate,
    Parameter,
    Path,
    Quantified,
    Range,
    Steps,
    call,
)
from ordain.engine.feel.syntax.words import Reader
from ordain.engine.values import decimals
from ordain.engine.values import types as values


class Operands(Reader, ABC):
    in_range = False
    """Whether the upper end of a range is being read, which a `[` without anything after it ends."""

    def restart(self) -> None:
        """Stand at the beginning again."""
        self.scope = Scope(self.scope.known, self.scope.fields, lenient=self.lenient)
        self.depth = self.last = 0
        self.in_range = False
        self.go(0)

    @abstractmethod
    def expression(self) -> Expr:
        """A whole expression."""

    def inner(self, *, in_range: bool = False) -> Expr:
        """An expression within brackets or after a word, one level down."""
        before, self.in_range = self.in_range, in_range
        self.deeper()
        expression = self.expression()
        self.depth -= 1
        self.in_range = before
        return expression

    # --- what binds tightest

    def unary(self) -> Expr:
        start = self.start
        if self.lenient and self.value == "+":
            self.advance()  # KIE's, and no part of DMN
            return self.unary()
        if self.value != "-" or self.scope.name_at(self.text, start):
            return self.followed(self.operand(), start)
        self.advance()
        of_number = self.kind == "number"
        self.deeper()
        operand = self.unary()
        self.depth -= 1
        span = self.since(start)
        if of_number and isinstance(operand, Literal):
            return Literal(span, decimals.NUMBERS.minus(operand.value), type=values.NUMBER)
        return Negate(span, operand)

    def followed(self, operand: Expr, start: int) -> Expr:
        """`operand`, which begins at `start`, with the fields, filters, arguments and `instance of` that follow it."""
        depth = self.depth
        while True:
            if self.value == ".":
                self.advance()
                name = self._field()
                operand = Path(self.since(start), operand, name)
            elif self.lenient and self.value == ".." and self.follower() == ".":
                self.advance()
                self.advance()
                name = self._field()
                span = self.since(start)
                operand = call(span, "...", operand, Literal(span, name, type=values.TEXT))
            elif self.value == "(":
                arguments, names = self._arguments()
                operand = Call(self.since(start), operand, arguments, names)
            elif self.value == "[" and not (self.in_range and self._ends_range()):
                condition = self._condition()
                operand = Filter(self.since(start), operand, condition)
            elif self.value == "instance":
                return self._instance(operand, start)
            else:
                break
            self.deeper()
        self.depth = depth
        return operand

    def _instance(self, value: Expr, start: int) -> Expr:
        before = self.depth
        while self.value == "instance":
            self.advance()
            self.take("of")
            of = self.type_name(bounded=False)
            value = InstanceOf(self.since(start), value, of)
            self.deeper()
        self.depth = before
        return value

    def _field(self) -> str:
        if (field := self.scope.field_at(self.text, self.start)) is not None:
            self.jump(field[1])
            return field[0]
        if (ticked := self.ticked()) is not None:
            return ticked
        if self.kind != "name":
            self.fail("the name of a field is expected here")
        name = self.value
        self.advance()
        # Of data without a type nobody knows the fields, and two words beside each other are nothing else.
        while self.lenient and self.kind == "name" and self.value not in KEYWORDS:
            name = f"{name} {self.value}"
            self.advance()
        return name

    def _condition(self) -> Expr:
        opened = self.start
        self.advance()
        self.scope.enter_filter()
        condition = self.inner()
        self.scope.leave_filter()
        self.close("]", opened)
        return condition

    def _arguments(self) -> tuple[tuple[Expr, ...], tuple[str, ...]]:
        opened = self.start
        self.advance()
        arguments: list[Expr] = []
        names: list[str] = []
        while self.value != ")" or arguments:
            named = self._ticked_argument() or argument_name(self.text, self.start)
            if bool(named) != bool(names) and arguments:
                self.fail("give all arguments by name, or none")
            if named is not None:
                names.append(named[0])
                self.jump(named[1])
                self.take(":")
            arguments.append(self.inner())
            if not self.taken(","):
                break
        self.close(")", opened)
        return tuple(arguments), tuple(names)

    def _ticked_argument(self) -> tuple[str, int] | None:
        """The name in backticks before `:`, and where it ends."""
        start, last = self.start, self.last
        name = self.ticked()
        found = (name, self.last) if name is not None and self.value == ":" else None
        self.go(start)
        self.last = last
        return found

    # --- operands

    def operand(self) -> Expr:
        start = self.start
        if self.kind == "string":
            text = self.string()
            return Literal(self.since(start), text, type=values.TEXT)
        if (named := self.scope.name_at(self.text, start)) is not None:
            self.jump(named[1])
            return Name(self.since(start), named[0])
        if self.kind == "number":
            return self.number()
        if (form := _FORMS.get(self.value)) is not None:
            return form(self)
        if (ticked := self.ticked()) is not None:
            return Name(self.since(start), ticked)
        if self.lenient and self.value in _JOINING and self.follower() == "(":
            return self._called(_JOINING[self.value])
        if self.kind != "name" or self.value in KEYWORDS:
            self.fail(VALUE_EXPECTED)
        name = self.value
        self.advance()
        if self.lenient and self.kind == "name" and (words := _called_words().match(self.text, start)) is not None:
            return self._unknown_function(start, plain_name(words[1]), words.end(1))
        return Name(self.since(start), name)

    def _called(self, function: str) -> Name:
        start = self.start
        self.advance()
        return Name(self.since(start), function)

    def _unknown_function(self, start: int, name: str, end: int) -> Expr:
        """Several words before `(` that are no function's name: nothing but this call is wrong with the text."""
        self.jump(end)
        issue = Issue(f"there is no function `{name}`", self.scope.near(name), self.since(start), code="syntax")
        piece = self.unreadable(issue, start)
        self._arguments()
        return piece

    def _input(self) -> Input:
        start = self.start
        self.advance()
        return Input(self.since(start))

    def _constant(self) -> Literal:
        start, word = self.start, self.value
        self.advance()
        if word == "null":
            return Literal(self.since(start), None, type=values.NULL)
        return Literal(self.since(start), word == "true", type=values.FLAG)

    def begins_operand(self) -> bool:
        """Whether an operand may begin with what stands here."""
        if self.kind in ("number", "string") or self.scope.name_at(self.text, self.start):
            return True
        if self.kind == "name" and self.value not in KEYWORDS:
            return True
        if self.lenient and self.value == "`":
            return True
        return self.value in ("-", *_FORMS) and self.value != "]"

    # --- brackets

    def _bracket(self) -> Expr:
        """`(a)`, `[a, b]`, or a range, which any of `(`, `[` and `]` may open."""
        opened, opening = self.start, self.value
        self.advance()
        if opening == "[" and self.taken("]"):
            return ListOf(self.since(opened), ())
        if opening == "]" and self.value != ".." and not self.begins_operand():
            self.go(opened)
            self.fail(VALUE_EXPECTED)
        first = None if self.value == ".." and opening != "[" else self.inner()
        if self.value == "..":
            return self.range(opened, first)
        if first is None or opening == "]":
            self.fail("`..` is expected here, as in `]1..5]`")
        if opening == "(":
            self.close(")", opened)
            return first
        items = [first]
        while self.taken(","):
            items.append(self.inner())
        self.close("]", opened)
        return ListOf(self.since(opened), tuple(items))

    def range(self, opened: int, low: Expr | None) -> Range:
        """The rest of a range whose `..` stands here. A side without bound is open."""
        self.take("..")
        high = None
        if self.value not in (")", "]") and not (self.value == "[" and self.follower() != "]" and self._ends_range()):
            high = self.inner(in_range=True)
        end, closed = self.value, self.value == "]"
        if end not in (")", "]", "["):
            self.close("]" if self.text[opened] == "[" else ")", opened)
        if high is None and (closed or low is None):
            self.fail("the side without bound is open: `[5..)` or `(..5]`")
        self.advance()
        return Range(self.since(opened), low, high, self.text[opened] != "[", not closed)

    def _ends_range(self) -> bool:
        """Whether the `[` here ends a range, rather than beginning a filter or list: no operand follows it."""
        before, start = self.last, self.start
        self.advance()
        ends = not self.begins_operand()
        self.go(start)
        self.last = before
        return ends

    # --- contexts

    def context(self) -> ContextOf:
        opened = self.start
        self.take("{")
        entries: list[Entry] = []
        while self.value != "}" or entries:
            entries.append(self._entry())
            if not self.taken(","):
                break
        self.close("}", opened)
        self.scope.leave(entry.name for entry in entries)
        return ContextOf(self.since(opened), tuple(entries))

    def _entry(self) -> Entry:
        start = self.start
        name = self.string() if self.kind == "string" else self.introduced("an entry")
        self.take(":")
        value = self.inner()
        self.scope.enter([name])
        self.scope.has_key(name)
        return Entry(self.since(start), name, value)

    # --- forms that begin with a word

    def _if(self) -> If:
        start = self.start
        self.advance()
        condition = self.inner()
        self.take("then")
        then = self.inner()
        self.take("else")
        otherwise = self.inner()
        return If(self.since(start), condition, then, otherwise)

    def _for(self) -> For:
        start = self.start
        self.advance()
        iterators = self._iterators()
        self.take("return")
        body = self.inner()
        self.scope.leave(each.name for each in iterators)
        return For(self.since(start), iterators, body)

    def _quantified(self) -> Quantified:
        start, quantifier = self.start, self.value
        self.advance()
        iterators = self._iterators()
        self.take("satisfies")
        condition = self.inner()
        self.scope.leave(each.name for each in iterators)
        return Quantified(self.since(start), quantifier, iterators, condition)

    def _iterators(self) -> tuple[Each, ...]:
        iterators: list[Each] = []
        while not iterators or self.taken(","):
            start = self.start
            name = self.variable()
            self.take("in")
            begun = self.start
            over = self.inner()
            if self.taken(".."):
                high = self.inner()
                over = Steps(self.since(begun), over, high)
            self.scope.enter([name])
            iterators.append(Each(self.since(start), name, over))
        return tuple(iterators)

    def _function(self) -> Function:
        start = self.start
        self.advance()
        opened = self.start
        self.take("(")
        parameters: list[Parameter] = []
        while self.value != ")" or parameters:
            begun = self.start
            name = self.introduced("a parameter")
            of = self.type_name(bounded=True) if self.taken(":") else None
            parameters.append(Parameter(self.since(begun), name, of))
            if not self.taken(","):
                break
        self.close(")", opened)
        external = self.value == "external" and self.follower() == "{"
        if external:
            self.advance()
        self.scope.enter(parameter.name for parameter in parameters)
        body = self.inner()
        self.scope.leave(parameter.name for parameter in parameters)
        return Function(self.since(start), tuple(parameters), body, external)


_JOINING = {"and": "all", "or": "any"}
"""Camunda's names of two functions, which DMN had in its first version."""


@cache
def _called_words() -> re.Pattern[str]:
    """Several words before `(`, none of them a keyword; compiled when a text has two words in a row."""
    word = rf"(?!(?:{'|'.join(sorted(KEYWORDS))})\b){STARTS}{PARTS}*+"
    return re.compile(rf"({word}(?:[{SPACE}]++{word}){{1,7}})[{SPACE}]*\(")


_FORMS: dict[str, Callable[[Operands], Expr]] = {
    **dict.fromkeys(("(", "[", "]"), Operands._bracket),
    "{": Operands.context,
    "@": Operands.temporal,
    "?": Operands._input,
    **dict.fromkeys(("true", "false", "null"), Operands._constant),
    "if": Operands._if,
    "for": Operands._for,
    **dict.fromkeys(("some", "every"), Operands._quantified),
    "function": Operands._function,
}
