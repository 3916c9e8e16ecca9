"""One square of a person's sheet as a test of a fact: `12+`, `0 - 99`, `Gold, Silver`, `any`, 5 %."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.policy.facts import Fact
from ordain.engine.sheets.foreign.amounts import currency_in, is_currency, number_of
from ordain.engine.sheets.foreign.squares import Square
from ordain.engine.values.types import Kind

ANY_WORDS = {"any", "all", "-", "–", "*", "n/a", "every", "everyone", "any other", "other", "others", "else"}
_YES, _NO = {"yes", "y", "true", "x", "✓", "✔"}, {"no", "n", "false"}
_BETWEEN = re.compile(r"(.+?)\s*(?:-|–|—|\.\.|\bto\b)\s*(.+)")
_SIGNS = {"≥": ">=", "≤": "<=", "=>": ">=", "=<": "<="}
_SIGNED = re.compile(r"(>=|<=|>|<)\s*(.+)")
_WORDED = (
    (re.compile(r"(?:more than|over|above)\s+(.+)"), ">"),
    (re.compile(r"(?:less than|under|below)\s+(.+)"), "<"),
    (re.compile(r"(?:at least|from|min\.?)\s+(.+)"), ">="),
    (re.compile(r"(?:at most|up to|max\.?)\s+(.+)"), "<="),
    (re.compile(r"(.+?)\s*(?:\+|and (?:above|more|over|up)|or more)"), ">="),
    (re.compile(r"(.+?)\s*(?:and (?:below|less|under)|or less)"), "<="),
)
_WORD_AFTER = re.compile(r"(.+?)\s*([a-z]+)")
_BARE = re.compile(r"[a-z][a-z0-9]*( [a-z0-9]+)*")
_NOT_BARE = {"true", "false", "null", "not", "if", "in", "between", "and", "or", "some", "every", "for", "function"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A cell's test as a policy writes it, and a value that passes it; both "" where anything does."""

    text: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers or days from `low` to `high`; None where it has no end."""

    low: Decimal | dt.date | None = None
    high: Decimal | dt.date | None = None
    low_in: bool = True
    high_in: bool = True


def is_test(square: Square, fact: Fact) -> bool:
    return test_of(square, fact) is not None


def test_of(square: Square, fact: Fact) -> Asked | None:
    """The test that stands there, or None when it is none for such a fact."""
    content = square.content
    if square.empty or (isinstance(content, str) and content.lower() in ANY_WORDS):
        return Asked()
    kind = fact.type.kind
    if kind is Kind.NUMBER:
        band = _numbers(square, fact)
        return None if band is None else asked_of(band, fact)
    if kind is Kind.FLAG:
        word = square.text.lower()
        return Asked("true", "true") if word in _YES else Asked("false", "false") if word in _NO else None
    if kind in (Kind.DATE, Kind.DATE_TIME):
        day = border(square, fact)
        return None if day is None else asked_of(Band(day, day), fact)
    return _texts(square, fact) if kind is Kind.TEXT else None


def border(square: Square, fact: Fact) -> Decimal | dt.date | None:
    """The number or day that stands in a `from` or `to` column; None for none."""
    content = square.content
    if fact.type.kind is Kind.NUMBER:
        if isinstance(content, str):
            return _number(content, fact)
        if not isinstance(content, Decimal) or _other_currency(square.currency, fact):
            return None
        return _in_unit(content, square.percent, fact)
    if isinstance(content, dt.date) and not isinstance(content, dt.datetime):
        return content
    try:
        return dt.date.fromisoformat(content) if isinstance(content, str) else None
    except ValueError:
        return None


def asked_of(band: Band, fact: Fact) -> Asked:
    """As a policy writes it, with a value inside."""
    low, high = (None if end is None else written(end) for end in (band.low, band.high))
    if low is not None and high is not None:
        text = low if low == high else f"{'[' if band.low_in else '('}{low}..{high}{']' if band.high_in else ')'}"
    elif low is not None:
        text = f"{'>=' if band.low_in else '>'} {low}"
    else:
        text = f"{'<=' if band.high_in else '<'} {high}"
    return Asked(text, _inside(band, fact))


def written(value: Decimal | dt.date) -> str:
    return format(value, "f") if isinstance(value, Decimal) else f'@"{value.isoformat()}"'


def _inside(band: Band, fact: Fact) -> str:
    low, high = band.low, band.high
    if low is not None and band.low_in:
        return _sample(low)
    if high is not None and band.high_in:
        return _sample(high)
    if isinstance(low, dt.date):
        return _sample(low + dt.timedelta(days=1))
    if isinstance(high, dt.date):
        return _sample(high - dt.timedelta(days=1))
    return _sample(_between(low, high, fact))


def _between(low: Decimal | None, high: Decimal | None, fact: Fact) -> Decimal:
    """A number above the one and below the other, neither of which is one itself."""
    least = low if low is not None else fact.limits.low if fact.limits else None
    most = high if high is not None else fact.limits.high if fact.limits else None
    if least is None or most is None:
        return most - 1 if most is not None else (least or Decimal(0)) + 1
    whole = Decimal(int(least) + 1)
    return whole if least < whole < most else (least + most) / 2


def _sample(value: Decimal | dt.date) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value.isoformat()


def _in_unit(number: Decimal, percent: bool, fact: Fact) -> Decimal:
    """5 % asked of a fact in percent is 5, of any other 0.05."""
    return number / 100 if percent and fact.type.unit not in ("percent", "%") else number


def _numbers(square: Square, fact: Fact) -> Band | None:
    number = border(square, fact)
    if isinstance(number, Decimal):
        return Band(number, number)
    if not isinstance(square.content, str):
        return None
    text = square.content.lower()
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    compared = _SIGNED.fullmatch(text)
    pairs = [(compared[1], compared[2])] if compared else []
    pairs += [(sign, match[1]) for pattern, sign in _WORDED if (match := pattern.fullmatch(text))]
    for sign, rest in pairs:
        if (end := _number(rest, fact)) is not None:
            return Band(end, low_in=sign == ">=") if sign[0] == ">" else Band(high=end, high_in=sign == "<=")
    between = _BETWEEN.fullmatch(text)
    if between is None:
        return None
    first, second = between[1], between[2]
    if first[-1] != "%" and second[-1] == "%":  # 50 - 80 %
        first += "%"
    if (first[-1] == "%") != (second[-1] == "%"):
        return None
    low, high = _number(first, fact), _number(second, fact)
    return Band(low, high) if low is not None and high is not None and low <= high else None


def _number(text: str, fact: Fact) -> Decimal | None:
    """A number in the fact's own unit, which may stand after it: of months `12 months`, not `2 years` or `5 lakh`."""
    bare = text.strip().lower()
    if _other_currency(currency_in(bare), fact):
        return None
    number = number_of(bare)
    if number is None and (worded := _WORD_AFTER.fullmatch(bare)) and _is_unit(worded[2], fact):
        bare = worded[1]
        number = number_of(bare)
    return None if number is None else _in_unit(number, bare.endswith("%"), fact)


def _other_currency(currency: str, fact: Fact) -> bool:
    """Whether an amount is in another currency than the fact."""
    return bool(currency) and is_currency(fact.type.unit or "") and currency != fact.type.unit


def _is_unit(word: str, fact: Fact) -> bool:
    """Whether a word is the fact's unit, or in its name or, where it has no unit, in what it means."""
    told = fact.type.unit or f"{fact.name} {fact.meaning}"
    own = re.findall(r"[^\W_]+", f"{told} {fact.name}".lower())
    return word.rstrip("s") in {each.rstrip("s") for each in own}


def _texts(square: Square, fact: Fact) -> Asked | None:
    text, declared = square.written or square.text, {_same(value): value for value in fact.type.values}
    if not declared:
        return Asked(_as_test(text, fact), json.dumps(text, ensure_ascii=False))
    parts = [text] if _same(text) in declared else re.split(r"\s*(?:,|/|;|\bor\b|\band\b)\s*", text)
    known = [declared.get(_same(part)) for part in parts]
    values = [value for value in known if value is not None]
    if len(values) < len(parts):
        return None
    return Asked(", ".join(_as_test(value, fact) for value in values), json.dumps(values[0], ensure_ascii=False))


def _as_test(value: str, fact: Fact) -> str:
    """A text as a cell compares it: bare where it is one of the declared values and nothing else."""
    bare = value in fact.type.values and _BARE.fullmatch(value) and _NOT_BARE.isdisjoint(value.split())
    return value if bare else json.dumps(value, ensure_ascii=False)


def _same(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().lower())
