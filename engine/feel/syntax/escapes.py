"""Texts in double quotes: what they say, and how a text is written as one (DMN 1.5, 10.3.1.2, rules 35 and 64)."""

from __future__ import annotations

import re
import sys

from ordain.engine.errors import Issue, PolicyError, Span

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/", "b": "\b", "f": "\f"}
_WRITTEN = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SPECIFIED = "ntr\"\\'"
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(u[0-9A-Fa-f]{0,3}|U[0-9A-Fa-f]{0,5}|.))", re.DOTALL)


class WrongEscape(ValueError):
    """A backslash that says no character, or half of one: the message, and a hint. `written` is what stands there."""

    def __init__(self, message: str, hint: str = "", written: str = "") -> None:
        super().__init__(message)
        self.hint, self.written = hint, written


def unescaped(token: str, span: Span, lenient: bool = False) -> str:
    """The text that `token`, with its quotes, says; see `characters`. Raises PolicyError."""
    try:
        return characters(token[1:-1], lenient)
    except WrongEscape as error:
        raise PolicyError(Issue(str(error), error.hint, span, code="syntax")) from None


def characters(body: str, lenient: bool = False) -> str:
    """What stands between two quotes, with its escapes as the characters that they say. Raises WrongEscape.

    Escapes are those of JSON and \\UXXXXXX; another backslash is a mistake. `lenient` knows the specification's escapes
    alone and takes every other backslash as it is, since the patterns of other tools' files rely on that.
    """
    if "\\" in body:
        body = _ESCAPE.sub(_known_character if lenient else _character, body)
    elif body.isascii():
        return body
    try:
        # Two escapes may be the halves of one character; half of one alone is none.
        return body.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        half = next(sign for sign in body if "\ud800" <= sign <= "\udfff")
        raise WrongEscape(f"`\\u{ord(half):X}` is no character") from None


def _character(match: re.Match[str]) -> str:
    if (character := _from_code(match)) or (character := _ESCAPES.get(match[3] or "", "")):
        return character
    if match.group()[1] in "uU":
        raise WrongEscape(f"`{match.group()}` is no character", "", match.group())
    raise WrongEscape(f"`{match.group()}` is no escape", "write `\\\\` for a backslash", match.group())


def _known_character(match: re.Match[str]) -> str:
    sign = match[3] or ""
    return _from_code(match) or (_ESCAPES[sign] if sign and sign in _SPECIFIED else match.group())


def _from_code(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or "110000", 16)
    return chr(code) if code <= sys.maxunicode else ""


def escaped(text: str) -> str:
    """`text` in double quotes, as FEEL reads it."""
    return '"' + "".join(map(_written, text)) + '"'


def _written(sign: str) -> str:
    if sign in _WRITTEN:
        return _WRITTEN[sign]
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04X}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):06X}"
