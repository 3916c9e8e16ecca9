"""When something is there: on which ways through the switches of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Expr, Logic, Name

Way = tuple[str, int]
"""A switch, and the position of its statement that was taken."""
Guard = frozenset[frozenset[Way]]
"""Any of these sets of ways that are all taken."""

ALWAYS: Guard = frozenset({frozenset()})
NEVER: Guard = frozenset()


@dataclass(slots=True)
class Guards:
    """`flags` are the decisions that say whether a way is taken, `outer` when each switch is come to. `whole` are, for
    each switch, ways of which one is taken whenever it is."""

    flags: dict[Way, str] = field(default_factory=dict)
    outer: dict[str, Guard] = field(default_factory=dict)
    whole: dict[str, frozenset[Way]] = field(default_factory=dict)

    def either(self, first: Guard, second: Guard) -> Guard:
        """When one of two is; ways that leave nothing out are no condition any more."""
        sets = set(first | second)
        changed = True
        while changed:
            changed = False
            sets = {one for one in sets if not any(other < one for other in sets)}
            for one in sorted(sets, key=sorted):
                for way in one:
                    rest, all_of = one - {way}, self.whole.get(way[0], frozenset())
                    if all_of and all(rest | {other} in sets for other in all_of):
                        sets = {other for other in sets if other - all_of != rest} | {rest}
                        changed = True
                        break
                if changed:
                    break
        return frozenset(sets)

    def tree(self, guard: Guard, span: Span) -> Expr:
        """The condition as an expression over the flags."""
        alternatives = [
            _joined("and", [Name(span, self.flags[way]) for way in self._telling(ways)], span)
            for ways in sorted(map(sorted, guard))
        ]
        return _joined("or", alternatives, span)

    def _telling(self, ways: list[Way]) -> list[Way]:
        """Those that are not implied by another one: a way through a switch says that the switch was come to."""
        implied = {
            way
            for other in ways
            for way in ways
            if implies(self.outer.get(other[0], ALWAYS), frozenset({frozenset({way})}))
        }
        return [way for way in ways if way not in implied]


def both(first: Guard, second: Guard) -> Guard:
    """When both are."""
    sets = {one | other for one in first for other in second}
    return frozenset(one for one in sets if not any(other < one for other in sets))


def implies(guard: Guard, other: Guard) -> bool:
    """Whether the second holds wherever the first does, as far as the ways tell."""
    return all(any(ways <= taken for ways in other) for taken in guard)


def _joined(op: str, parts: list[Expr], span: Span) -> Expr:
    return parts[0] if len(parts) == 1 else Logic(span, op, tuple(parts))
