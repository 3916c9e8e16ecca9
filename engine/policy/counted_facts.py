"""Facts that can be counted from what was decided before, by their names: `last_offer_on`, `offers_last_90_days`.

They are those of the limits of an intervention (`engine.policy.kinds.frequency`) that need no other fact.
"""

from __future__ import annotations

import re

_LAST = re.compile(r"last_([a-z][a-z0-9_]*)_on")
_MANY = re.compile(r"([a-z][a-z0-9_]*)s_last_([0-9]{1,4})_days")


def counted(name: str) -> tuple[str, int | None] | None:
    """The decision that is counted and in how many days, None where the last day is asked for; None for other facts."""
    if (match := _MANY.fullmatch(name)) is not None:
        return match[1], int(match[2])
    match = _LAST.fullmatch(name)
    return None if match is None else (match[1], None)
