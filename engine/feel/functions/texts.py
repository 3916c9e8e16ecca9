"""Functions of texts, DMN 1.5 section 10.3.4.3. Positions and lengths count characters (Unicode code points)."""

from __future__ import annotations

from decimal import Decimal

from ordain.engine.feel.functions.entry import Function, OfEmpty
from ordain.engine.feel.patterns import searching
from ordain.engine.feel.runtime.work import MOST_CHARACTERS, TOO_LONG
from ordain.engine.feel.signature import signature


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str:
    if not int(start):
        raise ValueError("a text is counted from 1")
    if length is not None and length < 0:
        raise ValueError("a text has no negative length")
    first = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return text[first:] if length is None else text[first : first + int(length)]


def _before(text: str, match: str) -> str:
    before, is_there, _ = text.partition(match) if match else ("", "", "")
    return before if is_there else ""


def _after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


def joined(texts: tuple[str | None, ...], delimiter: str | None = None) -> str:
    between, given = delimiter or "", [text for text in texts if text is not None]
    if sum(map(len, given)) + len(between) * len(given) > MOST_CHARACTERS + len(between):
        raise ValueError(TOO_LONG)
    return between.join(given)


FUNCTIONS: dict[str, Function] = {
    "substring": Function(
        "A part of a text, from a position counted from 1 (from the end when negative).",
        'substring("foobar", 3, 2)',
        '"ob"',
        (signature("(string: text, start position: number, length?: number) -> text", _substring),),
    ),
    "string length": Function(
        "How many characters a text has.",
        'string length("abc")',
        "3",
        (signature("(string: text) -> number", lambda text: Decimal(len(text))),),
    ),
    "upper case": Function(
        "In capitals.", 'upper case("abc")', '"ABC"', (signature("(string: text) -> text", str.upper),)
    ),
    "lower case": Function(
        "In small letters.", 'lower case("ABC")', '"abc"', (signature("(string: text) -> text", str.lower),)
    ),
    "substring before": Function(
        "The part before the first place where another text begins; empty when it is not there.",
        'substring before("foobar", "bar")',
        '"foo"',
        (signature("(string: text, match: text) -> text", _before),),
    ),
    "substring after": Function(
        "The part after the first place of another text; empty when it is not there.",
        'substring after("foobar", "ob")',
        '"ar"',
        (signature("(string: text, match: text) -> text", _after),),
    ),
    "replace": Function(
        "The text with everything that a pattern finds replaced; `$1` is what its first group found. The flags are "
        "those of `matches`.",
        'replace("0123456789", "(\\\\d{3})(\\\\d{7})", "($1) $2")',
        '"(012) 3456789"',
        (
            signature(
                "(input: text, pattern: text, replacement: text, flags?: text?) -> text",
                searching.replaced,
                counted=True,
            ),
        ),
    ),
    "contains": Function(
        "Whether a text has another inside.",
        'contains("foobar", "ob")',
        "true",
        (signature("(string: text, match: text) -> flag", str.__contains__),),
    ),
    "starts with": Function(
        "Whether a text begins so.",
        'starts with("foobar", "fo")',
        "true",
        (signature("(string: text, match: text) -> flag", str.startswith),),
    ),
    "ends with": Function(
        "Whether a text ends so.",
        'ends with("foobar", "ar")',
        "true",
        (signature("(string: text, match: text) -> flag", str.endswith),),
    ),
    "matches": Function(
        "Whether a pattern (an XPath regular expression) is found in a text.",
        'matches("foobar", "^fo*B", "i")',
        "true",
        (signature("(input: text, pattern: text, flags?: text?) -> flag", searching.matches, counted=True),),
    ),
    "split": Function(
        "The parts of a text between the places that a pattern finds.",
        'split("a;b;;c", ";")',
        '["a", "b", "", "c"]',
        (signature("(string: text, delimiter: text) -> list of text", searching.pieces, counted=True),),
    ),
    "string join": Function(
        "The texts of a list as one, with a delimiter between them; nulls are left out.",
        'string join(["a", "b", "c"], "_and_")',
        '"a_and_b_and_c"',
        (signature("(list: list of text?, delimiter?: text?) -> text", joined),),
        of_empty=OfEmpty('""'),
    ),
}
