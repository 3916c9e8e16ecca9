"""The operators of an expression, from `or` to `**`, and the tests of a cell and of `in`."""

from __future__ import annotations

from dataclasses import dataclass

from ordain.engine.errors import PolicyError
from ordain.engine.feel.syntax.lexer import MOST_LEVELS, too_deep
from ordain.engine.feel.syntax.operands import Operands
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Between,
    Comparison,
    Expr,
    In,
    Input,
    Logic,
    Matches,
    Range,
    children,
)

COMPARE = frozenset({"=", "!=", "<", "<=", ">", ">="})
ONE_COMPARISON = "compare two values at a time, and join the comparisons with `and`"
_OR, _AND, _COMPARE, _ADD = 1, 2, 3, 4
_STRENGTH = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys((*COMPARE, "in", "between"), _COMPARE),
    **dict.fromkeys("+-", _ADD),
    **dict.fromkeys("*/", 5),
    "**": 6,
}


@dataclass(slots=True)
class _Part:
    """An operand on its stack, from `start` to `end`; `height` counts the operators joined on its left side."""

    node: Expr
    start: int
    end: int
    height: int = 0


class Parser(Operands):
    def expression(self) -> Expr:
        if self.value in COMPARE:
            return self._half_range()
        return self.operators(_OR)

    def _half_range(self) -> Range:
        """`> 5` where a value may stand: the range of what is greater."""
        start, op = self.start, self.value
        if op == "!=" and not self.lenient:
            self.fail("`!=` makes no range; write `not(...)` around a comparison")
        self.advance()
        bound = self.operators(_ADD)
        span = self.since(start)
        if op in ("=", "!="):
            # A strict policy has the interval of one value; in DMN the two are not equal (TCK 0068, range_010).
            return Range(span, bound, bound, op == "!=", op == "!=", op if self.lenient else "")
        if op[0] == ">":
            return Range(span, bound, None, op == ">", True)
        return Range(span, None, bound, True, op == "<")

    def operators(self, floor: int, first: _Part | None = None) -> Expr:
        """Operands joined by operators that bind at least as strongly as `floor`; `first` has been read already."""
        parts = [first] if first else []
        signs: list[str] = []
        while True:
            if len(parts) == len(signs):
                start = self.start
                parts.append(_Part(self.unary(), start, self.last))
            strength = _STRENGTH.get(self.value, 0) if self.kind in ("sign", "name") else 0
            if strength < floor or strength == 0:
                break
            self._reduce(parts, signs, strength)
            if strength >= _COMPARE:
                self._refuse_chain(parts, signs, strength)
            if self.value in ("in", "between"):
                self._special(parts[-1])
            else:
                signs.append(self.value)
                self.advance()
        self._reduce(parts, signs, 0)
        return parts[0].node

    def _refuse_chain(self, parts: list[_Part], signs: list[str], strength: int) -> None:
        if parts[-1].height < 0 or (strength == _COMPARE and signs and signs[-1] in COMPARE):
            self.fail(ONE_COMPARISON if strength == _COMPARE else "put parentheses around the comparison")

    def _reduce(self, parts: list[_Part], signs: list[str], strength: int) -> None:
        """Join what binds more strongly than the operator that comes; a row of `and` or of `or` in one step."""
        while signs and (_STRENGTH[signs[-1]] > strength or (_STRENGTH[signs[-1]] == strength >= _ADD)):
            op, count = signs.pop(), 2
            while op in ("and", "or") and signs and signs[-1] == op:
                signs.pop()
                count += 1
            joined = parts[-count:]
            del parts[-count:]
            parts.append(self._joined(op, joined))

    def _joined(self, op: str, parts: list[_Part]) -> _Part:
        start, end = parts[0].start, parts[-1].end
        span = self.span(start, end)
        nodes = tuple(part.node for part in parts)
        if op in ("and", "or"):
            return _Part(Logic(span, op, nodes), start, end)
        if op in COMPARE:
            return _Part(Comparison(span, op, *nodes), start, end)
        height = parts[0].height + 1
        if height > MOST_LEVELS:
            raise PolicyError(too_deep(self.origin))
        return _Part(Arithmetic(span, op, *nodes), start, end, height)

    def _special(self, part: _Part) -> None:
        """`between` or `in` after the operand `part`, which becomes the whole; a height below 0 marks it."""
        if self.taken("between"):
            low = self.operators(_ADD)
            self.take("and")
            high = self.operators(_ADD)
            part.node = Between(self.since(part.start), part.node, low, high)
        else:
            self.advance()
            tests = self._tests()
            part.node = In(self.since(part.start), part.node, tests)
        part.end, part.height = self.last, -1

    def _tests(self) -> tuple[Expr, ...]:
        """What follows `in`: a comparison, tests in parentheses, or an operand, which may begin with parentheses."""
        opened = self.start
        if self.value in COMPARE:
            return (self.test(),)
        if self.value != "(" or self.scope.name_at(self.text, opened):
            return (self._tested(self.operators(_ADD), opened),)
        before, self.in_range = self.in_range, False
        self.deeper()
        self.advance()
        begun, compares = self.start, self.value in COMPARE
        first = None if compares or self.value == ".." else self.expression()
        if self.value == ".." and not compares:
            operand: Expr = self.range(opened, first)
        else:
            tests = [self.test() if first is None else self._tested(first, begun)]
            while self.taken(","):
                tests.append(self.test())
            self.close(")", opened)
            if first is None or len(tests) > 1:
                self.depth, self.in_range = self.depth - 1, before
                return tuple(tests)
            operand = first
        self.depth, self.in_range = self.depth - 1, before
        operand = self.followed(operand, opened)
        return (self._tested(self.operators(_ADD, _Part(operand, opened, self.last)), opened),)

    def test(self) -> Expr:
        """One test of a cell or of `in`: a comparison, a value to compare with, or a condition that uses `?`."""
        start, op = self.start, self.value
        if op not in COMPARE:
            return self._tested(self.expression(), start)
        self.advance()
        bound = self.operators(_ADD)
        span = self.since(start)
        return Comparison(span, op, Input(span), bound)

    def _tested(self, candidate: Expr, start: int) -> Expr:
        if "?" in self.text and asks_itself(candidate):
            return candidate
        span = self.since(start)
        return Matches(span, Input(span), candidate)


def asks_itself(test: Expr) -> bool:
    """A test that names `?` is a condition of its own, not a value to compare with."""
    waiting = [test]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Input):
            return True
        # The tests of an `in` have an Input of their own.
        waiting.extend([node.value] if isinstance(node, In) else children(node))
    return False
