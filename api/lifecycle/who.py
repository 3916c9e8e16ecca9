"""Who takes a step, and in which role: by the API keys, where callers are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ordain.api.access.caller import Caller
from ordain.api.access.callers_file import NAME, read_keys, stamp_of
from ordain.api.settings import Settings
from ordain.engine.errors import NotPermitted, did_you_mean

EDITOR, APPROVER, OPERATOR = "editor", "approver", "operator"


class Person(NamedTuple):
    """The name as the record has it, and the role that was taken; over HTTP the id of the API key, if there was one."""

    name: str
    role: str
    key: str = ""


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


def asking(caller: Caller, roles: tuple[str, ...], role: str | None, may: Callable[[Caller], bool]) -> Person:
    """Who asks over HTTP, in the `role` that they say or else the first of theirs that `may` do it: those of `roles`,
    which Ordain ships, come first. Raises NotPermitted."""
    if role is not None and role not in caller.roles:
        raise NotPermitted(f"{caller.name} has no role `{role[:64]}`", f"it takes {_either(roles)}")
    for each in sorted(caller.roles, key=lambda own: (own not in roles, roles.index(own) if own in roles else 0, own)):
        if role in (None, each) and may(replace(caller, roles=frozenset((each,)))):
            return Person(caller.name, each, caller.key_id)
    raise NotPermitted(f"the role `{(role or '')[:64]}` may not do this", f"it takes {_either(roles)}")


def _either(roles: tuple[str, ...]) -> str:
    return " or ".join(f"`{role}`" for role in roles)
