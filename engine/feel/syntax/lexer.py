"""The characters and words of FEEL (DMN 1.5, section 10.3.1.2), and a scanner that goes through a text word by word.

What is a name can only be told with the names in scope, so the scanner finds words and signs, and the parser joins
them to names where a name may stand (`names.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NoReturn

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.limits import LIMITS

MOST_LEVELS = LIMITS.expression_levels

SPACE = "\\t-\\r \x85\xa0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
"""Rules 61 to 63, for a character class; what follows in the two others are rules 28 and 29 without these."""
START = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u167f\u1681-\u180d\u180f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
PART = START + "0-9\xb7\u0300-\u036f\u203f-\u2040"


def _others(characters: str) -> str:
    """A character class that matches `characters`, ranges as above, by all that they are not.

    Python's compiler goes through a class character by character, and there are six times as few outside.
    """
    ends = [(ord(match[1]), ord(match[2] or match[1])) for match in re.finditer(r"(.)(?:-(.))?", characters)]
    gaps, after = [], 0
    for low, high in sorted(ends):
        if low > after:
            gaps.append(f"\\U{after:08x}-\\U{low - 1:08x}")
        after = high + 1
    return f"[^{''.join(gaps)}\\U{after:08x}-\\U0010ffff]"


STARTS, PARTS = _others(START), _others(PART)
"""One character that a name may begin with, and one that may follow in it."""

KEYWORDS = frozenset(
    [
        "and",
        "between",
        "else",
        "every",
        "false",
        "for",
        "function",
        "if",
        "in",
        "instance",
        "null",
        "or",
        "return",
        "satisfies",
        "some",
        "then",
        "true",
    ]
)
_RESERVED = KEYWORDS | {"external", "not", "of"}

_TOKEN = re.compile(
    rf"""(?:[{SPACE}]++ | //[^\n\r]*+ | /\*.*?\*/)*+
    (?: (?P<name>{STARTS}{PARTS}*+)
      | (?P<number>(?:[0-9]++(?:\.[0-9]++)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)
      | (?P<string>"(?:[^"\\]|\\.)*+")
      | (?P<bad>==|=>|=<|<>|<<|>>|&&|\|\||/\*)
      | (?P<sign>\.\.|\*\*|!=|<=|>=|[=<>()\[\]{{}},.:@?+\-*/])
      | (?P<end>\Z)
      | (?P<strange>.) )""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(rf"{STARTS}{PARTS}*")

NUMBER_ALONE = "write the number alone; its unit is that of the fact"
_INSTEAD = {
    "==": "FEEL compares with one sign: write `=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "<>": "write `!=`",
    ">>": "write `>`",
    "<<": "write `<`",
    "&&": "write `and`",
    "||": "write `or`",
    "&": "conditions are joined by `and`, texts by `+`",
    "|": "conditions are joined by `or`, values of a cell by a comma",
    "!": "write `not(...)`, or `!=` for not equal",
    "%": "write a percentage as a number: 10 for ten percent, or 0.10 as a fraction",
    "'": 'put text in double quotes: "text"',
    # What word processors make of quotes and signs, and what stands before prices.
    **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019", 'put text in straight double quotes: "text"'),
    "\u2265": "write `>=`",
    "\u2264": "write `<=`",
    "\u2260": "write `!=`",
    "\u00d7": "write `*`",
    "\u00f7": "write `/`",
    **dict.fromkeys("\u2013\u2212", "write the short `-`, or for a range brackets and two dots: `[1..5]`"),
    **dict.fromkeys("$\u00a3", NUMBER_ALONE),
}
_WORDS_INSTEAD = {
    "is": "write `=`, or `!=` for `is not`",
    "not": "write `!=`, or `not(...)` around the whole",
    "equals": "write `=`",
    "elif": "write `else if`",
    "elsif": "write `else if`",
    "elseif": "write `else if`",
    "mod": "write `modulo(a, b)`",
    "days": 'write a number alone, in the unit of the fact; and a duration as @"P30D"',
    "hours": 'write a number alone, in the unit of the fact; and a duration as @"PT8H"',
    "months": 'write a number alone, in the unit of the fact; and a duration as @"P6M"',
    "years": 'write a number alone, in the unit of the fact; and a duration as @"P1Y"',
}
_QUOTE_OR_JOIN = "put text in double quotes, or an operator before the name"
VALUE_EXPECTED = "a value is expected here"
_WRITTEN_DATE = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})$")


class Scanner:
    """Stands at one word or sign of a text: `kind`, `value`, `start` and `end`; `last` is where the one before ended.

    `kind` is name, number, string, sign, end, or bad and strange for what FEEL does not have.
    """

    def __init__(self, text: str, origin: Span) -> None:
        self.text, self.origin = text, origin
        self.depth = 0
        self._lines: list[int] = []
        self.last = 0
        self.go(0)

    def go(self, position: int) -> None:
        """Stand at what comes at or after `position`."""
        match = self._at(position)
        self.kind = str(match.lastgroup)
        self.start, self.end = match.span(self.kind)
        self.value = self.text[self.start : self.end]

    def advance(self) -> None:
        self.last = self.end
        self.go(self.end)

    def jump(self, position: int) -> None:
        """Take everything up to `position`."""
        self.last = position
        self.go(position)

    def taken(self, value: str) -> bool:
        """Whether that word or sign stood here; it is taken."""
        if self.value != value:
            return False
        self.advance()
        return True

    def take(self, value: str) -> None:
        if self.value != value:
            self.fail(f"`{value}` is expected here")
        self.advance()

    def follower(self) -> str:
        """The word or sign after this one."""
        match = self._at(self.end)
        return match.group(str(match.lastgroup))

    def _at(self, position: int) -> re.Match[str]:
        match = _TOKEN.match(self.text, position)
        assert match is not None  # noqa: S101 - the end of the text matches too
        return match

    def close(self, closing: str, opened: int) -> None:
        """Take the bracket that closes the one at `opened`."""
        if self.value != closing:
            if self.kind == "end":
                line, column = self.place(opened)
                where = f"column {column}" if line == 1 else f"line {line}, column {column}"
                self.fail(f"close the `{self.text[opened]}` of {where} with `{closing}`")
            named = self.kind == "name" and self.value not in KEYWORDS
            self.fail("" if named else f"`{closing}` is expected here")
        self.advance()

    def place(self, position: int) -> tuple[int, int]:
        """Line and column of a position, both from 1."""
        if not self._lines:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, position)
        return line, position - self._lines[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        line, column = self.place(start)
        return self.origin.inside(line, column, self.text[start:end])

    def since(self, start: int) -> Span:
        """From `start` to the end of the word before this one."""
        return self.span(start, self.last)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_LEVELS:
            raise PolicyError(too_deep(self.origin))

    def fail(self, hint: str = "") -> NoReturn:
        """Refuse what stands here; without a hint one is looked for."""
        here = self.span(self.start, self.end)
        if self.kind == "end":
            line, column = self.place(len(self.text))
            span = self.origin.inside(line, column, self.text.strip())
            raise PolicyError(Issue("the expression ends too early", hint, span, code="syntax"))
        if self.value == '"':
            raise PolicyError(Issue("this text has no closing quote", 'end it with `"`', here, code="syntax"))
        if self.value == "/*":
            raise PolicyError(Issue("this comment has no end", "end it with `*/`", here, code="syntax"))
        if self.kind in ("bad", "strange"):
            raise PolicyError(
                Issue(f"`{self.value}` means nothing here", _INSTEAD.get(self.value, ""), here, code="syntax")
            )
        if dated := _WRITTEN_DATE.search(self.text[: self.end]):
            hint = f'write a date as @"{dated[3]}-{dated[2]:0>2}-{dated[1]:0>2}"'
        if self.value == "between" and hint == VALUE_EXPECTED:
            hint = "write a range with brackets and two dots: `[1..5]`"
        if self.kind == "name" and self.value not in KEYWORDS and hint != VALUE_EXPECTED:
            counted = self.text[: self.last].rstrip()[-1:].isdigit()
            hint = _WORDS_INSTEAD.get(self.value, hint or (NUMBER_ALONE if counted else _QUOTE_OR_JOIN))
        raise PolicyError(Issue(f"`{self.value}` does not fit here", hint, here, code="syntax"))


def too_deep(origin: Span) -> Issue:
    message = f"the expression is nested more than {MOST_LEVELS} levels deep"
    return Issue(message, "name a part of it as a decision of its own", origin, code="too-large")


def is_word(text: str) -> bool:
    """Whether `text` is read as one name wherever a name may stand, known or not."""
    return _WORD.fullmatch(text) is not None and text not in KEYWORDS


def is_name(text: str) -> bool:
    """Whether a policy may use `text` as a name: a word, no keyword."""
    return text.isidentifier() and _WORD.fullmatch(text) is not None and text not in _RESERVED
