"""What a parser reads word by word, without operators: values as written, introduced names, and types."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from ordain.engine.errors import Issue, NotThatType, PolicyError, Span
from ordain.engine.feel.syntax.escapes import unescaped
from ordain.engine.feel.syntax.lexer import KEYWORDS, PARTS, SPACE, Scanner
from ordain.engine.feel.syntax.names import Scope, loop_name, plain_name, written_name
from ordain.engine.feel.syntax.tree import Expr, Literal, TypeName
from ordain.engine.feel.syntax.unread import unread
from ordain.engine.limits import LIMITS
from ordain.engine.values import decimals, loose_temporal, temporal
from ordain.engine.values import types as values
from ordain.engine.values.types import Kind

_SEVERAL_WORDS = re.compile(
    rf"(?:date[{SPACE}]+and[{SPACE}]+time|days[{SPACE}]+and[{SPACE}]+time[{SPACE}]+duration"
    rf"|years[{SPACE}]+and[{SPACE}]+months[{SPACE}]+duration)(?!{PARTS})"
)
_OF = re.compile(rf"(list|range)[{SPACE}]+of[{SPACE}]+(?=[^{SPACE}])")
_ARGUED = frozenset({"list", "range", "context", "function"})
_TYPE_KEYWORDS = frozenset({"function", "null"})


class Reader(Scanner):
    """`pieces`: a piece that cannot be read becomes null there, with its fault; None: it is an error of the whole."""

    def __init__(
        self,
        text: str,
        origin: Span,
        known: Collection[str],
        fields: Collection[str],
        lenient: bool,
        pieces: list[Issue] | None = None,
    ) -> None:
        most = LIMITS.lenient_characters if lenient else LIMITS.expression_characters
        if len(text) > most:
            raise PolicyError(
                Issue(f"an expression may have at most {most:,} characters", "", origin, code="too-large")
            )
        self.scope, self.lenient, self.pieces = Scope(known, fields, lenient=lenient), lenient, pieces
        super().__init__(text, origin)

    # --- values as written

    def number(self) -> Literal:
        """A number; one with more than 34 digits is rounded in a `.dmn` file and refused elsewhere."""
        word, span = self.value, self.span(self.start, self.end)
        try:
            value = decimals.NUMBERS.plus(Decimal(word)) if self.lenient else decimals.number(word)
        except NotThatType as error:
            raise PolicyError(Issue(str(error), "", span, code="value")) from None
        except ArithmeticError:
            raise PolicyError(Issue(f"`{word[:48]}` is too large", "", span, code="value")) from None
        self.advance()
        return Literal(span, value, type=values.NUMBER)

    def string(self) -> str:
        text = unescaped(self.value, self.span(self.start, self.end), self.lenient)
        self.advance()
        return text

    def temporal(self) -> Expr:
        """`@"..."`; a date and time may lack its offset only in a `.dmn` file."""
        start = self.start
        self.take("@")
        if self.kind != "string":
            self.fail('a date, time or duration in double quotes is expected here, such as @"2026-01-31"')
        text = self.string()
        span = self.since(start)
        try:
            value: Any = loose_temporal.read_any(text) if self.lenient else temporal.read_any(text)
        except (NotThatType, ArithmeticError) as error:
            return self.unreadable(Issue(str(error), "", span, code="value"), start)
        kind = values.kind_of(value)
        if kind is Kind.DATE_TIME and not self.lenient and getattr(value, "tzinfo", None) is None:
            hint = f"write `{text[:40]}Z`, or the offset of its place, such as `+05:30`"
            raise PolicyError(Issue(f"`{text[:40]}` is a date and time without offset", hint, span, code="zone"))
        return Literal(span, value, type=values.SIMPLE[kind])

    def unreadable(self, issue: Issue, start: int) -> Expr:
        """The null that stands for a piece from `start` up to here. Raises PolicyError where none may."""
        if self.pieces is None:
            raise PolicyError(issue)
        self.pieces.append(issue)
        return unread(issue, self.since(start))

    # --- names

    def ticked(self) -> str | None:
        """The name that stands here between backticks, as Camunda's engines write one with signs in it."""
        if not self.lenient or self.value != "`" or (end := self.text.find("`", self.end)) < 0:
            return None
        name = plain_name(self.text[self.end : end])
        if not name:
            self.fail("a name is expected between the backticks")
        self.jump(end + 1)
        return name

    def introduced(self, what: str) -> str:
        """The name of a key or parameter, which may have several words."""
        if (ticked := self.ticked()) is not None:
            return ticked
        begins = self.kind == "name" or (self.lenient and self.value == "?")
        named = written_name(self.text, self.start) if begins else None
        if named is None:
            self.fail(f"the name of {what} is expected here")
        self.jump(named[1])
        return named[0]

    def variable(self) -> str:
        """The name of a loop's variable, before `in`."""
        if (ticked := self.ticked()) is not None:
            return ticked
        odd = self.lenient and self.value == "?" and loop_name(self.text, self.start) is not None
        if not odd and (self.kind != "name" or self.value in KEYWORDS):
            self.fail("the name of a variable is expected here")
        name, end = loop_name(self.text, self.start) or (self.value, self.end)
        self.jump(end)
        return name

    # --- types

    def type_name(self, *, bounded: bool) -> TypeName:
        """A type. `bounded`: a sign ends it; otherwise it stands in an expression, and a keyword ends it too."""
        if (of := _OF.match(self.text, self.start)) is not None:
            self.jump(of.end())
            self.deeper()
            item = self.type_name(bounded=bounded)
            self.depth -= 1
            return TypeName(of[1], (item,))
        if self.value in _ARGUED and self.follower().startswith("<"):
            return self._argued_type(bounded)
        if bounded:
            named = written_name(self.text, self.start)
        elif (match := _SEVERAL_WORDS.match(self.text, self.start)) is not None:
            named = plain_name(match.group()), match.end()
        else:
            named = self.scope.name_at(self.text, self.start)
        if named is None:
            return TypeName(self._words())
        self.jump(named[1])
        return TypeName(re.sub(r" ?\. ?", ".", named[0]) if bounded else named[0])

    def _words(self) -> str:
        words: list[str] = []
        while self.kind == "name" and (self.value not in KEYWORDS or (self.value in _TYPE_KEYWORDS and not words)):
            words.append(self.value)
            self.advance()
            if self.value == "." and self.follower() not in KEYWORDS:
                words.append(".")
                self.advance()
        if not words or words[-1] == ".":
            self.fail("the name of a type is expected here")
        return " ".join(words).replace(" . ", ".")

    def _argued_type(self, bounded: bool) -> TypeName:
        """`list<T>`, `range<T>`, `context<a: T, ...>` or `function<T, ...> -> T`."""
        name = self.value
        self.advance()
        self.deeper()
        self._angle("<")
        arguments: list[TypeName] = []
        fields: list[str] = []
        more = name in ("list", "range") or not self.value.startswith(">")
        while more:
            if name == "context":
                fields.append(self.introduced("a field"))
                self.take(":")
            arguments.append(self.type_name(bounded=True))
            more = name not in ("list", "range") and self.taken(",")
        self._angle(">")
        result = None
        if name == "function":
            if self.value != "-" or self.follower()[:1] != ">":
                self.fail("`->` and the type of the result are expected here")
            self.advance()
            self._angle(">")
            result = self.type_name(bounded=bounded)
        self.depth -= 1
        return TypeName(name, tuple(arguments), tuple(fields), result)

    def _angle(self, sign: str) -> None:
        """Take one angle bracket, which may be written together with another sign: `>>`, `<>`."""
        if not self.value.startswith(sign):
            self.fail(f"`{sign}` is expected here")
        self.jump(self.start + 1)
