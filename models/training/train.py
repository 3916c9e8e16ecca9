"""Training any model: a table and its specification in, a stored version with its card out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.policy.facts import Fact
from ordain.engine.text.source import digest_of
from ordain.engine.values.types import Value, plain
from ordain.engine.version import VERSION
from ordain.models.data.mapping import Mapping, read_mapping, shipped
from ordain.models.data.table import LABEL, Table, TableText, read_table
from ordain.models.registry.card import Card, Data, Feature, Given, MappingText
from ordain.models.registry.registry import Registry
from ordain.models.spec import Artifact, Dated, Progress, Report, Role, Spec
from ordain.models.training.card_page import page
from ordain.models.training.leaks import Leak, allowed_leaks
from ordain.models.training.referenced import with_reference
from ordain.models.training.seeds import trained_with_seeds
from ordain.models.training.validation import validation

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "xgboost")
"""Those whose versions a card tells."""


def train_model(
    spec: Spec,
    data: Path | TableText | None,
    mapping: str | Path | Mapping | None,
    registry: Registry,
    *,
    at: dt.datetime,
    name: str = "",
    seed: int = 0,
    rows: int = 10_000,
    seeds: int = 1,
    allow_leaks: Collection[str] = (),
    held_out: Path | None = None,
    card_page: Path | None = None,
    tell: Callable[[Sequence[str]], None] = lambda lines: None,
    progress: Progress | None = None,
    confirm: Callable[[Card], None] = lambda card: None,
    keep: Callable[[Table, Sequence[int]], None] = lambda table, held_out: None,
    above: int = 0,
) -> Card:
    """Trains, measures and stores one version of the model `name` (that of `spec`, if left out); returns its card.

    Without `data` it learns from so many `rows` of SYNTHETIC ones. `mapping` is one, its file, or a shipped one's name.
    `at` is the time to note as that of training; SYNTHETIC rows with a calendar end at its day. `held_out` gets the
    rows that were kept from training, as asks (see `write_held_out`), `card_page` the card as an HTML page. `tell`
    hears what decides about training, before it begins.
    With several `seeds` the first one's version is stored, and its card has the figures over all. `confirm` is called
    before the version can be loaded, whose number is above `above` (`Registry.save`); `keep` before that, with the
    table and the places of its held-out rows.
    Raises PolicyError (mapping), DataQualityIssue (table; features that give the label away and are not among
    `allow_leaks`), SettingsError (files).
    """
    table, about = table_for(spec, data, mapping, seed, rows, at.date())
    tell(validation(table))
    # What only compares by a label, as segments do, cannot learn from what gives it away.
    learned = any(role.name == LABEL and role.needed for role in spec.roles)
    leaks = allowed_leaks(table, allow_leaks, seed) if learned else ()
    artifact, spread = trained_with_seeds(spec, table, seed, seeds, progress)
    artifact = with_reference(spec, table, replace(artifact, report=_noted(artifact.report, leaks)))
    keep(table, artifact.held_out)
    if held_out is not None:
        write_held_out(held_out, table, artifact.held_out)

    def card_of(version: int) -> Card:
        made = card(spec, name or spec.name, version, at, seed, about, table, artifact)
        return made.model_copy(update={"trainings": seeds, "seeds": spread})

    def confirmed(trained: Card) -> None:
        if card_page is not None:
            _write(card_page, page(trained))
        confirm(trained)

    return registry.save(name or spec.name, artifact.files, card_of, confirmed, above)


def _noted(report: Report, leaks: Sequence[Leak]) -> Report:
    """The report with what was allowed, first: it says how far the figures can be trusted."""
    notes = (f"allowed by who trained it, though it may give the label away: {leak.seen}" for leak in leaks)
    return replace(report, notes=(*notes, *report.notes))


def table_for(
    spec: Spec,
    data: Path | TableText | None,
    mapping: str | Path | Mapping | None,
    seed: int,
    rows: int,
    day: dt.date | None = None,
) -> tuple[Table, Mapping | None]:
    """The table to learn from, and the mapping it was read by; a SYNTHETIC one without, which ends at that day where
    it has a calendar. Raises as `train_model`."""
    if data is None:
        if mapping is not None:
            what = f"the mapping `{mapping}` says what the columns of a table mean, and there is no table"
            raise SettingsError(what, "name the table with --data, or leave the mapping out for SYNTHETIC rows")
        if day is not None and isinstance(spec, Dated):
            return spec.sample_until(rows, seed, day), None
        return spec.sample(rows, seed), None
    if isinstance(mapping, Mapping):
        return read_table(data, mapping, map(_as_fact, spec.roles)), mapping
    if mapping is None:
        hint = f"name a mapping file, or a shipped mapping: {', '.join(shipped())}"
        raise SettingsError(f"`{data.name}` needs a mapping that says what its columns mean", hint)
    read = read_mapping(mapping)
    return read_table(data, read, map(_as_fact, spec.roles)), read


def card(
    spec: Spec,
    name: str,
    version: int,
    at: dt.datetime,
    seed: int,
    mapping: Mapping | None,
    table: Table,
    artifact: Artifact,
) -> Card:
    """The card of what was trained from a table; without a mapping it was SYNTHETIC."""
    return Card(
        name=name,
        version=version,
        spec=spec.name,
        about=spec.about,
        trained_at=at.isoformat(),
        seed=seed,
        data=Data(
            table=table.name,
            digest=table.digest,
            about=mapping.about if mapping else f"SYNTHETIC rows of the model `{spec.name}`'s own generator; invented",
            licence=mapping.licence if mapping else "none needed, the rows are invented",
            synthetic=mapping is None or mapping.synthetic,
            rows=len(table),
            parts=dict(artifact.parts),
        ),
        mapping=MappingText(name=mapping.name, digest=mapping.digest, text=mapping.text) if mapping else None,
        features=tuple(Feature.of(fact) for fact in artifact.reads),
        outputs=tuple(Given.of(output) for output in spec.outputs),
        parameters=dict(artifact.parameters),
        report=artifact.report,
        code=VERSION,
        libraries={library: metadata.version(library) for library in LIBRARIES},
        files={file: digest_of(data) for file, data in sorted(artifact.files.items())},
    )


def write_held_out(path: Path, table: Table, rows: tuple[int, ...]) -> None:
    """The held-out rows as asks, one JSON object per line: `{"subject": ..., "facts": {feature: value}}`.

    Numbers stand as they do in the table; a missing value is left out. Raises SettingsError.
    """
    _write(path, "".join(_ask(table.subjects[at], table.rows[at]) for at in rows))


def _write(path: Path, text: str) -> None:
    """Raises SettingsError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"`{path.name}` cannot be written: {reason_of(error)}") from None


def _as_fact(role: Role) -> Fact:
    return Fact(role.name, role.type, optional=not role.needed, meaning=role.meaning)


def _ask(subject: str, row: dict[str, Value]) -> str:
    facts = ", ".join(f"{json.dumps(name)}: {_json(value)}" for name, value in row.items() if value is not None)
    return f'{{"subject": {json.dumps(subject)}, "facts": {{{facts}}}}}\n'


def _json(value: Value) -> str:
    """JSON of a flag, a text or a number; a number without a detour over a float."""
    return json.dumps(value) if isinstance(value, bool | str) else str(plain(value))
