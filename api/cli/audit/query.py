"""The options that say which entries are meant, for every command that looks for some."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ordain.audit.entry.entry import Kind
from ordain.audit.records.search import Condition, Query
from ordain.engine.errors import MalformedRequest

Command = TypeVar("Command", bound=Callable[..., Any])

KINDS = [value for name, value in vars(Kind).items() if not name.startswith("_")]
_VERDICTS = ["permit", "deny", "review", "decided"]
_OPTIONS = (
    click.option("--subject", help="About this customer or account."),
    click.option("--service", help="Decided by this service."),
    click.option("--policy", metavar="NAME[@VERSION]", help="Decided under this policy."),
    click.option("--rule", help="Where this rule fired: its id, or policy@version/rule."),
    click.option("--decision", metavar="NAME", help="Where a rule of this decision fired (that of --rule, if given)."),
    click.option(
        "--verdict", type=click.Choice(_VERDICTS), help="The compliance verdict; `decided` means there was none."
    ),
    click.option(
        "--kind", type=click.Choice([*KINDS, "any"]), default=Kind.DECISION, show_default=True, help="Of this kind."
    ),
    click.option("--since", metavar="TIME", help="From this date, or from this moment: 2026-01-31T08:00:00+05:30."),
    click.option("--until", metavar="TIME", help="Through this date, inclusive, or until this moment."),
    click.option(
        "--outcome", multiple=True, metavar="PATH=VALUE", help="With this outcome: offer.action=e-mail. Repeatable."
    ),
)


def query_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_query(zone: ZoneInfo, limit: int | None = None, **given: Any) -> Query:
    """The query of the options; times without an offset are of the tenant's `zone`. Raises MalformedRequest."""
    return Query(
        subject=given["subject"],
        service=given["service"],
        policy=given["policy"],
        rule=given["rule"],
        decision=given["decision"],
        verdict=given["verdict"],
        kind=None if given["kind"] == "any" else given["kind"],
        since=moment(given["since"], "--since", zone),
        until=moment(given["until"], "--until", zone, end=True),
        outcome=tuple(map(Condition.parse, given["outcome"])),
        limit=limit,
    )


def moment(text: str | None, option: str, zone: dt.tzinfo, *, end: bool = False) -> dt.datetime | None:
    """A day begins at its first moment, and with `end` ends at the next day's. Raises MalformedRequest."""
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
        if not 1970 <= time.year <= 9000:
            raise ValueError
    except ValueError:
        raise MalformedRequest(
            f"{option}: `{text[:60]}` is not a date or moment", "write 2026-01-31 or 2026-01-31T08:00:00+05:30"
        ) from None
    if end and len(text) == len("2026-01-31"):
        time += dt.timedelta(days=1)
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(dt.UTC)
