"""Text to the tree (DMN 1.5, section 10.3.1.2). `expression` reads a FEEL expression, `unary_tests` a cell of a table.

Operators are read with two stacks, so that a long row of them is no deep recursion. `deeper` counts the brackets and
words that hold a whole expression, and the height of the tree is measured at the end: both stop at MOST_LEVELS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.functions import negated
from ordain.engine.feel.syntax.lexer import MOST_LEVELS, too_deep
from ordain.engine.feel.syntax.parser import COMPARE, ONE_COMPARISON, Parser
from ordain.engine.feel.syntax.tree import Expr, Logic, Matches, Name, TypeName, call, children
from ordain.engine.feel.syntax.words import Reader

_GROUPS = r"\d{1,3}(?:,\d{2,3})*,\d{3}\.\d+|\d{1,3}(?:,\d\d)+,\d{3}|\d{1,3}(?:,\d{3}){2,}"
"""Numbers with commas that can hardly be several tests: 1,600.00, 1,00,000 and 1,000,000."""
_COMMA_NUMBER = re.compile(
    r"^\s*-?(0,\d\d+|[1-9]\d{0,2},\d{3})\s*$"
    rf"|(?<![\w.,])({_GROUPS})(?![\w.,])"
    r"|(?:[<>]=?\s*|\.\.\s*)-?(\d+,\d+)(?![\d.]|(?:,\d\d)*,\d{3}(?![\d,]))|[\[(\]]\s*-?(\d+,\d+)(?=\s*\.\.)",
    re.ASCII,
)
_TWO_BOUNDS = "write both bounds as a range such as `[1..5]`, or name the value: `? > 1 and ? < 5`"


def expression(
    text: str,
    origin: Span,
    known: Collection[str] = (),
    fields: Collection[str] = (),
    lenient: bool = False,
    pieces: list[Issue] | None = None,
) -> Expr:
    """The tree of a FEEL expression that stands at `origin`.

    `known` are the names in scope, `fields` those of any context in scope; only names of several words need to be
    there. `lenient` reads a text of a `.dmn` file; a piece that cannot be read is null in it then, and its fault goes
    to `pieces`, unless that is None. Raises PolicyError.
    """
    return _guarded(Parser(text, origin, known, fields, lenient, pieces), _whole)


def unary_tests(
    text: str,
    origin: Span,
    known: Collection[str] = (),
    fields: Collection[str] = (),
    lenient: bool = False,
    pieces: list[Issue] | None = None,
) -> Expr | None:
    """A cell as a flag expression over `Input`; None for `-`, which asks nothing. Raises PolicyError."""
    asked = text.strip()
    if asked == "-" or (lenient and not asked):
        return None
    if not lenient:
        _refuse_comma(text, origin, known)
    return _guarded(Parser(text, origin, known, fields, lenient, pieces), _cell)


def type_name(text: str, origin: Span) -> TypeName:
    """The type that `text` writes, such as `list<number>`. Raises PolicyError."""
    reader = Reader(text, origin, (), (), lenient=True)
    named = reader.type_name(bounded=True)
    if reader.kind != "end":
        reader.fail()
    return named


def _guarded(parser: Parser, read: Callable[[Parser], Expr]) -> Expr:
    origin = parser.origin
    if parser.kind == "end":
        raise PolicyError(
            Issue("there is nothing here", "write an expression, or `-` for any value", origin, code="syntax")
        )
    try:
        node = read(parser)
    except RecursionError:  # the caller itself may already stand deep
        raise PolicyError(too_deep(origin)) from None
    if len(parser.text) > MOST_LEVELS and _is_too_high(node):
        raise PolicyError(too_deep(origin))
    return node


def _whole(parser: Parser) -> Expr:
    node = parser.expression()
    if parser.kind != "end":
        parser.fail(_surplus(parser))
    return node


def _cell(parser: Parser) -> Expr:
    test = _tests_or_not(parser)
    if not parser.lenient:
        _refuse_yes_or_no(parser, test)
    return test


def _tests_or_not(parser: Parser) -> Expr:
    """Tests with commas, or `not(...)` around them."""
    refused: tuple[int, PolicyError] | None = None
    before = len(parser.pieces or ())
    if parser.value == "not" and parser.follower() == "(" and not parser.scope.name_at(parser.text, parser.start):
        try:
            if (negated := _negated(parser)) is not None:
                return negated
        except PolicyError as error:
            refused = (parser.start, error)
        parser.restart()
        del (parser.pieces or [])[before:]
    try:
        return _tests(parser, 0)
    except PolicyError:
        if refused is not None and refused[0] >= parser.start:
            raise refused[1] from None
        raise


def _negated(parser: Parser) -> Expr | None:
    start = parser.start
    parser.advance()
    opened = parser.start
    parser.advance()
    test = _tests(parser, opened)
    parser.close(")", opened)
    return call(parser.since(start), "not", test) if parser.kind == "end" else None


def _tests(parser: Parser, opened: int) -> Expr:
    """The tests up to the end or, when a bracket was `opened`, up to the one that closes it."""
    start = parser.start
    tests = [parser.test()]
    while parser.taken(","):
        tests.append(parser.test())
    if parser.kind != "end" and not (opened and parser.value == ")"):
        if opened and not _surplus(parser):
            parser.close(")", opened)
        parser.fail(_surplus(parser))
    return tests[0] if len(tests) == 1 else Logic(parser.since(start), "or", tuple(tests))


def _surplus(parser: Parser) -> str:
    """What may be meant by a word or sign after a complete expression."""
    if parser.value in (")", "]", "}"):
        return "it closes a bracket that was never opened"
    if parser.value == "..":
        return "put brackets around a range: `[1..5]`"
    if parser.value in COMPARE or parser.value in ("in", "between"):
        return ONE_COMPARISON
    if parser.value in ("and", "or"):
        return _TWO_BOUNDS
    if parser.value == "?":
        return "write a choice as `if ... then ... else ...`"
    if parser.value == ",":
        return "put brackets around a list: `[1, 2]`"
    return ""


def _refuse_yes_or_no(parser: Parser, test: Expr) -> None:
    if (inner := negated(test)) is not None:
        _refuse_yes_or_no(parser, inner)
    match test:
        case Logic(operands=parts):
            for part in parts:
                _refuse_yes_or_no(parser, part)
        case Matches(candidate=Name(name=name) as at) if name.lower() in ("yes", "no"):
            if not parser.scope.is_known(name):
                hint = f"write `{'true' if name.lower() == 'yes' else 'false'}`"
                raise PolicyError(Issue(f"`{name}` is no flag", hint, at.span, code="syntax"))


def _refuse_comma(text: str, origin: Span, known: Collection[str]) -> None:
    """Refuse `> 0,80`, which FEEL reads as two tests."""
    if "," in text and "\n" not in text and '"' not in text and (match := _COMMA_NUMBER.search(text)):
        word, at = (match[match.lastindex or 0], match.start(match.lastindex or 0))
        if any(word in name for name in known):
            return
        written = f"`{word.replace(',', '.')}`"
        if match.lastindex == 2:
            written = f"`{word.replace(',', '')}`"
        elif re.fullmatch(r"[1-9]\d{0,2},\d{3}", word):
            written = f"`{word.replace(',', '')}` if thousands are meant, {written} if not"
        hint = f"write {written}; between two tests put a space after the comma"
        raise PolicyError(
            Issue(f"`{word}` has a comma in the number", hint, origin.inside(1, at + 1, word), code="syntax")
        )


def _is_too_high(tree: Expr) -> bool:
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MOST_LEVELS:
            return True
        waiting.extend((child, depth + 1) for child in children(node))
    return False
