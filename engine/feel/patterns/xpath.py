"""A pattern of XPath and XQuery 3.1, checked and translated to one of the package `regex`.

Nothing imports this file but by its name: the tables of Unicode that the translation needs take 0.1 s and 13 MB.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]
from elementpath.regex import RegexError, translate_pattern, unicode_subset

from ordain.engine.feel.patterns.pattern import Pattern
from ordain.engine.feel.patterns.pattern_tree import Bound, tree_of
from ordain.engine.limits import LIMITS

_FLAGS = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE}
_SIGNS = frozenset("nrt\\|.-^?*+{}()[]$")
_CLASSES = frozenset("sSdDwW")
_NAME_CLASSES = frozenset("iIcC")
_SPACES = " \t\n\r"


def compiled(pattern: str, flags: str) -> Pattern:
    """The pattern, ready to be searched for. Raises ValueError for a pattern or flag that XPath does not know."""
    if unknown := sorted(set(flags) - {*_FLAGS, "x", "q"}):
        raise ValueError(f"`{unknown[0]}` is not a flag of a pattern; they are s, m, i, x and q")
    if len(pattern) > LIMITS.pattern_characters:
        raise ValueError(f"a pattern has at most {LIMITS.pattern_characters} characters")
    options = 0
    for flag in flags:
        options |= _FLAGS.get(flag, 0)
    if "q" in flags:
        return Pattern(
            regex.compile(regex.escape(pattern), options & regex.IGNORECASE), None, Bound(len(pattern) + 1, 1)
        )
    try:
        checked = _Check(_without_spaces(pattern) if "x" in flags else pattern).run()
        # The library of translation takes Python's own flags, which have the same values.
        translated = translate_pattern(checked, options, xsd_version="1.1")
        return Pattern(regex.compile(translated, options), tree_of(translated))
    except (RegexError, regex.error, RecursionError, OverflowError, KeyError, IndexError):
        raise _malformed(pattern) from None


def _without_spaces(pattern: str) -> str:
    """The pattern without white space, but for that in `[ ]` (flag x)."""
    kept, depth, escaped = [], 0, False
    for sign in pattern:
        if sign in _SPACES and not depth:
            continue
        kept.append(sign)
        if not escaped:
            depth += (sign == "[") - (sign == "]" and depth > 0)
        escaped = sign == "\\" and not escaped
    return "".join(kept)


class _Check:
    """One walk over a pattern: refuses what the translation would let through, and writes some things differently.

    `\\d`, `\\s` and `\\w` are put into `[ ]`, because only there the translation gives them XML's meaning.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.depth = pattern, 0, 0
        self.opened: list[tuple[int, int]] = []
        self.closed: set[int] = set()
        self.groups = self.size = self.last = 0

    def run(self) -> str:
        made = []
        while self.at < len(self.pattern):
            sign = self.pattern[self.at]
            made.append(self._escape() if sign == "\\" else self._sign(sign))
        return "".join(made)

    def _sign(self, sign: str) -> str:
        self.at += 1
        if self.depth or sign in "[]":
            if not self.depth:
                self._count(1)
            self.depth += (sign == "[") - (sign == "]" and self.depth > 0)
        elif sign == "(":
            captures = not self.pattern.startswith("?:", self.at)
            self.groups += captures
            self.opened.append((self.groups if captures else 0, self.size))
        elif sign == ")" and self.opened:
            group, before = self.opened.pop()
            self.closed.add(group)
            self.last = self.size - before
        elif sign == "{":
            self._repeat()
        elif sign not in "*+?":
            self._count(1)
        return sign

    def _count(self, size: int) -> None:
        self.size, self.last = self.size + size, size

    def _repeat(self) -> None:
        """Counts how long the pattern would be with all `{n,m}` written out."""
        numbers = self.pattern[self.at :].partition("}")[0].split(",")
        most = max((int(number) for number in numbers if number.isdecimal() and len(number) < 9), default=1)
        if any(len(number) > 8 for number in numbers):
            raise _malformed(self.pattern)
        self.size += self.last * (max(most, 1) - 1)
        if self.size > LIMITS.pattern_repeats:
            raise ValueError(f"the pattern `{_short(self.pattern)}` repeats too much")

    def _escape(self) -> str:
        sign = self.pattern[self.at + 1 : self.at + 2]
        if sign.isdecimal() and not self.depth:
            return self._reference()
        if not self.depth:
            self._count(1)
        if sign in ("p", "P"):
            end = self.pattern.find("}", self.at)
            if end < 0 or self.pattern[self.at + 2] != "{":
                raise _malformed(self.pattern)
            unicode_subset(self.pattern[self.at + 3 : end])
            start, self.at = self.at, end + 1
            return self.pattern[start : self.at]
        self.at += 2
        if sign in _CLASSES and not self.depth:
            return f"[\\{sign}]"
        if sign and (sign in _SIGNS or sign in _CLASSES or sign in _NAME_CLASSES):
            return f"\\{sign}"
        raise _malformed(self.pattern)

    def _reference(self) -> str:
        """`\\1` is what the first group found; of more digits as many count as name a group."""
        end = self.at + 2
        while self.pattern[end : end + 1].isdecimal() and int(self.pattern[self.at + 1 : end + 1]) <= self.groups:
            end += 1
        group = int(self.pattern[self.at + 1 : end])
        if group == 0 or group not in self.closed:
            raise _malformed(self.pattern)
        self.at = end
        self._count(1)
        # A digit that follows is a sign of its own.
        return f"(?:\\{group})"


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= 60 else pattern[:57] + "..."


def _malformed(pattern: str) -> ValueError:
    return ValueError(f"`{_short(pattern)}` is not a pattern that XPath knows")
