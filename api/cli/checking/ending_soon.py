"""`ordain check --ending`: a calendar of what ends soon, for whoever is to write what comes after it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.engine.check.across.endings import Ending, endings
from ordain.engine.policy.model import Policy


def show_endings(policies: Iterable[Policy], days: int, zone: dt.tzinfo, *, as_json: bool) -> int:
    """Shows what ends within so many days from today in `zone`, by day; 1 when something does, else 0."""
    today = dt.datetime.now(zone).date()
    found = endings(policies, today, days)
    if as_json:
        OUT.print(json.dumps([_data(each) for each in found], indent=2, ensure_ascii=False), markup=False)
        return 1 if found else 0
    for each in found:
        OUT.print(Text(f"{each.day}  {_said(each)}  ({each.policy.span.file})"))
    last = today + dt.timedelta(days=days)
    OUT.print(Text(f"{len(found) or 'nothing'} {'ends' if len(found) < 2 else 'end'} until {last}"))
    return 1 if found else 0


def _said(ending: Ending) -> str:
    if ending.promise:
        return f"the last day of the promise `{ending.promise}` of `{ending.policy.label}`"
    after = f"then `{ending.then}` decides" if ending.then else "then no version is in force"
    return f"the last day of `{ending.policy.label}`; {after}"


def _data(ending: Ending) -> dict[str, object]:
    return {
        "day": ending.day.isoformat(),
        "policy": ending.policy.name,
        "version": ending.policy.version,
        "promise": ending.promise or None,
        "then": ending.then or None,
        "file": ending.policy.span.file,
    }
