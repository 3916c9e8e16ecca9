"""Which version is looked at by a command, and by what: a table that is named, or the decisions on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import open_for
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.settings import Settings
from ordain.api.stages.looked_at import asked_of, in_table, on_record, outcome_of
from ordain.api.stages.recorded_scores import Scored, recorded_scores
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.policy.facts import Fact
from ordain.models.data.mapping import Mapping, mapping_from, read_mapping, shipped
from ordain.models.data.table import Table, TableText, read_table
from ordain.models.monitoring.watching import Seen
from ordain.models.scoring.score_model import ScoreModel
from ordain.models.specs.catalogue import spec_of

_DAYS = click.IntRange(1, 3650)


@dataclass(frozen=True, slots=True)
class Look:
    """What the options say. `mapping` None is that which the version itself was trained by."""

    data: Path | TableText | None
    mapping: str | Mapping | None
    groups: tuple[str, ...]
    days: int
    outcome: str | None
    within: int

    def seen(self, settings: Settings, model: ScoreModel) -> tuple[Seen, str]:
        """What was seen, and what it was seen in, for the record."""
        if self.data is not None:
            table = self.table(model)
            return in_table(model, table, self.groups), f"the table {table.name} ({table.digest})"
        if self.mapping is not None:
            raise MalformedRequest("a mapping says what the columns of a table mean, and there is none", "add --data")
        scored = self.scored(settings, model)
        return on_record(model, scored, self.groups, self.happened(settings)), f"decisions of {self.days} days"

    def table(self, model: ScoreModel) -> Table:
        """The table that is named, with the label where its mapping has one. Raises as `read_table`."""
        assert self.data is not None  # noqa: S101 - who asks has looked
        roles = [
            Fact(role.name, role.type, optional=True, meaning=role.meaning) for role in spec_of(model.card.spec).roles
        ]
        return read_table(self.data, self.read_as(model), roles)

    def read_as(self, model: ScoreModel) -> Mapping:
        """The mapping that is named, or that of the card. Raises PolicyError, SettingsError where there is neither."""
        if isinstance(self.mapping, Mapping):
            return self.mapping
        if self.mapping is not None:
            return read_mapping(self.mapping)
        if model.card.mapping is None:
            what = f"the card of `{model.name}@{model.version}` has no mapping: it learned from SYNTHETIC rows"
            raise SettingsError(what, f"add --mapping; shipped: {', '.join(shipped())}")
        return mapping_from(model.card.mapping.text, model.card.mapping.name)

    def scored(self, settings: Settings, model: ScoreModel) -> list[Scored]:
        """The decisions that the model scored in so many days. Raises LedgerUnavailable, PolicyError, SettingsError."""
        opened = open_for(settings, make=False)
        try:
            asked = asked_of(model, load_in_force(settings, "").vocabulary)
            return list(recorded_scores(opened.reader, asked, now() - dt.timedelta(days=self.days)))
        finally:
            opened.close()

    def happened(self, settings: Settings) -> Callable[[Scored], bool | None]:
        """Whether an event of that kind came after a decision, by the feature store. Raises FeaturesUnavailable."""
        kind = self.outcome
        if kind is None:
            return lambda scored: None
        store = LateStore(settings)

        def events(subject: str, after: dt.datetime) -> Sequence[dt.datetime]:
            found = store.opened().events_of(subject, kinds=(kind,), happened_after=after) if store.is_there else ()
            return [each.happened for each in found]

        return outcome_of(events, self.within, now())


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def look_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `Look`, by its names."""
    several = (
        click.option("--data", type=click.Path(path_type=Path, dir_okay=False), help="Look at this CSV file of now."),
        click.option(
            "--mapping", help="What its columns mean: a YAML file, or a shipped mapping. Default: the card's."
        ),
        click.option("--by", "groups", multiple=True, metavar="NAME", help="Compare groups by this. May be repeated."),
        *record_options,
    )
    for option in reversed(several):
        command = option(command)
    return command


record_options = (
    click.option("--days", type=_DAYS, default=30, show_default=True, help="Look at decisions of so many days."),
    click.option("--outcome", metavar="KIND", help="What came true: an event of this kind in the feature store,"),
    click.option("--within", type=_DAYS, default=90, show_default=True, help="within so many days of the decision."),
)
