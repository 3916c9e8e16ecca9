"""`String.format` of Java, and its way to write a double."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from ordain.engine.feel.functions.conversion import text_of
from ordain.engine.values.decimals import NUMBERS

_PLACE = re.compile(r"%(?:(\d{1,3})\$)?([-+0,]*)(\d{1,3})?(?:\.(\d{1,2}))?([a-zA-Z%])", re.ASCII)
_WIDE = Context(prec=NUMBERS.Emax + 100)
"""Room for the digits of any number with 99 decimals."""


def formatted(mask: str, values: tuple[Any, ...]) -> str:
    """The mask with the values put in: `%s`, `%S`, `%b`, `%f` with flags, width and decimals, `%n` and `%%`.

    A number is a BigDecimal for Java, so `%d` refuses it there and here. Raises ValueError.
    """
    made, end, following = [], 0, 0
    for match in _PLACE.finditer(mask):
        made.append(mask[end : match.start()])
        end = match.end()
        if match[5] in "n%":
            made.append("\n" if match[5] == "n" else "%")
            continue
        following += match[1] is None
        position = int(match[1]) if match[1] else following
        if not 1 <= position <= len(values):
            raise ValueError(f"`{match.group()}` has no value")
        made.append(_put(values[position - 1], match))
    made.append(mask[end:])
    if any("%" in plain for plain in made[::2]):
        raise ValueError(f"`{mask[:60]}` is no format")
    return "".join(made)


def _put(value: Any, match: re.Match[str]) -> str:
    flags, width, kind = match[2], int(match[3] or 0), match[5]
    if kind == "f":
        text = _fixed(value, flags, int(match[4] or 6))
    elif kind in "sSbB" and not set(flags) - {"-"}:
        text = text_of(value) if kind in "sS" else ("false" if value in (None, False) else "true")
        text = text[: int(match[4])] if match[4] else text
        text = text.upper() if kind.isupper() else text
    else:
        raise ValueError(f"`{match.group()}` cannot show `{text_of(value)[:60]}`")
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags else text.rjust(width)


def _fixed(value: Any, flags: str, decimals: int) -> str:
    if not isinstance(value, Decimal):
        raise ValueError(f"`{text_of(value)[:60]}` is no number")
    text = format(value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE), ",f" if "," in flags else "f")
    return text if "+" not in flags or text.startswith("-") else f"+{text}"


def double_text(value: Decimal) -> str:
    """A number as Java writes a double: `1.0`, `0.25`, `1.5E10`."""
    value = value.normalize(NUMBERS)
    if not value or -3 <= value.adjusted() < 7:
        text = format(value, "f")
        return text if "." in text else f"{text}.0"
    exponent = value.adjusted()
    text = format(value.scaleb(-exponent, NUMBERS), "f")
    return f"{text if '.' in text else text + '.0'}E{exponent}"
