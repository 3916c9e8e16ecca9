"""One service: what an app has to send, what it gets, the policies that decide, and how they hang together."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query


def service(asked: Asked, names: Names, query: Query) -> Json:
    at = f"/v1/services/{names['service']}"
    sheet = asked.get(at)
    return {"sheet": sheet, "flow": f"{at}/flow", "links": asked.may(Right.READ_POLICIES)}
