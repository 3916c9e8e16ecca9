"""The options by which a model is trained on the feature store in place of a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ordain.api.settings import Settings
from ordain.engine.errors import MalformedRequest
from ordain.engine.late import late
from ordain.engine.policy.facts import Fact
from ordain.models.specs.catalogue import spec_of

_DAYS = click.IntRange(1, 3650)
_OUTCOME, _WITHIN = "cancelled", 90


def store_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`from_store`, `outcome`, `within` and `days`: the last three None where they are not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def table_or_store(
    settings: Settings,
    model: str,
    data: Path | None,
    mapping: str | None,
    *,
    from_store: bool,
    outcome: str | None,
    within: int | None,
    days: int | None,
    wanted: Sequence[Fact] = (),
) -> dict[str, Any]:
    """`data` and `mapping` as training takes them: those that were given, or made of the feature store.

    `model` is a specification's name. Raises MalformedRequest for options that do not go together, and as
    `rows_to_train_on`.
    """
    told = {"--outcome": outcome, "--within": within, "--days": days}
    if not from_store:
        if said := [name for name, value in told.items() if value is not None]:
            raise MalformedRequest(f"{said[0]} is about rows of the feature store", "add --from-store, or leave it out")
        return {"data": data, "mapping": mapping}
    if data is not None or mapping is not None:
        what = "--from-store makes the table, and a table or a mapping is named, too"
        raise MalformedRequest(what, "leave out --data and --mapping, or --from-store")
    after = _WITHIN if within is None else within
    cut = late("ordain.models.training.from_store:Cut")(outcome or _OUTCOME, after, after if days is None else days)
    made = late("ordain.api.stages.store_rows:rows_to_train_on")
    table, read_as = made(settings, spec_of(model), cut, dt.datetime.now(dt.UTC), wanted)
    return {"data": table, "mapping": read_as}


_OPTIONS = (
    click.option(
        *("--from-store", "from_store"),
        is_flag=True,
        help="Learn from the feature store: what was known of each customer at a day, and what came after it.",
    ),
    click.option(
        "--outcome", metavar="KIND", help=f"What is to be predicted: an event of this kind (default: {_OUTCOME}),"
    ),
    click.option("--within", type=_DAYS, help=f"within so many days (default: {_WITHIN})."),
    click.option("--days", type=_DAYS, help="How many days back the first cut-off day lies (default: as --within)."),
)
