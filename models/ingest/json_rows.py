"""Rows that come as JSON: an object each, one a line or in a list."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable
from typing import Any

from ordain.engine.errors import MalformedRequest, RequestTooLarge
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import format_raw, plain
from ordain.models.ingest.line import Line


def row_of_text(number: int, text: bytes, shown: str) -> Line:
    """The row that a line says; `shown` is the line as it is kept where it says none."""
    try:
        return row_of_value(number, shown, read_json(text, "the line"))
    except MalformedRequest as error:
        return Line(number, shown, None, error.message)


def row_of_value(number: int, shown: str, value: Any) -> Line:
    """The row that a JSON value is."""
    if isinstance(value, dict):
        return Line(number, shown, value)
    return Line(number, shown, None, f"this is {format_raw(value)}, and no object")


def rows_of_body(body: bytes, by_line: bool, most: int) -> Iterable[Line]:
    """The rows of a request: one a line, or else one object or a list of them.

    Raises MalformedRequest for what is neither, RequestTooLarge for more than `most` rows.
    """
    if by_line:
        body = body.removeprefix(codecs.BOM_UTF8)  # as of a file
        lines = [(number, text) for number, text in enumerate(body.split(b"\n"), start=1) if text.strip()]
        _check_count(len(lines), most)
        return (row_of_text(number, text, text.decode("utf-8", "replace").strip()) for number, text in lines)
    data = read_json(body, "the request")
    if not isinstance(data, list | dict):
        hint = "or send them one a line, as application/x-ndjson"
        raise MalformedRequest(f"the request is {format_raw(data)}, and no event or list of events", hint)
    rows = data if isinstance(data, list) else [data]
    _check_count(len(rows), most)
    return (row_of_value(number, _json(row), row) for number, row in enumerate(rows, start=1))


def _check_count(count: int, most: int) -> None:
    if count > most:
        message = f"the request has {count:,} events, {most:,} are taken at once"
        raise RequestTooLarge(message, "send them in several requests")


def _json(value: Any) -> str:
    return json.dumps(value, default=plain, ensure_ascii=False)
