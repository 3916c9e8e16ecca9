"""The options that say which entries are meant, for every command that looks for some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ordain.api.names import names_of
from ordain.api.settings import Settings
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Reader
from ordain.audit.records.asked import CHOICES, query_of
from ordain.audit.records.known_names import check_names
from ordain.audit.records.query import Query

Command = TypeVar("Command", bound=Callable[..., Any])


def _choice(name: str, meaning: str, default: str | None = None) -> Any:
    return click.option(
        f"--{name}", type=click.Choice(list(CHOICES[name])), default=default, show_default=bool(default), help=meaning
    )


_OPTIONS = (
    click.option("--subject", help="About this customer or account; with --kind read: who read something about it."),
    click.option("--service", help="Decided by this service."),
    click.option("--policy", metavar="NAME[@VERSION]", help="Decided under this policy."),
    click.option("--rule", help="Where this rule fired: its id, or policy@version/rule."),
    click.option("--decision", metavar="NAME", help="Where a rule of this decision fired (that of --rule, if given)."),
    click.option("--denied-by", metavar="RULE", help="Which this rule itself denied."),
    click.option("--model", metavar="NAME[@VERSION]", help="For which this model scored."),
    click.option("--jurisdiction", help="Under this law."),
    _choice("verdict", "The compliance verdict; `decided` means there was none."),
    _choice("status", "What the answer said of itself: a refused price is none that was offered."),
    _choice("review", "For a person to look at: `open`, or `settled` by one."),
    _choice("kind", "Of this kind.", Kind.DECISION),
    click.option("--since", metavar="TIME", help="Recorded from this date on, or from 2026-01-31T08:00:00+05:30."),
    click.option("--until", metavar="TIME", help="Recorded through this date, inclusive, or until this moment."),
    click.option("--at-since", metavar="TIME", help="Decided for this date or later."),
    click.option("--at-until", metavar="TIME", help="Decided for this date, inclusive, or earlier."),
    click.option(
        "--as-of-differs",
        flag_value="true",
        default=None,
        help="For which the caller chose another time than the clock's (`as_of_seconds`).",
    ),
    click.option("--fell-back", flag_value="true", default=None, help="Decided with a fallback, as a model failed."),
    click.option(
        "--outcome", multiple=True, metavar="PATH=VALUE", help="With this outcome: offer.action=e-mail. Repeatable."
    ),
    click.option(
        "--where", multiple=True, metavar="FEEL", help="Where this holds: outcome.price.amount > 500. Repeatable."
    ),
)


def query_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_query(zone: ZoneInfo, limit: int | None = None, **given: Any) -> Query:
    """The query of the options; times without an offset are of the tenant's `zone`. Raises MalformedRequest."""
    more = {name: given.pop(name) for name in ("newest", "opened") if name in given}
    return query_of(given, zone, limit, "--", **more)


def check_found(found: int, reader: Reader, query: Query, settings: Settings) -> None:
    """Raises MalformedRequest when nothing was found and nothing can be: a name in the query is not known."""
    if not found:
        check_names(reader, query, names_of(settings))
