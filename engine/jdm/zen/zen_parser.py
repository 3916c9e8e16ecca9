"""ZEN texts to trees: an expression, or the cell of a table (a unary test)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NoReturn

from ordain.engine.jdm.zen.zen_tree import (
    CLOSURES,
    At,
    Binary,
    Call,
    Conditional,
    Entry,
    Flag,
    Interval,
    ListOf,
    Logic,
    Member,
    Method,
    Name,
    Null,
    Number,
    ObjectOf,
    Slice,
    Template,
    Text,
    Unary,
    Zen,
    too_high,
)
from ordain.engine.jdm.zen.zen_words import NotZen, Token, tokens
from ordain.engine.limits import LIMITS

_BINDS = {"or": 10, "and": 15, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "^": 70, "??": 80}
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})
_COMPARE, _NOT, _SIGN = 20, 50, 200
_JOINTS = frozenset({"and", "or"})
_NO_NAMES = frozenset({"and", "or", "in", "not"})
MOST_LEVELS = LIMITS.expression_levels // 2
"""The tree that a policy's own reader makes of a translation is higher than this one."""
_TOO_DEEP = f"it is nested more than {MOST_LEVELS} levels deep"
_WORDS: dict[str, Zen] = {"true": Flag(True), "false": Flag(False), "null": Null()}
_BOOLEAN = frozenset({"contains", "startsWith", "endsWith", "matches", "isNumeric", "all", "some", "none", "one"})
_LISTS = frozenset({"flatten", "merge", "mergeDeep", "extract", "split", "keys", "values", "filter", "map", "flatMap"})
DOLLAR = Name("$")


def expression(text: str) -> Zen:
    """The tree of a whole text. Raises NotZen."""
    parser = _Parser(text)
    return _whole(parser, parser.conditional())


def cell(text: str) -> Zen:
    """A cell as a condition over `$`, the value that its column asks about. Raises NotZen.

    `and`, `or` and commas, which mean or, all bind alike here, from left to right, as ZEN has it.
    """
    parser = _Parser(text, joins=False)
    tree = parser.test()
    while parser.at.kind != "end":
        joint = "or" if parser.at.value == "," else parser.at.value
        if joint not in _JOINTS or parser.at.kind not in ("name", "sign"):
            parser.fail()
        parser.advance()
        tree = joined(joint, tree, parser.test())
    return _whole(parser, tree)


def joined(op: str, left: Zen, right: Zen) -> Zen:
    """Both operands of `and` or `or`, in one row with those that `left` already has."""
    first = left.operands if isinstance(left, Logic) and left.op == op else (left,)
    return Logic(op, (*first, right))


def _whole(parser: _Parser, tree: Zen) -> Zen:
    if parser.at.kind != "end":
        parser.fail()
    if too_high(tree, MOST_LEVELS):
        raise NotZen(_TOO_DEEP)
    return tree


class _Parser:
    """`joins`: whether `and` and `or` belong to the expression that is read; at the top of a cell they part tests."""

    def __init__(self, text: str, *, joins: bool = True) -> None:
        if len(text) > LIMITS.expression_characters:
            raise NotZen(f"it has more than {LIMITS.expression_characters:,} characters")
        self.tokens = tokens(text)
        self.position = 0
        self.depth = 0
        self.joins = joins

    @property
    def at(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        token = self.at
        self.position += token.kind != "end"
        return token

    def take(self, sign: str) -> bool:
        found = self.at.kind == "sign" and self.at.value == sign
        if found:
            self.advance()
        return found

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise NotZen(f"`{sign}` is missing before {self.here()}")

    def here(self) -> str:
        return "its end" if self.at.kind == "end" else f"`{self.at.value}`"

    def fail(self) -> NoReturn:
        raise NotZen("it ends too early" if self.at.kind == "end" else f"{self.here()} does not fit here")

    def test(self) -> Zen:
        """One test of a cell: a comparison that may lack its left side, or what `$` is compared with."""
        if op := self.comparison():
            return Binary(op, DOLLAR, self.binary(_COMPARE + 1))
        tree = self.conditional()
        how = compared(tree)
        return Binary(how, DOLLAR, tree) if how else tree

    def comparison(self) -> str:
        """The comparison that stands here, which is then read; otherwise nothing."""
        token, follower = self.at, self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        if token.kind == "name" and token.value == "not" and follower.kind == "name" and follower.value == "in":
            self.advance()
            self.advance()
            return "not in"
        if token.value in COMPARISONS and token.kind in ("sign", "name"):
            return self.advance().value
        return ""

    def inside(self) -> Zen:
        """A whole expression in brackets."""
        was, self.joins = self.joins, True
        tree = self.conditional()
        self.joins = was
        return tree

    def conditional(self) -> Zen:
        self.deeper()
        tree = self.binary(0)
        if self.take("?"):
            then = self.conditional()
            self.need(":")
            tree = Conditional(tree, then, self.conditional())
        self.depth -= 1
        return tree

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_LEVELS:
            raise NotZen(_TOO_DEEP)

    def binary(self, least: int) -> Zen:
        left = self.unary()
        while True:
            token, before = self.at, self.position
            joint = token.value in _JOINTS
            if token.kind not in ("sign", "name") or (joint and not self.joins):
                return left
            op = self.comparison()
            strength = _COMPARE if op else _BINDS.get(token.value, -1)
            if strength < least:
                self.position = before
                return left
            op = op or self.advance().value
            right = self.binary(strength if op == "^" else strength + 1)
            left = joined(op, left, right) if joint else Binary(op, left, right)

    def unary(self) -> Zen:
        token = self.at
        negates = token.value in ("not", "!") and token.kind in ("name", "sign")
        if not negates and not (token.value in ("-", "+") and token.kind == "sign"):
            return self.postfix(self.primary())
        self.advance()
        self.deeper()
        operand = self.binary(_NOT if negates else _SIGN)
        self.depth -= 1
        if negates:
            return Unary("not", operand)
        if isinstance(operand, Number):
            return Number(-operand.value if token.value == "-" else operand.value)
        return Unary(token.value, operand)

    def primary(self) -> Zen:
        token = self.at
        if token.kind == "end":
            self.fail()
        self.advance()
        match token.kind:
            case "number":
                return Number(_number(token.value))
            case "text":
                return Text(token.value[1:-1])
            case "template":
                pieces = enumerate(token.parts)
                return Template(tuple(expression(part) if n % 2 else Text(part) for n, part in pieces if n % 2 or part))
            case "name" if token.value not in _NO_NAMES:
                return self.called(token.value) if self.take("(") else _WORDS.get(token.value, Name(token.value))
            case "sign" if token.value in ("[", "]", "(", ")"):
                return self.bracketed(token.value)
            case "sign" if token.value == "{":
                return self.braced()
        raise NotZen(f"`{token.value}` does not fit here")

    def called(self, function: str) -> Zen:
        if function not in CLOSURES or self.at.value == ")":
            return Call(function, self.arguments())
        over, alias = self.inside(), ""
        if self.at.kind == "name" and self.at.value == "as":
            self.advance()
            alias = self.advance().value
        self.take(",")
        return Call(function, (over, *self.arguments()), alias)

    def arguments(self) -> tuple[Zen, ...]:
        found: list[Zen] = []
        while not self.take(")"):
            if found:
                self.need(",")
            found.append(self.inside())
        return tuple(found)

    def bracketed(self, opened: str) -> Zen:
        """A list, an interval, or an expression in parentheses."""
        if opened == "[" and self.take("]"):
            return ListOf(())
        first = self.inside()
        if self.take(".."):
            high = self.inside()
            return _interval(opened, first, high, self.advance().value)
        if opened == "(":
            self.need(")")
            return first
        if opened in ("]", ")"):
            raise NotZen(f"`{opened}` does not fit here")
        items = [first]
        while not self.take("]"):
            self.need(",")
            items.append(self.inside())
        return ListOf(tuple(items))

    def braced(self) -> Zen:
        entries: list[Entry] = []
        while not self.take("}"):
            if entries:
                self.need(",")
            if self.take("["):
                key = self.inside()
                self.need("]")
                if not isinstance(key, Text):
                    raise NotZen("a key that is calculated cannot be said")
                name = key.value
            else:
                token = self.advance()
                if token.kind not in ("name", "text", "number"):
                    raise NotZen("an object has no key here")
                name = token.value[1:-1] if token.kind == "text" else token.value
            self.need(":")
            entries.append(Entry(name, self.inside()))
        return ObjectOf(tuple(entries))

    def postfix(self, tree: Zen) -> Zen:
        while True:
            if self.take("."):
                token = self.advance()
                if token.kind != "name":
                    raise NotZen(f"after a dot a name is missing before `{token.value}`")
                tree = Method(tree, token.value, self.arguments()) if self.take("(") else Member(tree, token.value)
            elif isinstance(tree, Name | Member | At | Slice | Call | ListOf | Method) and self.take("["):
                tree = self.indexed(tree)
            else:
                return tree

    def indexed(self, base: Zen) -> Zen:
        start = None if self.at.value == ":" else self.inside()
        if self.take(":"):
            end = None if self.at.value == "]" else self.inside()
            self.need("]")
            return Slice(base, start, end)
        self.need("]")
        if isinstance(start, Text):
            return Member(base, start.value)
        return At(base, start) if start is not None else base


def compared(tree: Zen) -> str:
    """How a cell compares `$` with this: `==`, `in`, or not at all, when it is a condition of its own."""
    match tree:
        case ListOf() | Interval() | Slice():
            return "in"
        case Call(function=function):
            return "" if function in _BOOLEAN else "in" if function in _LISTS else "=="
        case Method(name=name):
            return "" if name.startswith("is") else "=="
        case Conditional():
            then, otherwise = compared(tree.then), compared(tree.otherwise)
            return then if then == otherwise else "=="
        case Unary(operand=operand):
            return compared(operand)
        case Logic():
            return ""
        case Binary(op=op) if op in COMPARISONS:
            return ""
        case Name(name="#"):
            return ""
        case _:
            return "=="


def _interval(opened: str, low: Zen, high: Zen, closed: str) -> Interval:
    """`[` and `(` begin what lies between the ends; `]` and `)`, turned to the outside, what does not."""
    if opened in ("[", "(") and closed in ("]", ")"):
        return Interval(low, high, opened == "(", closed == ")")
    if opened in ("]", ")") and closed in ("[", "("):
        return Interval(low, high, opened == "]", closed == "[", outside=True)
    raise NotZen(f"a range does not begin with `{opened}` and end with `{closed or 'nothing'}`")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise NotZen(f"`{text}` is no number") from None
