"""A checked and translated pattern as a tree, and a bound on the steps of a search for it that backtracks.

The text is what `xpath` makes: single characters, classes, groups, alternatives, repeats, `^`, `$` and `(?:\\1)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_STARTS = ("(?<!\\n\\Z)^", "^")
_ENDS = ("$(?!\\n\\Z)", "$")
_COUNTED = 64
"""A repeat of at most so many counts as what it is; of more as any number."""


@dataclass(frozen=True, slots=True)
class One:
    """One character, as a class or a sign says; `text` is a pattern of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Edge:
    """`^` or `$`."""

    text: str
    begins: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """What a group found, once more."""

    group: int


@dataclass(frozen=True, slots=True)
class Group:
    """`number` is 0 for one that is not kept."""

    number: int
    body: Part


@dataclass(frozen=True, slots=True)
class Row:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first alternative that leads to a match counts."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None without a limit. `greedy`: as often as possible is tried first."""

    body: Part
    least: int
    most: int | None
    greedy: bool


Part = One | Edge | Reference | Group | Row | Choice | Repeat


def tree_of(translated: str) -> Part:
    """Raises ValueError for a text that `xpath` does not make."""
    reader = _Reader(translated)
    part = reader.choice()
    if reader.at < len(translated):
        raise ValueError(f"nothing opens what closes at {reader.at} of `{translated[:60]}`")
    return part


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups = text, 0, 0

    def taken(self, *signs: str) -> str:
        """The first of the signs that stands here, which is read then; "" for none."""
        for sign in signs:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return ""

    def choice(self) -> Part:
        parts = [self.row()]
        while self.taken("|"):
            parts.append(self.row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def row(self) -> Part:
        parts: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.single()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def single(self) -> Part:
        if sign := self.taken(*_STARTS, *_ENDS):
            return Edge(sign, sign in _STARTS)
        if self.taken("(?-i:["):
            self.at -= 1
            sign = self.characters()
            self.closed()
            return One(f"(?-i:{sign})")
        if self.taken("(?:\\"):
            start = self.at
            if self.text[start : start + 1].isdecimal():
                while self.text[self.at : self.at + 1].isdecimal():
                    self.at += 1
                group = int(self.text[start : self.at])
                self.closed()
                return Reference(group)
            self.at -= 1
            return self.group(0)
        if self.taken("(?:"):
            return self.group(0)
        if self.taken("("):
            self.groups += 1
            return self.group(self.groups)
        if self.text[self.at] == "[":
            return One(self.characters())
        return One(self.sign())

    def group(self, number: int) -> Group:
        body = self.choice()
        self.closed()
        return Group(number, body)

    def closed(self) -> None:
        if not self.taken(")"):
            raise ValueError(f"nothing closes a group at {self.at} of `{self.text[:60]}`")

    def sign(self) -> str:
        start = self.at
        self.at += 2 if self.text[start] == "\\" else 1
        return self.text[start : self.at]

    def characters(self) -> str:
        """A class, from `[` to its `]`; a `]` inside it is escaped, or stands first."""
        start = self.at
        self.at += 1
        self.taken("^")
        self.taken("]")
        while self.at < len(self.text) and self.text[self.at] != "]":
            self.sign()
        self.at += 1
        return self.text[start : self.at]

    def repeated(self, body: Part) -> Part:
        sign = self.taken("*", "+", "?", "{")
        if not sign:
            return body
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1), "{": (0, None)}[sign]
        if sign == "{":
            end = self.text.index("}", self.at)
            low, comma, high = self.text[self.at : end].partition(",")
            least = int(low)
            most = int(high) if high else None if comma else least
            self.at = end + 1
        return Repeat(body, least, most, not self.taken("?"))


class Bound(NamedTuple):
    """At most `factor * n ** power` steps, for a text of n - 1 characters."""

    factor: int
    power: int

    def and_then(self, other: Bound) -> Bound:
        return Bound(self.factor + other.factor, max(self.power, other.power))

    def each_time(self, other: Bound) -> Bound:
        return Bound(self.factor * other.factor, self.power + other.power)


_STEP, _ANY_PLACE = Bound(1, 0), Bound(1, 1)
_MOST = Bound(1 << 20, 4)
"""Beyond it nobody has to know how much more it is."""


def bound_of(part: Part) -> Bound | None:
    """The most steps of a search from all places of a text; None where none of use is known, as for `(a|b)*`."""
    steps = _after(part, _STEP)
    if steps is None:
        return None
    first = part.parts[0] if isinstance(part, Row) and part.parts else part
    # Only without the flag m does `^` mean the beginning alone.
    alone = isinstance(first, Edge) and first.text == "^"
    return steps.and_then(_ANY_PLACE) if alone else steps.each_time(_ANY_PLACE)


def _after(part: Part, rest: Bound | None, following: Part | None = None) -> Bound | None:
    """The steps from one place on, with those of the rest for each way to get there. `following` begins the rest."""
    if rest is None or rest.factor > _MOST.factor or rest.power > _MOST.power:
        return None
    match part:
        case One() | Edge():
            return rest.and_then(_STEP)
        case Reference():
            return rest.and_then(_ANY_PLACE)
        case Group(body=body):
            return _after(body, rest, following)
        case Row(parts=parts):
            steps: Bound | None = rest
            for each in reversed(parts):
                steps, following = _after(each, steps, following), each
            return steps
        case Choice(parts=parts):
            total = _STEP
            for each in parts:
                if (steps := _after(each, rest)) is None:
                    return None
                total = total.and_then(steps)
            return total
        case Repeat():
            return _repeated(part, rest, following)


def _repeated(part: Repeat, rest: Bound, following: Part | None) -> Bound | None:
    least, most = part.least, part.most
    if isinstance(part.body, One):
        span = None if most is None else most - least
        walked = Bound(most, 0) if most is not None and most <= _COUNTED else _ANY_PLACE
        ways = Bound(span + 1, 0) if span is not None and span < _COUNTED else _ANY_PLACE
        if span == 0 or apart(part.body, following):
            # At all ends but one the next sign is not what must follow.
            return walked.and_then(ways).and_then(rest)
        return walked.and_then(ways.each_time(rest))
    if most is None or most > _COUNTED:
        return None
    steps: Bound | None = rest
    for number in range(most, 0, -1):
        steps = _after(part.body, steps)
        if steps is not None and number > least:
            steps = steps.and_then(rest)
    return steps


def apart(one: One, following: Part | None) -> bool:
    """Whether what must follow is a plain sign that a class which lists plain signs, or all but those, does not have.

    False where that is not seen at once.
    """
    if not isinstance(following, One) or len(following.text) > 2:
        return False
    sign = following.text.removeprefix("\\")
    if len(sign) != 1 or sign.isalnum() or not sign.isascii():
        return False
    signs = one.text[1:-1] if one.text.startswith("[") and one.text.endswith("]") else ""
    if signs.startswith("^"):
        return sign in signs[1:] and "-" not in signs and "\\" not in signs and sign != "^"
    # Ranges between letters or digits have no other signs in them.
    return bool(signs) and sign not in "-\\" and all(each.isalnum() for each in signs if each != "-") and _plain(signs)


def _plain(signs: str) -> bool:
    """Whether every range of a class goes from one letter or digit of ASCII to another of its kind, or beyond ASCII."""
    at = 0
    while at < len(signs):
        if signs[at + 1 : at + 2] == "-" and at + 2 < len(signs):
            low, high = signs[at], signs[at + 2]
            kinds = [(each.isdigit(), each.isupper(), each.islower()) for each in (low, high)]
            if low.isascii() and (not high.isascii() or kinds[0] != kinds[1]):
                return False
            at += 3
        else:
            at += 1
    return True
