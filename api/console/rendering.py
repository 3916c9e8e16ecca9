"""Pages drawn: templates with everything escaped, and what templates can say (`say`, `address`, times)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ordain.api.console.card_pictures import card_picture
from ordain.api.console.every_page import PREFIX, address, is_there
from ordain.api.console.letter_shown import letter_html
from ordain.api.console.sentences_said import has, say

_ROUNDED = 1e-12
_TICKED = re.compile(r"`([^`\n]+)`")
_MONEY = len(("amount", "currency"))
_HERE = Path(__file__).parent
STATIC = _HERE / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load and do: files and answers of this server, no inline script or style, no frame (CSP level 3)."""


def drawn(template: str, zone: dt.tzinfo, **data: Any) -> str:
    """The HTML of a template, with times of day as they are in `zone`."""
    return _environment().get_template(f"{template}.html").render(when=_When(zone), **data)


@cache
def static_files() -> dict[str, bytes]:
    """What pages load, by its name."""
    return {each.name: each.read_bytes() for each in STATIC.iterdir() if each.suffix in TYPES}


@cache
def static(name: str) -> str:
    """The address of a file, which changes with what is in it. Raises KeyError."""
    return f"{PREFIX}/static/{name}?v={hashlib.sha256(static_files()[name]).hexdigest()[:12]}"


def plainly(value: Any) -> str:
    """A value of JSON in words: money as `4.90 EUR`, lists with commas, an object as `name: value` but for None."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case {"amount": amount, "currency": currency} if len(value) == _MONEY:
            return f"{amount} {currency}"
        case dict():
            told = [f"{name}: {plainly(each)}" for name, each in value.items() if each is not None]
            return ", ".join(told) or "–"
        case list():
            return ", ".join(map(plainly, value)) or "none"
    return str(value)


def _pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Options of a choice whose texts are their values."""
    return [(value, value) for value in values]


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(say=say, has=has, address=address, is_there=is_there, static=static)
    made.globals.update(plainly=plainly, pairs=_pairs, card_picture=card_picture, letter_html=letter_html)
    made.filters.update(
        as_json=as_json, number=_number, measured=_measured, ticked=_ticked, breakable=_breakable, percent=_percent
    )
    return made


def as_json(data: Any) -> str:
    """JSON, for an attribute; it is escaped where it is put in."""
    return orjson.dumps(data).decode()


def _ticked(text: Any) -> Markup:
    """A sentence for a page's text, in which what stands in backticks is code; all of it is escaped."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # it is escaped before


def _breakable(name: Any) -> Markup:
    """A long name, which a narrow column may break behind its underscores; its text stays the same."""
    return Markup(str(escape(name)).replace("_", "_<wbr>"))  # noqa: S704  # it is escaped before


def _percent(share: Any) -> str:
    """A probability, as JSON has it, in percent."""
    return f"{float(share):.1%}".replace("%", " %")


def _number(value: Any) -> str:
    """A count with its thousands apart; everything else as it is."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _measured(value: float | None) -> str:
    """A figure of a model to four digits; what is not measured is a dash, and what only rounding left is zero."""
    return "–" if value is None else f"{0.0 if abs(value) < _ROUNDED else value:.4g}"


class _When:
    """A moment, as JSON has it, for people: its day and time of day in a zone."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone

    def __call__(self, moment: Any, *, day: bool = False) -> Markup:
        """`<time>`; what is no moment stays as it is, and None is a dash."""
        if moment in (None, ""):
            return Markup("–")
        try:
            at = dt.datetime.fromisoformat(str(moment))
        except ValueError:
            return Markup("{}").format(moment)
        shown = at.astimezone(self._zone) if at.tzinfo else at
        text = shown.strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), at.isoformat(), text)
