"""Loops: what `for`, `some` and `every` go over, and how often at the most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from ordain.engine.errors import Span
from ordain.engine.feel.runtime.nulls import Nulls
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import Interval, Value, kind_of

_MOST_ROUNDS = LIMITS.loop_rounds


class Loops(Nulls):
    """Adds the iterations."""

    def steps(self, low: Value, high: Value, span: Span) -> Value:
        """`low..high`, by one; dates by one day."""
        if isinstance(low, Decimal) and isinstance(high, Decimal):
            if low != low.to_integral_value() or high != high.to_integral_value():
                return self.fault("a loop counts in whole numbers", span)
            start, end = int(low), int(high)
            if abs(end - start) >= _MOST_ROUNDS:
                return self.fault(f"a loop may have at most {_MOST_ROUNDS:,} rounds", span)
            self.spend(abs(end - start) // 4)
            step = 1 if start <= end else -1
            return tuple(map(Decimal, range(start, end + step, step)))
        if type(low) is dt.date and type(high) is dt.date:
            step = 1 if low <= high else -1
            first, last = low.toordinal(), high.toordinal()
            if abs(last - first) >= _MOST_ROUNDS:
                return self.fault(f"a loop may have at most {_MOST_ROUNDS:,} rounds", span)
            self.spend(abs(last - first) // 4)
            return tuple(map(dt.date.fromordinal, range(first, last + step, step)))
        return self.fault(f"no loop goes from a {kind_of(low)} to a {kind_of(high)}", span)

    def _over(self, value: Value, span: Span) -> tuple[Value, ...] | None:
        """What a loop goes over: the items of a list, the steps of a range, or one value."""
        if isinstance(value, tuple):
            return value
        if isinstance(value, Interval):
            if value.low is None or value.high is None or value.op == "!=":
                self.fault("a loop needs both ends of a range", span)
                return None
            steps = self.steps(value.low, value.high, span)
            return None if steps is None else steps[value.low_open : len(steps) - value.high_open]
        return self.fault("there is nothing to go over", span) if value is None else (value,)

    def _rounds(self, iterators: tuple[Callable[..., Value], ...], span: Span) -> Iterator[tuple[Value, ...] | None]:
        """Each combination of the iterators' values; a single None when one of them cannot be gone over."""

        def combined(given: tuple[Value, ...]) -> Iterator[tuple[Value, ...] | None]:
            items = self._over(iterators[len(given)](*given), span)
            if items is None:
                yield None
            elif len(given) + 1 == len(iterators):
                for item in items:
                    yield (*given, item)
            else:
                for item in items:
                    self.spend(1)
                    yield from combined((*given, item))

        return combined(())

    def loop(self, span: Span, cost: int, body: Callable[..., Value], *iterators: Callable[..., Value]) -> Value:
        """`body`, at `cost` units, for every combination; its last argument gives the list so far."""
        made: list[Value] = []

        def so_far() -> Value:
            self.spend(len(made) // 16)
            return tuple(made)

        for given in self._rounds(iterators, span):
            if given is None:
                return None
            if len(made) == _MOST_ROUNDS:
                return self.fault(f"a loop may have at most {_MOST_ROUNDS:,} rounds", span)
            self.spend(cost)
            made.append(body(*given, so_far))
        return tuple(made)

    def quantified(
        self, some: bool, span: Span, cost: int, condition: Callable[..., Value], *iterators: Callable[..., Value]
    ) -> bool | None:
        unknown = False
        for rounds, given in enumerate(self._rounds(iterators, span)):
            if given is None:
                return None
            if rounds == _MOST_ROUNDS:
                self.fault(f"a loop may have at most {_MOST_ROUNDS:,} rounds", span)
                return None
            self.spend(cost)
            answer = condition(*given)
            if answer is some:
                return bool(some)
            unknown = unknown or not isinstance(answer, bool)
        return None if unknown else not some
