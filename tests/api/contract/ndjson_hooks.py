"""What schemathesis is told of NDJSON: a body is a list of lines, each by its own schema, and so is an answer.

OpenAPI 3.1 calls a body of lines a text, and says what a line is in `x-item-schema`. Here the document's text becomes a
list, so that lines are generated, and each line of an answer is held to its schema.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import schemathesis
from hypothesis import strategies as st

LINES = "application/x-ndjson"


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                if (lines := part.get("content", {}).get(LINES)) is not None:
                    lines["schema"] = {"type": "array", "items": lines.get("x-item-schema", {"type": "object"})}


@schemathesis.serializer(LINES)
def write_lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    lines = value if isinstance(value, list) else [value]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@schemathesis.deserializer(LINES)
def read_lines(context: schemathesis.DeserializationContext, response: schemathesis.Response) -> list[Any]:
    return [json.loads(line) for line in response.content.splitlines()]


def _written(moment: dt.datetime, offset: str) -> str:
    return moment.isoformat(timespec="seconds") + offset


schemathesis.openapi.format(
    "date-time",
    # Not further from now than `at` may be: a schema cannot say what depends on the day.
    st.builds(
        _written,
        st.datetimes(dt.datetime(1100, 1, 1), dt.datetime(2900, 1, 1)),
        st.sampled_from(["Z", "z", "+05:30", "-03:00", ".5+00:00", ".123456789Z"]),
    ),
)
