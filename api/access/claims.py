"""What a token that was verified says of the caller: a name, and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ordain.api.access.caller import LOCAL
from ordain.api.limits import LIMITS


def name_in(claims: Mapping[str, Any], claim: str) -> str | None:
    """The name that a claim has; None for one that cannot stand in a record."""
    name = claims.get(claim)
    if not isinstance(name, str) or not name.strip() or name == LOCAL.name or len(name) > LIMITS.caller_characters:
        return None
    try:
        name.encode()
    except UnicodeEncodeError:  # half of a surrogate pair cannot be recorded
        return None
    return name


def texts_in(claims: Mapping[str, Any], claim: str) -> list[str] | str:
    """A claim that is a list of texts, or one text; `realm_access.roles` is one in another. Empty if it is neither."""
    value: Any = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, str):
        return value
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def roles_in(claims: Mapping[str, Any], claim: str) -> list[str]:
    """Its texts, or the words of its one text."""
    texts = texts_in(claims, claim)
    return texts.split() if isinstance(texts, str) else texts
