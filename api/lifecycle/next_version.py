"""The text of a policy's next version: a copy of the newest with its number and first day, all else as it stands."""

from __future__ import annotations

import datetime as dt
import re

from ordain.engine.errors import MalformedRequest, PolicyError
from ordain.engine.text.source import parse

_VERSION = re.compile(rb"(?m)^(version:[ \t]*)[0-9]+")
_ONE_LINE = re.compile(rb"(?m)^(effective:[ \t]*)(?:\{[^}\n]*\}|[0-9-]+)")
_BLOCK = re.compile(rb"(?m)^effective:([ \t]*(?:#[^\n]*)?\r?\n)((?:[ \t]+[^\n]*\r?\n)+)")


def next_version(text: bytes, file: str, number: int, first_day: dt.date) -> bytes:
    """`text` is the newest version, of the `file`. A last day, or a season, of that version is not copied.

    Raises MalformedRequest when it is written in a way in which this cannot be done safely.
    """
    day = first_day.isoformat().encode()
    made, versions = _VERSION.subn(rb"\g<1>%d" % number, text)
    made, dates = _ONE_LINE.subn(rb"\g<1>" + day, made)
    if not dates:
        made, dates = _BLOCK.subn(rb"effective: " + day + rb"\g<1>", made)
    try:
        node = parse(made, file)
        right = (versions, dates) == (1, 1) and (node["version"].text, node["effective"].text) == (
            str(number),
            first_day.isoformat(),
        )
    except (PolicyError, KeyError, TypeError):
        right = False
    if not right:
        raise MalformedRequest(
            f"`{file}` is written so that its `version` and `effective` cannot be changed safely",
            "copy it by hand, and set both",
        )
    return made
