"""A request read on behalf of its caller, who may not have the right to decide for another time than now."""

from __future__ import annotations

from dataclasses import replace

from ordain.api.access.caller import Caller
from ordain.api.access.rights import Right
from ordain.api.ask import Ask, read_ask
from ordain.engine.errors import NotPermitted


def read_ask_of(caller: Caller, may_set_time: bool, service: str, body: bytes, on_trial: bool = False) -> Ask:
    """As `read_ask`, with who asks. Raises NotPermitted for `at` without the right, MalformedRequest."""
    ask = read_ask(service, body, caller.recorded)
    if ask.at is not None and not may_set_time:
        raise NotPermitted(
            f"`at` needs the right `{Right.DECIDE_AT}`, which no role of this caller has", "leave `at` out: now counts"
        )
    return replace(ask, on_trial=True) if on_trial else ask
