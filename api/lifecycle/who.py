"""Who takes a step, and in which role: by the API keys, where callers are known."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from ordain.api.access.callers_file import NAME, read_keys, stamp_of
from ordain.api.settings import Settings
from ordain.engine.errors import NotPermitted, did_you_mean


class Person(NamedTuple):
    """The name as the record has it, and the role that was taken."""

    name: str
    role: str


def person(settings: Settings, name: str, roles: tuple[str, ...], role: str | None, now: dt.datetime) -> Person:
    """Somebody with one of `roles`, or with the `role` that they say. Raises NotPermitted, SettingsError.

    Where no API key is made yet callers are not known, and whoever may use this machine is taken at their word.
    """
    wanted = roles if role is None else (role,)
    file = settings.keys / NAME
    keys = () if stamp_of(file) is None else read_keys(file)
    if role is not None and role not in roles:
        raise NotPermitted(f"the role `{role[:64]}` may not do this", f"it takes {_either(roles)}")
    if not keys:
        return Person(name, wanted[0])
    valid = {key.name: key for key in keys if key.state(now) == "valid"}
    if name not in valid:
        hint = did_you_mean(name, valid) or f"say who you are with --as; or: ordain keys new NAME --role {roles[0]}"
        raise NotPermitted(f"no key that opens is called `{name[:64]}`, and callers are known here", hint)
    for each in wanted:
        if each in valid[name].roles:
            return Person(name, each)
    raise NotPermitted(f"{name} has no role that may do this", f"it takes {_either(wanted)}")


def _either(roles: tuple[str, ...]) -> str:
    return " or ".join(f"`{role}`" for role in roles)
