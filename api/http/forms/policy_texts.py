"""Texts of policies, which may be larger than other requests: a table of 2,000 rules is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ordain.api.http.bodies import Scope
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings

if TYPE_CHECKING:  # the event loop decides without it
    from flask import Request

_ROUTE = re.compile("/v1/policies/(check|[^/]+/versions(/[^/]+/(text|tables))?)")
_CONSOLE = "/console/policies/"


def brings_policy_text(scope: Scope) -> bool:
    """Whether a request may bring the text of a policy, or a form with one."""
    if scope.method not in ("POST", "PUT"):
        return False
    return scope.path.startswith(_CONSOLE) or _ROUTE.fullmatch(scope.path) is not None


def let_texts_in(settings: Settings, request: Request) -> None:
    """That request may be as large, whole or as a form."""
    most = max(LIMITS.policy_body_bytes, settings.max_body_bytes)
    request.max_content_length = request.max_form_memory_size = most
