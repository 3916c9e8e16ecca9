"""Requests whose path says which tenant they are for: `/t/<tenant>/...`. Only what has no key or token needs that.

The path opens nothing by itself: the tenant's own front then looks at a signature, as it would without others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from ordain.api.http.account import HOOKS
from ordain.api.http.bodies import Scope
from ordain.api.tenant_name import TENANT_NAME

BEFORE = "/t/"
_ADDRESSED = re.compile(f"{BEFORE}({TENANT_NAME.pattern})({HOOKS}.+)")


@dataclass(slots=True)
class Within:
    """A request's head as the tenant's own front is to read it: `Scope`, with the path after the tenant's name."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    server: str
    http_version: str
    authority: str | None
    headers: Any


class Addressed(NamedTuple):
    """The name of a tenant, which may be nobody's, and the request to it."""

    tenant: str
    scope: Within


def addressed(scope: Scope) -> Addressed | None:
    """What a request says that is an event for a hook of some tenant; None for any other."""
    found = _ADDRESSED.fullmatch(scope.path) if scope.method == "POST" else None
    if found is None:
        return None
    within = Within(
        *(scope.method, found[2], scope.query_string, scope.scheme, scope.client, scope.server),
        *(scope.http_version, scope.authority, scope.headers),
    )
    return Addressed(found[1], within)
