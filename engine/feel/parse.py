"""Tokens to the tree. `expression` reads a FEEL expression, `unary_tests` the cell of a table."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from engine import values
from engine.errors import Issue, PolicyError, Span
from engine.feel.functions import FUNCTIONS
from engine.feel.lexer import tokens
from engine.feel.tree import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    Expr,
    If,
    In,
    Index,
    Input,
    ListOf,
    Literal,
    Logic,
    Matches,
    Name,
    Negate,
    Path,
    Range,
    children,
)

MAX_DEPTH = 80
"""Levels of an expression: far above what a person writes, far below what Python's own compiler takes."""


@cache
def _grammar() -> Lark:
    text = resources.files("engine.feel").joinpath("grammar.lark").read_text(encoding="utf-8")
    starts = ["expression", "unary_tests"]
    return Lark(text, parser="lalr", start=starts, maybe_placeholders=False, propagate_positions=True)


def expression(text: str, origin: Span, known: Collection[str] = ()) -> Expr:
    """The tree of a FEEL expression that stands at `origin`. Raises PolicyError."""
    return _Builder(text, origin).build(_parse(text, origin, known, "expression"), 0)


def unary_tests(text: str, origin: Span, known: Collection[str] = ()) -> Expr | None:
    """A cell as a flag expression over `Input`; None for `-`, which asks nothing. Raises PolicyError."""
    tree = _parse(text, origin, known, "unary_tests")
    builder = _Builder(text, origin)
    if tree.data == "any_value":
        return None
    tests = builder.tests([part for part in tree.children if isinstance(part, Tree)], 0)
    span = builder.span(tree)
    test = tests[0] if len(tests) == 1 else Logic(span, "or", tests)
    return Call(span, "not", (test,)) if tree.data == "not_tests" else test


def _parse(text: str, origin: Span, known: Collection[str], start: str) -> Tree[Token]:
    found = tokens(text, origin, known, FUNCTIONS, tests=start == "unary_tests")
    if not found:
        raise PolicyError(Issue("there is nothing here", "write an expression, or `-` for any value", origin))
    parser: Any = _grammar().parse_interactive(start=start)
    try:
        for token in found:
            parser.feed_token(token)
        tree: Tree[Token] = parser.feed_eof(found[-1])
        return tree
    except UnexpectedInput as error:
        error.interactive_parser = parser  # which then tells what it accepts
        raise PolicyError(_misfit(error, text, origin)) from None


_WORDS = {"_IF": "if", "_THEN": "then", "_ELSE": "else", "RPAR": ")", "RSQB": "]", "_BETWEEN": "between"}


def _misfit(error: UnexpectedInput, text: str, origin: Span) -> Issue:
    token = getattr(error, "token", None)
    expected: set[str] = set(getattr(error, "accepts", ()) or getattr(error, "expected", ()))
    closing = [_WORDS[name] for name in ("RPAR", "RSQB", "_THEN", "_ELSE") if name in expected]
    hint = "a value is expected here" if "NUMBER" in expected else ""
    if not hint and closing:
        hint = f"`{closing[0]}` is expected here"
    if token is None or token.type == "$END":
        line = text.count("\n") + 1
        span = origin.inside(line, len(text) - text.rfind("\n"), text.strip())
        return Issue("the expression ends too early", hint, span)
    span = origin.inside(token.line, token.column, str(token))
    if token.type == "NAME" and "NUMBER" not in expected:
        hint = "put text in double quotes, or an operator before the name"
    return Issue(f"`{token}` does not fit here", hint, span)


class _Builder:
    """Lark's tree of one text to ours."""

    def __init__(self, text: str, origin: Span) -> None:
        self.text, self.origin = text, origin

    def span(self, part: Tree[Token] | Token) -> Span:
        mark: Any = part.meta if isinstance(part, Tree) else part
        return self.origin.inside(mark.line, mark.column, self.text[mark.start_pos : mark.end_pos])

    def build(self, tree: Tree[Token], depth: int) -> Expr:
        if depth > MAX_DEPTH:
            message = f"the expression is nested more than {MAX_DEPTH} levels deep"
            raise PolicyError(Issue(message, "name a part of it as a decision of its own", self.origin))
        span = self.span(tree)
        if tree.data in ("in_one", "in_tests"):
            return self.membership(tree, span, depth)
        parts = [self.build(part, depth + 1) for part in tree.children if isinstance(part, Tree)]
        words = [part for part in tree.children if isinstance(part, Token)]
        match tree.data:
            case "number" | "text" | "temporal" | "flag" | "null":
                return self.literal(str(tree.data), words[-1] if words else None, span)
            case "name":
                return Name(span, str(words[0]))
            case "input":
                return Input(span)
            case "group":
                return parts[0]
            case "list":
                return ListOf(span, tuple(parts))
            case "range":
                return Range(span, parts[0], parts[1], words[0] != "[", words[-1] != "]")
            case "call":
                return Call(span, str(words[0]), tuple(parts))
            case "path":
                return Path(span, parts[0], str(words[0]))
            case _:
                return _PLAIN[str(tree.data)](span, words, parts)

    def membership(self, tree: Tree[Token], span: Span, depth: int) -> Expr:
        left, right = (part for part in tree.children if isinstance(part, Tree))
        tests = right.children if right.data == "several_tests" else [right]
        return In(span, self.build(left, depth + 1), self.tests(tests, depth + 1))

    def tests(self, found: list[Any], depth: int) -> tuple[Expr, ...]:
        return tuple(self.test(part, depth) for part in found if isinstance(part, Tree))

    def test(self, tree: Tree[Token], depth: int) -> Expr:
        span = self.span(tree)
        value = Input(span)
        if tree.data == "compare_test":
            operator, operand = tree.children
            assert isinstance(operand, Tree)  # noqa: S101 - the grammar says so; mypy cannot read it
            return Comparison(span, str(operator), value, self.build(operand, depth + 1))
        inner = tree.children[0] if tree.data == "match_test" else tree
        assert isinstance(inner, Tree)  # noqa: S101 - as above
        candidate = self.build(inner, depth + 1)
        return candidate if _asks_itself(candidate) else Matches(span, value, candidate)

    def literal(self, kind: str, word: Token | None, span: Span) -> Expr:
        if kind == "null" or word is None:
            return Literal(span, None, values.NULL)
        try:
            if kind == "number":
                return Literal(span, values.number(str(word)), values.NUMBER)
            if kind == "flag":
                return Literal(span, word == "true", values.FLAG)
            text = _unescaped(str(word), span)
            if kind == "text":
                return Literal(span, text, values.TEXT)
            return Literal(span, *values.temporal(text))
        except values.NotThatType as error:
            raise PolicyError(Issue(str(error), "", span)) from None


_PLAIN: dict[str, Callable[[Span, list[Token], list[Expr]], Expr]] = {
    "if_then_else": lambda span, words, parts: If(span, *parts),
    "logic": lambda span, words, parts: _joined(span, str(words[0]), parts),
    "comparison": lambda span, words, parts: Comparison(span, str(words[0]), *parts),
    "between": lambda span, words, parts: Between(span, *parts),
    "arithmetic": lambda span, words, parts: Arithmetic(span, str(words[0]), *parts),
    "negate": lambda span, words, parts: _negative(span, parts[0]),
    "index": lambda span, words, parts: Index(span, *parts),
}


def _joined(span: Span, op: str, parts: list[Expr]) -> Expr:
    """`a or b or c` is one node with three operands."""
    left, right = parts
    first = left.operands if isinstance(left, Logic) and left.op == op else (left,)
    return Logic(span, op, (*first, right))


def _negative(span: Span, operand: Expr) -> Expr:
    """A minus before a number is part of the number."""
    if isinstance(operand, Literal) and operand.type is values.NUMBER:
        return Literal(span, values.NUMBERS.minus(operand.value), values.NUMBER)
    return Negate(span, operand)


def _asks_itself(test: Expr) -> bool:
    """A cell that names `?` is a condition of its own, not a value to compare with."""
    from_here = [test]
    while from_here:
        node = from_here.pop()
        if isinstance(node, Input):
            return True
        if not isinstance(node, In):
            from_here.extend(children(node))
        else:
            from_here.append(node.value)  # the tests of an `in` have an Input of their own
    return False


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/", "b": "\b", "f": "\f"}


def _unescaped(token: str, span: Span) -> str:
    """The text that a string token says (FEEL grammar rule 64: as in JSON, and \\UXXXXXX)."""
    body, out, position = token[1:-1], [], 0
    while position < len(body):
        if body[position] != "\\":
            out.append(body[position])
            position += 1
            continue
        sign = body[position + 1]
        width = {"u": 4, "U": 6}.get(sign)
        if width is None:
            if sign not in _ESCAPES:
                raise PolicyError(Issue(f"`\\{sign}` is no escape", "write `\\\\` for a backslash", span))
            out.append(_ESCAPES[sign])
            position += 2
            continue
        digits = body[position + 2 : position + 2 + width]
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{width}}}", digits) or int(digits, 16) > sys.maxunicode:
            raise PolicyError(Issue(f"`\\{sign}{digits}` is no character", "", span))
        out.append(chr(int(digits, 16)))
        position += 2 + width
    try:
        # Two escapes may be the halves of one character; half of one alone is none.
        return "".join(out).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        half = next(f"\\u{ord(sign):X}" for sign in out if "\ud800" <= sign <= "\udfff")
        raise PolicyError(Issue(f"`{half}` is no character", "", span)) from None
