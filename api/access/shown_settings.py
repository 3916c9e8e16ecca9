"""What the running service is set to, for whoever manages its keys: names and values, and nothing secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ordain.api.access.stored_key import StoredKey
from ordain.api.settings import SETTINGS, Settings

Json = dict[str, Any]
HIDDEN = "***"
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)(?:(?P<who>[^/?#]*)@)?(?P<rest>[^?#]*)(?P<query>[?#].*)?", re.DOTALL)


def settings_shown(settings: Settings) -> list[Json]:
    """Each setting by name: its value, the one that it has if nobody says any (paths from the folder of settings)."""
    return [
        {
            "setting": name,
            "value": _plain(getattr(settings, name)),
            "default": _plain(setting.default),
            "meaning": setting.metadata["meaning"],
        }
        for name, setting in SETTINGS.items()
    ]


def keys_shown(keys: Iterable[StoredKey], now: Any) -> list[Json]:
    """Each key without its digests: those that open first, then by name."""
    shown = [{**key.without_secrets(), "state": key.state(now)} for key in keys]
    return sorted(shown, key=lambda each: (each["state"] != "valid", each["name"], each["id"]))


def without_secret(text: str) -> str:
    """An address without what may open it: who it is for, and what follows `?` or `#`; other texts stay as they are."""
    found = _URL.fullmatch(text)
    if found is None:
        return text
    who = f"{HIDDEN}@" if found["who"] is not None else ""
    query = f"{found['query'][0]}{HIDDEN}" if found["query"] else ""
    return f"{found['scheme']}{who}{found['rest']}{query}"


def _plain(value: object) -> Any:
    """As JSON has it."""
    match value:
        case None | bool() | int() | float():
            return value
        case Path():
            return str(value)
        case tuple():
            return [_plain(each) for each in value]
    return without_secret(str(value))
