"""Text to tokens. A name or value with spaces or hyphens is one token when the caller says it is known."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from lark import Token

from engine.errors import Issue, PolicyError, Span

MAX_CHARACTERS = 10_000

_KEYWORDS = {
    "if": "_IF",
    "then": "_THEN",
    "else": "_ELSE",
    "and": "AND",
    "or": "OR",
    "between": "_BETWEEN",
    "in": "_IN",
    "null": "_NULL",
    "true": "FLAG",
    "false": "FLAG",
}
_RESERVED = frozenset(_KEYWORDS) | {"for", "return", "some", "every", "satisfies", "function", "instance"}
_SIGNS = {
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    ",": "_COMMA",
    ".": "_DOT",
    "..": "_DOTS",
    "@": "_AT",
    "?": "_INPUT",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "**": "POWER",
    "/": "DIVIDE",
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), "COMPARE"),
}
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>\.\.|\*\*|!=|<=|>=|=(?!=)|[()\[\],.@?+\-*/<>])""",
    re.VERBOSE | re.DOTALL,
)
_INSTEAD = {
    "==": "FEEL compares with one sign: write `=`",
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not(...)`, or `!=` for not equal",
    "%": "write a percentage as a number: 10 for ten percent, or 0.10 as a fraction",
    "'": 'put text in double quotes: "text"',
    "{": "contexts are not part of a cell",
}
_BEFORE_OPERAND = {"NUMBER", "STRING", "NAME", "FLAG", "_NULL", "LPAR", "_AT", "_INPUT", "MINUS"}


@lru_cache(maxsize=256)
def _longest_first(known: frozenset[str]) -> re.Pattern[str] | None:
    several = sorted((name for name in known if name.strip() and not name.isidentifier()), key=len, reverse=True)
    if not several:
        return None
    words = (r"\s+".join(map(re.escape, name.split())) for name in several)
    return re.compile(rf"(?:{'|'.join(words)})(?!\w)")


def tokens(text: str, origin: Span, known: Collection[str], functions: Collection[str], *, tests: bool) -> list[Token]:
    """The tokens of `text`, which stands at `origin`. Raises PolicyError where a character fits nothing.

    `known` are the names and values in scope; a function's name of several words counts only before `(`.
    `tests` says that the text is a cell, in which `not(...)` around everything negates the tests.
    """
    if len(text) > MAX_CHARACTERS:
        raise PolicyError(Issue(f"an expression may have at most {MAX_CHARACTERS:,} characters", "", origin))
    named = _longest_first(frozenset(known))
    called = _longest_first(frozenset(functions))
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = named.match(text, position) if named else None
        if match is None and called and (call := called.match(text, position)):
            match = call if _opens(text, call.end()) else None
        if match is not None:
            found.append(_token("NAME", " ".join(match.group().split()), text, match))
        elif (match := _TOKEN.match(text, position)) is None:
            raise PolicyError(_stranger(text, position, origin))
        elif match.lastgroup != "space":
            found.append(_typed(match, text, found))
        position = match.end()
    _mark_range_ends(found)
    if tests:
        _mark_negation(found)
    return found


def _opens(text: str, position: int) -> bool:
    return text[position:].lstrip().startswith("(")


def _token(type: str, value: str, text: str, match: re.Match[str]) -> Token:
    start, end = match.span()
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Token(type, value, start_pos=start, line=line, column=column, end_pos=end)


def _typed(match: re.Match[str], text: str, before: list[Token]) -> Token:
    value = match.group()
    if match.lastgroup == "number":
        return _token("NUMBER", value, text, match)
    if match.lastgroup == "string":
        return _token("STRING", value, text, match)
    if match.lastgroup == "name":
        after_dot = bool(before) and before[-1].type == "_DOT"
        return _token("NAME" if after_dot else _KEYWORDS.get(value, "NAME"), value, text, match)
    return _token(_SIGNS[value], value, text, match)


def _stranger(text: str, position: int, origin: Span) -> Issue:
    here = next((sign for sign in ("==", "&&", "||") if text.startswith(sign, position)), text[position])
    line = text.count("\n", 0, position) + 1
    span = origin.inside(line, position - text.rfind("\n", 0, position), here)
    if here == '"':
        return Issue("this text has no closing quote", 'end it with `"`', span)
    return Issue(f"`{here}` means nothing here", _INSTEAD.get(here, ""), span)


def _mark_range_ends(found: list[Token]) -> None:
    """`[1..5[`: a `[` after `..` that no operand follows ends the range."""
    depth, open_ranges = 0, set()
    for number, token in enumerate(found):
        if token.type == "_DOTS":
            open_ranges.add(depth)
        elif token.type == "LSQB" and depth in open_ranges:
            follower = found[number + 1].type if number + 1 < len(found) else ""
            if follower not in _BEFORE_OPERAND:
                found[number] = Token.new_borrow_pos("END_OPEN", token, token)
                open_ranges.discard(depth)
                depth -= 1
                continue
        if found[number].type in ("LPAR", "LSQB"):
            depth += 1
        elif found[number].type in ("RPAR", "RSQB"):
            open_ranges.discard(depth)
            depth -= 1


def _mark_negation(found: list[Token]) -> None:
    if len(found) < 4 or found[0] != "not" or found[1].type != "LPAR" or found[-1].type != "RPAR":
        return
    depth = 0
    for token in found[1:-1]:
        depth += {"LPAR": 1, "RPAR": -1}.get(token.type, 0)
        if depth == 0:
            return
    found[0] = Token.new_borrow_pos("_NOT_TESTS", found[0], found[0])


def is_name(text: str) -> bool:
    """Whether a policy may use `text` as a name: a word, no keyword."""
    return text.isidentifier() and text not in _RESERVED
