"""Pages drawn: templates with everything escaped, and what templates can say (`say`, `address`, times)."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ordain.api.console.pages import PREFIX, address, is_there
from ordain.api.console.texts import has, say

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
    made.filters.update(as_json=as_json, number=_number)
    return made


def as_json(data: Any) -> str:
    """JSON, for an attribute; it is escaped where it is put in."""
    return orjson.dumps(data).decode()


def _number(value: Any) -> str:
    """A count with its thousands apart; everything else as it is."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


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
