"""Numbers as people write them in sheets: with signs of currencies, groups of digits, percent."""

from __future__ import annotations

import re
from decimal import Decimal

_SIGNS = {"₹": "INR", "Rs.": "INR", "Rs": "INR", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_SIGN = re.compile(r"^(₹|rs\.?|[$€£¥])\s*|\s*(₹|[$€£¥])(?=\s*(/-|%)?$)", re.IGNORECASE)
_CODE = re.compile(r"\b(INR|USD|EUR|GBP|JPY|CHF|AUD|CAD|SGD|AED)\b")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}((,\d{2,3})*,\d{3}|( \d{3})+|('\d{3})+)(\.\d+)?", re.ASCII)
"""1,600.00 and 1,00,000 (lakh), 1 600, 1'600. Digits of other scripts, such as full-width ones, make none."""
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+", re.ASCII)
"""2,5 and 1.600,00: but three digits after a comma are a group."""


_WITH_COMMA = re.compile(r"(?<![\w.,])(\d{1,3}(\.\d{3})+(,\d+)?|\d+,\d+)(?![\w.,]*\d)", re.ASCII)
_HAS_COMMA = re.compile(r"(?<![\w.,])(\d{1,3}(\.\d{3})+,\d+|\d+,(\d{1,2}|\d{4,}))(?![.,]?\d)", re.ASCII)
_HAS_POINT = re.compile(r"(?<![\w.,])(\d{1,3}(,\d{2,3})*,\d{3}\.\d+|\d+\.(\d{1,2}|\d{4,}))(?![.,]?\d)", re.ASCII)
_EITHER = re.compile(r"(?<![\w.,])[1-9]\d{0,2}\.\d{3}(?![.,]?\d)", re.ASCII)


def decimal_comma_in(text: str) -> bool:
    """Whether a comma cannot be one between groups of digits: 2,5 and 1.600,00."""
    return bool(_HAS_COMMA.search(text))


def decimal_point_in(text: str) -> bool:
    """Whether a point cannot be one between groups of digits: 2.5 and 1,600.00."""
    return bool(_HAS_POINT.search(text))


def is_doubtful(content: object, *, points: bool) -> bool:
    """Whether a text has a number such as 1.600, which is 1600 or 1.6, while points are taken as decimal."""
    return points and isinstance(content, str) and bool(_EITHER.search(content))


def with_points(text: str) -> str:
    """Numbers with decimal commas, 1.600,5, as others write them: 1600.5."""
    return _WITH_COMMA.sub(lambda found: found[0].replace(".", "").replace(",", "."), text)


def number_of(text: str) -> Decimal | None:
    """The number that a text writes out, 5 for `5 %`; None when it is something else."""
    bare = re.sub(_CODE.pattern, "", text, flags=re.IGNORECASE)
    bare = _SIGN.sub("", bare.strip(), count=1)
    bare = bare.removesuffix("/-").removesuffix("%").strip()
    if _PLAIN.fullmatch(bare):
        # Leading zeros are a code's, such as that of a postal district.
        return None if len(bare) > 1 and bare[0] == "0" and bare[1] != "." else Decimal(bare)
    if _GROUPED.fullmatch(bare):
        return Decimal(re.sub(r"[, ']", "", bare))
    if _DECIMAL_COMMA.fullmatch(bare):
        return Decimal(bare.replace(".", "").replace(",", "."))
    return None


def is_currency(unit: str) -> bool:
    return bool(_CODE.fullmatch(unit))


def currency_in(text: str) -> str:
    """The code of the currency that a text or a cell's format names, or ""."""
    if match := re.search(_CODE.pattern, text, re.IGNORECASE):
        return match[1].upper()
    if re.search(r"\brs\b", text, re.IGNORECASE):
        return "INR"
    return next((code for sign, code in _SIGNS.items() if sign in text), "")
