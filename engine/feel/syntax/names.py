"""The names in scope, and the longest of them that stands at a place of a text (DMN 1.5, section 10.3.1.2).

A name may have spaces, signs and keywords inside: "Loan and Rate", "e-mail", "5G". Such a name is read only where
it is known; a single word is read as a name always, known or not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.functions import known as known_functions
from ordain.engine.feel.syntax.lexer import KEYWORDS, PARTS, SPACE, STARTS, is_word

PROPERTIES = frozenset({"time offset", "start included", "end included"})
"""Properties of values whose names are no single words (section 10.3.2.6)."""

_PIECE = re.compile(rf"([{SPACE}]*+)({PARTS}++|[^{SPACE}])")
_BREAK = re.compile(rf"[{SPACE}]+")
_SKIPPED = rf"(?:[{SPACE}]++|//[^\n\r]*+|/\*.*?\*/)*+"
_OPENS = re.compile(rf"{_SKIPPED}\(", re.DOTALL)
_COLON = re.compile(rf"{_SKIPPED}:", re.DOTALL)
_IN = rf"in(?!{PARTS})"


@cache
def _run() -> re.Pattern[str]:
    """Compiled when a text introduces a name: that takes as long as reading many policies' names."""
    return re.compile(rf"\??{STARTS}(?:{PARTS}|[{SPACE}.\-'+*]|/(?![/*]))*+")


@cache
def _until_in() -> re.Pattern[str]:
    return re.compile(rf"\??{STARTS}(?:{PARTS}|[.\-'+*]|/(?![/*])|[{SPACE}]++(?!{_IN}))*+(?=[{SPACE}]++{_IN})")


def plain_name(text: str) -> str:
    """A name with single spaces."""
    return " ".join(part for part in _BREAK.split(text) if part)


def written_name(text: str, position: int) -> tuple[str, int] | None:
    """The name that a text introduces at a position as a key or parameter, up to the next sign; and where it ends."""
    match = _run().match(text, position)
    return (plain_name(match.group()), match.end()) if match else None


def argument_name(text: str, position: int) -> tuple[str, int] | None:
    """The name before `:`, with which an argument is given by name."""
    named = written_name(text, position)
    return named if named and _COLON.match(text, named[1]) else None


def loop_name(text: str, position: int) -> tuple[str, int] | None:
    """The name that stands before `in`."""
    match = _until_in().match(text, position)
    return (plain_name(match.group()), match.end()) if match else None


def is_written_name(text: str) -> bool:
    """Whether `text` can be introduced as a key or parameter without quotes."""
    return text != "" and written_name(text, 0) == (text, len(text))


def _pieces(name: str) -> list[str]:
    return [match[2] for match in _PIECE.finditer(name)]


def _lengths(names: Iterable[str]) -> dict[str, int]:
    """For the first piece of each name that is no single word: the most pieces of a name that begins so."""
    lengths: dict[str, int] = {}
    for name in names:
        if not is_word(name) and len(pieces := _pieces(name)) > 0:
            lengths[pieces[0]] = max(lengths.get(pieces[0], 0), len(pieces))
    return lengths


@lru_cache(maxsize=256)
def _odd_names(known: frozenset[str], fields: frozenset[str], lenient: bool) -> dict[str, int]:
    return _lengths({*known, *fields, *known_functions(lenient=lenient), *PROPERTIES})


class Scope:
    """What is known at the place the parser stands at: `known` and `fields` from outside, and the text's own names."""

    def __init__(self, known: Collection[str], fields: Collection[str], *, lenient: bool = False) -> None:
        self.known, self.fields = frozenset(known), frozenset(fields)
        self._functions = known_functions(lenient=lenient)
        self._outside = self._lengths = _odd_names(self.known, self.fields, lenient)
        self._own: Counter[str] = Counter()
        self._keys: set[str] = set()
        self._filters = 0

    def enter(self, names: Iterable[str]) -> None:
        for name in names:
            self._own[name] += 1
            self._measure(name)

    def leave(self, names: Iterable[str]) -> None:
        self._own.subtract(names)

    def enter_filter(self) -> None:
        self._filters += 1

    def leave_filter(self) -> None:
        self._filters -= 1

    def has_key(self, name: str) -> None:
        """A context of the text has this key, so it is a field from here on."""
        self._keys.add(name)
        self._measure(name)

    def _measure(self, name: str) -> None:
        if not is_word(name):
            if self._lengths is self._outside:
                self._lengths = self._lengths.copy()
            for first, length in _lengths([name]).items():
                self._lengths[first] = max(length, self._lengths.get(first, 0))

    def near(self, name: str) -> str:
        """What function a name may have meant."""
        return did_you_mean(name, self._functions)

    def is_known(self, name: str) -> bool:
        if name in KEYWORDS:  # a declared value may be called so; it is written in quotes
            return False
        return name in self.known or self._own[name] > 0 or (self._filters > 0 and self.is_field(name))

    def is_field(self, name: str) -> bool:
        return name in self.fields or name in self._keys

    def name_at(self, text: str, position: int) -> tuple[str, int] | None:
        """The longest name of more than one word at a position, known or a function's, and where it ends.

        A name of a function counts before `(`, and alone where nothing known begins with its words.
        """
        known = function = None
        alone = False
        for name, end in self._prefixes(text, position):
            if self.is_known(name):
                alone = True
                known = (name, end) if not is_word(name) else None
            elif name in self._functions and not is_word(name) and (not alone or _OPENS.match(text, end)):
                function = (name, end)
        if function is None or (known is not None and known[1] > function[1]):
            return known
        return function

    def field_at(self, text: str, position: int) -> tuple[str, int] | None:
        """The longest known field of more than one word after a dot."""
        return self._longest(text, position, lambda name: self.is_field(name) or name in PROPERTIES)

    def _longest(self, text: str, position: int, holds: Callable[[str], bool]) -> tuple[str, int] | None:
        longest = None
        for name, end in self._prefixes(text, position):
            if not is_word(name) and holds(name):
                longest = (name, end)
        return longest

    def _prefixes(self, text: str, position: int) -> Iterable[tuple[str, int]]:
        name, count, most = "", 0, 1
        while count < most and (match := _PIECE.match(text, position)):
            if not count and (most := self._lengths.get(match[2], 0)) == 0:
                return
            name += (" " if match[1] and name else "") + match[2]
            position, count = match.end(), count + 1
            yield name, position
