"""A table to learn from, out of the feature store: what was known of each subject on a day, and what came after it.

The label says whether an event of one kind happened within so many days after the cut-off day. The features are those
of that day, of what was known by then; what was learned later counts for the label alone. Cut-off days lie `within`
days apart, and each subject stands there once, at one of them that its id draws: so no subject is both learned from and
measured on, and whether somebody left does not decide which day is taken. Who had such an event by the cut-off day
already, or was not known then, is left out.

No id of a subject is in the table: its rows are numbered. A text that is nearly each subject's own, as a name or an
address is, is no feature.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from ordain.engine.errors import DataQualityIssue, SettingsError, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Value
from ordain.models.data.mapping import Mapping as TableMapping
from ordain.models.data.mapping import mapping_from
from ordain.models.data.synthetic import INVENTED
from ordain.models.data.table import LABEL, TableText
from ordain.models.features.definition import DAY, Definition, micros
from ordain.models.limits import LIMITS
from ordain.models.spec import Spec
from ordain.models.store.bulk import entities, rows_as_of
from ordain.models.store.store import FeatureStore

NAME = "feature-store"
DAYS = "days"
"""The role that says after how many days it came true, or how many days went by without it."""
_DAY = dt.timedelta(days=1)
_LEARNABLE = (Kind.NUMBER, Kind.FLAG, Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Cut:
    """`outcome` is a kind of event; it is true where one happened `within` so many days after the cut-off day. The
    first cut-off day is `days` before the end, the last one `within` before it."""

    outcome: str
    within: int
    days: int

    def moments(self, until: dt.datetime) -> tuple[dt.datetime, ...]:
        """The cut-off days, the first one first. Raises DataQualityIssue where none has all its days behind it."""
        if self.days < self.within:
            what = f"whether `{self.outcome}` comes within {self.within} days is not known of the last {self.days} days"
            raise DataQualityIssue(what, f"look back further, with --days {self.within}, or give a lower --within")
        count = self.days // self.within
        return tuple(until - self.within * (count - at) * _DAY for at in range(count))


@dataclass(frozen=True, slots=True)
class Row:
    """One subject at its cut-off day. `days` lie between that day and the outcome, or the end of `within`."""

    subject: str
    at: dt.datetime
    label: bool
    days: int


def table_from_store(
    spec: Spec,
    store: FeatureStore,
    cut: Cut,
    until: dt.datetime,
    *,
    objected: Callable[[Iterable[str]], Collection[str]],
    left_out: Collection[str] = (),
    wanted: Sequence[Fact] = (),
) -> tuple[TableText, TableMapping]:
    """The table as separated text, and the mapping that it is read by.

    `objected` tells which of some subjects are not to be learned from, `left_out` names features that are not.
    `wanted` are the features to take, with the texts that are known of them already; without, all that can be learned
    from. Raises SettingsError (no such feature; a model that learns from something else), DataQualityIssue (no rows).
    """
    _check(spec)
    rows, objecting = rows_to_learn(store, cut, until, objected)
    if not rows:
        what = f"the feature store has nobody who was known {cut.within} days ago, without `{cut.outcome}` by then"
        raise DataQualityIssue(what, "take events in with `ordain ingest`, or name what to look for with --outcome")
    definitions = _definitions(store, cut, left_out, wanted)
    found = rows_as_of(store, [(row.subject, row.at) for row in rows], [each.name for each in definitions])
    texts = {fact.name: fact.type.values for fact in wanted}
    kept = definitions if wanted else [each for each in definitions if _tells([row[each.name] for row in found])]
    if not kept:
        raise DataQualityIssue("no feature of the feature store tells two subjects apart", "take in more events")
    days = any(role.name == DAYS for role in spec.roles)
    about = (
        f"{len(rows):,} rows of the feature store, one for each subject, as known at {_days(cut.moments(until))}; the "
        f"label: `{cut.outcome}` within {cut.within} days, by what was known at {until:%Y-%m-%d}; {objecting:,} who "
        f"objected are left out; feature definitions {store.definitions.digest}"
    )
    if invented := all(row.subject.startswith(INVENTED) for row in rows):
        about = f"SYNTHETIC customers, invented: {about}"
    mapping = mapping_from(_mapping_text(about, invented, kept, found, texts, days), NAME)
    return TableText(f"{NAME} {until:%Y-%m-%d}", _separated(rows, kept, found, days)), mapping


def rows_to_learn(
    store: FeatureStore, cut: Cut, until: dt.datetime, objected: Callable[[Iterable[str]], Collection[str]]
) -> tuple[list[Row], int]:
    """One row for each subject that was there at its cut-off day, and how many were left out for an objection."""
    moments, end = cut.moments(until), micros(until)
    rows: list[Row] = []
    objecting = 0
    everybody = store.subjects()
    while some := list(islice(everybody, LIMITS.subjects_at_once)):
        refused = objected(some)
        objecting += len(refused)
        subjects = [subject for subject in some if subject not in refused]
        known = {entity.subject: entity.first_known for entity in entities(store, subjects)}
        came = outcomes(store, cut.outcome, subjects, end)
        for subject in subjects:
            at = moments[_drawn(subject, len(moments))]
            day = micros(at)
            if known.get(subject, end) > day or any(each <= day for each in came.get(subject, ())):
                continue
            # A day that has begun counts: what comes in the first hour comes on day 1.
            days = min((-(-(each - day) // DAY) for each in came.get(subject, ())), default=cut.within + 1)
            rows.append(Row(subject, at, days <= cut.within, min(days, cut.within)))
    return rows, objecting


def outcomes(store: FeatureStore, outcome: str, subjects: Sequence[str], end: int) -> dict[str, list[int]]:
    """When it happened to each, of what is known at the end; all in microseconds. Raises FeaturesUnavailable."""
    came: dict[str, list[int]] = {}
    try:
        for many in store.database.bulk_records((outcome,), subjects):
            for subject, _, happened, known, *_ in many:
                if happened <= end and known <= end:
                    came.setdefault(subject, []).append(happened)
    except store.database.failures as error:
        raise store.database.explain(error) from None
    return came


def _check(spec: Spec) -> None:
    roles = {role.name for role in spec.roles}
    needed = sorted(role.name for role in spec.roles if role.needed and role.name != LABEL)
    if LABEL not in roles or needed:
        what = f"`{spec.name}` does not learn from whether something came true, and that is what the store can tell"
        raise SettingsError(what, "train it on a table: --data FILE --mapping YAML")


def _drawn(subject: str, count: int) -> int:
    return int.from_bytes(sha256(subject.encode()).digest()[:8]) % count


def _definitions(store: FeatureStore, cut: Cut, left_out: Collection[str], wanted: Sequence[Fact]) -> list[Definition]:
    features = store.definitions.features
    if wanted:
        for fact in wanted:
            if fact.name not in features:
                what = f"the live version reads `{fact.name}`, which is no feature of the feature store"
                raise SettingsError(what, did_you_mean(fact.name, features) or "train it on a table: --data FILE")
        return [features[fact.name] for fact in wanted]
    return [
        each
        for each in features.values()
        if each.type.kind in _LEARNABLE and each.name not in left_out and each.source != cut.outcome
    ]


def _tells(values: Sequence[Value]) -> bool:
    """Whether a feature tells subjects apart, and none of them by its own name."""
    counted = Counter(values)
    if len(counted) < 2:
        return False
    texts = [count for value, count in counted.items() if isinstance(value, str)]
    return len(texts) <= LIMITS.text_values and sum(count == 1 for count in texts) * 2 <= len(texts)


def _mapping_text(
    about: str,
    invented: bool,
    definitions: Sequence[Definition],
    found: Sequence[Mapping[str, Value]],
    texts: Mapping[str, tuple[str, ...]],
    days: bool,
) -> str:
    """JSON in quotes is YAML, too."""
    lines = [f"name: {NAME}", f"about: {_quoted(about)}", "licence: your own records"]
    lines.append(f"synthetic: {'true' if invented else 'false'}")
    lines.append(f'label: {{column: {LABEL}, true is: "true", false is: "false"}}')
    if days:
        lines.append(f"columns: {{{DAYS}: {{column: role {DAYS}}}}}")
    lines.append("features:")
    for each in definitions:
        parts = [f"column: feature {each.name}", f"type: {each.type.kind}", "optional: true"]
        if each.type.kind is Kind.FLAG:
            parts.append('true is: "true", false is: "false"')
        if each.type.kind is Kind.TEXT:
            values = {*texts.get(each.name, ()), *(_cell(row[each.name]).strip() for row in found)} - {""}
            parts.append(f"values: [{', '.join(map(_quoted, sorted(values)))}]")
        parts.append(f"meaning: {_quoted(each.meaning)}")
        lines.append(f"  {each.name}: {{{', '.join(parts)}}}")
    return "\n".join(lines) + "\n"


def _separated(
    rows: Sequence[Row], definitions: Sequence[Definition], found: Sequence[Mapping[str, Value]], days: bool
) -> bytes:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow([LABEL, *([f"role {DAYS}"] if days else []), *(f"feature {each.name}" for each in definitions)])
    for row, values in zip(rows, found, strict=True):
        played = [str(row.days)] if days else []
        out.writerow([_cell(row.label), *played, *(_cell(values[each.name]) for each in definitions)])
    return text.getvalue().encode()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:f}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _days(moments: Sequence[dt.datetime]) -> str:
    return ", ".join(f"{each:%Y-%m-%d}" for each in moments)
