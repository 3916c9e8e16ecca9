"""What came to a hook, its signature checked: an event with an id, a type and data."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ordain.api.ask import is_encodable
from ordain.api.hooks.schemes import Header, Scheme
from ordain.engine.errors import MalformedRequest
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import format_raw

_ID = re.compile("[!-~]{1,255}")


class Event(NamedTuple):
    """`data` is the whole of it, raw JSON with numbers as Decimal or int; `type` is empty when it says none."""

    id: str
    type: str
    data: dict[str, Any]


def read_event(scheme: Scheme, header: Header, body: bytes) -> Event:
    """Raises MalformedRequest."""
    data = read_json(body, "the event")
    if not isinstance(data, dict):
        raise MalformedRequest(f"the event must be an object, not {format_raw(data)}")
    if b"\\u" in body and not is_encodable(data):
        raise MalformedRequest("the event contains an invalid Unicode character")
    event_id, kind = scheme.id_of(header, data), data.get("type", "")
    if not isinstance(event_id, str) or not _ID.fullmatch(event_id):
        raise MalformedRequest(
            f"the event's id is {format_raw(event_id)}",
            "it must have 1 to 255 visible ASCII characters: by it an event that comes twice is known",
        )
    if not isinstance(kind, str):
        raise MalformedRequest(f"the event's `type` is {format_raw(kind)}, not a text")
    return Event(event_id, kind, data)
