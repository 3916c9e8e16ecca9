"""What null does, written once: operators on values whose kinds are known only when they meet.

Compiled code calls these where it cannot do better. A fault, such as a number added to a text, is an error in a strict
policy; in a lenient one it gives null, and the reason is kept (DMN 1.5, section 10.3.2.3: every operation is total).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.functions.operators import ARITHMETIC, NEGATION, ORDERED, PROPERTIES, equal, less, within
from ordain.engine.feel.runtime.work import Work, parts
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import Interval, Value, kind_of
from ordain.engine.values.whole_seconds import to_second

_MOST_FAULTS = LIMITS.faults

Thunk = Callable[[], Value]


class Nulls(Work):
    """`faults` collects the reasons of a lenient decision; None makes every fault a ValueError with its words."""

    def __init__(self, faults: list[Issue] | None = None, work: int = LIMITS.work) -> None:
        super().__init__(work)
        self.faults = faults

    @property
    def recorded(self) -> bool:
        """Whether the words of a fault go on record as the reason of a null, and not to a person as an error."""
        return self.faults is not None

    def fault(self, message: str, span: Span | None) -> Any:
        if self.faults is None:
            raise ValueError(message)
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Issue(message, "", span))
        return None

    def report(self, issue: Issue) -> None:
        if self.faults is not None and len(self.faults) < _MOST_FAULTS:
            self.faults.append(issue)

    def compared(self, value: Value) -> Value:
        """The value as it is compared: in a lenient decision times count by whole seconds."""
        return to_second(value) if self.recorded else value

    # --- operators

    def arithmetic(self, op: str, left: Value, right: Value, span: Span) -> Value:
        operation = ARITHMETIC.get((op, kind_of(left), kind_of(right)))
        if operation is None:
            return self.fault(f"`{op}` does not take a {kind_of(left)} and a {kind_of(right)}", span)
        try:
            made = operation.python(left, right)
        except (ArithmeticError, ValueError) as error:
            return self.fault(reason(error, recorded=self.recorded), span)
        return self.made(made) if type(made) is str else made

    def negate(self, value: Value, span: Span) -> Value:
        operation = NEGATION.get(kind_of(value))
        if operation is None:
            return self.fault(f"a {kind_of(value)} has no negative", span)
        return operation.python(value)

    def equal(self, left: Value, right: Value, span: Span) -> bool | None:
        try:
            answer = equal(self.compared(self.sized(left)), self.compared(self.sized(right)))
        except ValueError as error:
            self.fault(str(error), span)
            return None
        if answer is None:
            self.fault(f"a {kind_of(left)} cannot equal a {kind_of(right)}", span)
        return answer

    def unequal(self, left: Value, right: Value, span: Span) -> bool | None:
        answer = self.equal(left, right, span)
        return None if answer is None else not answer

    def compare(self, op: str, left: Value, right: Value, span: Span) -> bool | None:
        """`op` is one of < <= > >=."""
        if kind_of(left) in ORDERED and kind_of(right) in ORDERED:
            left, right = self.compared(left), self.compared(right)
        first, second = (left, right) if op in ("<", "<=") else (right, left)
        is_less = None if left is None or right is None else less(first, second)
        if is_less is None:
            self.fault(f"`{op}` cannot compare a {kind_of(left)} with a {kind_of(right)}", span)
            return None
        return is_less or (op in ("<=", ">=") and equal(left, right) is True)

    def between(self, value: Value, low: Value, high: Value, span: Span) -> bool | None:
        return conjunction(self.compare("<=", low, value, span), self.compare("<=", value, high, span))

    def logic(self, op: str, span: Span, *operands: Thunk) -> bool | None:
        """Three-valued `and` and `or`: the first operand that settles it ends it; what is no flag counts as null."""
        settling, unsettling, unknown = op == "or", op != "or", False
        for operand in operands:
            value = operand()
            if value is settling:
                return not unsettling
            if value is None or not isinstance(value, bool):
                unknown = True
                if value is not None:
                    self.fault(f"`{op}` joins flags, and this is a {kind_of(value)}", span)
        return None if unknown else unsettling

    def tests(self, value: Value, *tests: Callable[[Value], Value]) -> bool | None:
        """Whether one of several unary tests holds."""
        unknown = False
        for test in tests:
            answer = test(value)
            if answer is True:
                return True
            unknown = unknown or answer is None
        return None if unknown else False

    def inside(self, value: Value, interval: Interval | None, span: Span) -> bool | None:
        """`in` with a range written there; null when the range is none."""
        return None if interval is None else self.matches(value, interval, span)

    def matches(self, value: Value, candidate: Value, span: Span) -> bool | None:
        """A unary test without operator: the value is equal to the candidate, or in it (DMN 1.5, section 7.3.13)."""
        if not isinstance(value, tuple) or (isinstance(candidate, tuple) and len(value) == len(candidate)):
            value = self.compared(value)
        if isinstance(candidate, Interval):
            candidate = self.compared(candidate)
            if isinstance(value, Interval):
                return equal(value, candidate)
            is_inside = None if value is None else within(value, candidate)
            return self.fault(f"a {kind_of(value)} cannot be in this range", span) if is_inside is None else is_inside
        if isinstance(candidate, tuple):
            try:
                candidate = self.compared(self.sized(candidate))
            except ValueError as error:
                self.fault(str(error), span)
                return None
            return equal(value, candidate) is True or any(
                within(value, item) is True
                if isinstance(item, Interval) and value is not None and not isinstance(value, Interval)
                else equal(value, item) is True
                for item in candidate
            )
        if isinstance(candidate, bool) and not isinstance(value, bool):
            return candidate
        return self.equal(value, candidate, span)

    def kept(self, value: Value, span: Span) -> Value:
        """A value that a decision gives, unless it is too large or too deep to be kept."""
        if type(value) is tuple or type(value) is dict:
            try:
                parts(value, LIMITS.value_levels)
            except ValueError as error:
                return self.fault(str(error), span)
        return value

    # --- parts of values

    def path(self, base: Value, name: str, span: Span) -> Value:
        if isinstance(base, dict):
            if name not in base:
                return self.fault(f"the context has no `{name}`", span)
            return base[name]
        if isinstance(base, tuple):
            return tuple(self.path(item, name, span) for item in self.spent(base))
        operation = PROPERTIES.get(kind_of(base), {}).get(name)
        if operation is None:
            return self.fault(f"a {kind_of(base)} has no `{name}`", span)
        return operation.python(base)

    def filter(
        self, base: Value, condition: Callable[[Value], Value], span: Span, cost: int, position: Value = None
    ) -> Value:
        """The item at a position, or the items for which `condition` is true.

        Null, or a condition that is no number, flag or null for one of the items is a fault (DMN 1.5, table 68).
        `position` is the condition's value when it is the same for all items; `cost` the work of one item.
        """
        if base is None:
            return self.fault("null has no items", span)
        items = base if isinstance(base, tuple) else (base,)
        if not items:
            return self.at(items, position, span) if isinstance(position, Decimal) else ()
        first = condition(items[0])
        if isinstance(first, Decimal):
            return self.at(items, first, span)
        self.spend(cost * len(items))
        kept = []
        for number, item in enumerate(items):
            answer = condition(item) if number else first
            if answer is True:
                kept.append(item)
            elif answer is not False and answer is not None:
                return self.fault(f"a filter asks for a flag, and this is a {kind_of(answer)}", span)
        return tuple(kept)

    def at(self, items: tuple[Value, ...], position: Decimal, span: Span | None = None) -> Value:
        """The item at a position, counted from 1, and from the end when it is negative."""
        return self.item(items, int(position) if position == position.to_integral_value() else 0, position, span)

    def item(self, items: tuple[Value, ...], number: int, position: Decimal, span: Span | None = None) -> Value:
        """The same, where the position is written as `number`; 0 for one that is not whole."""
        if number == 0 or abs(number) > len(items):
            return self.fault(f"a list of {len(items)} has no position {position}", span)
        return items[number - 1 if number > 0 else number]

    def position(self, items: tuple[Value, ...], place: Callable[[Value], Decimal]) -> Value:
        """The item at a position that depends on the items: as everywhere, the first of them says it."""
        return self.at(items, place(items[0]) if items else Decimal(1))

    def range(
        self, low: Value, high: Value, low_open: bool, high_open: bool, bounds: str, span: Span, op: str = ""
    ) -> Value:
        """`bounds` says which sides were written: `both`, `low` or `high`; `op` is as in the value.

        In DMN a range ends no earlier than it begins (1.5, section 10.3.2.7); in a policy such a range holds nothing.
        """
        if (low is None and bounds != "high") or (high is None and bounds != "low"):
            return self.fault("a range needs its bounds", span)
        if bounds == "both" and not op:
            if kind_of(low) is not kind_of(high) or less(low, high) is None:
                return self.fault(f"no range goes from a {kind_of(low)} to a {kind_of(high)}", span)
            if self.recorded and less(high, low):
                return self.fault("the range ends before it begins", span)
        return Interval(low, high, low_open, high_open, op)

    def context(self, entries: dict[str, Value], written: int, span: Span) -> Value:
        """The context, unless one key was written twice."""
        return entries if len(entries) == written else self.fault("a key of the context stands twice", span)


def conjunction(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def reason(fault: Exception, *, recorded: bool) -> str:
    """What went wrong in a calculation, in words for people; those of reasons on `recorded` entries never change."""
    name = type(fault).__name__
    if isinstance(fault, ZeroDivisionError) or name == "DivisionByZero":
        return "it divides by zero"
    if name == "InvalidOperation":
        return "the numbers have no such result" if recorded else "this calculation has no valid result"
    if name == "Overflow" or (isinstance(fault, OverflowError) and "too large to convert" in str(fault)):
        return "the number is too large"
    return "the date is out of the calendar" if "date value" in str(fault) else str(fault)
