"""What a backtest found, and what it cannot know, in sentences: the same in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ordain.api.backtest.flows import share
from ordain.engine.errors import counted

Json = dict[str, Any]

_UNREADABLE = {
    "erased": "the person was erased; nobody can read what was decided about them",
    "expired": "the time for keeping their private part is over",
    "restricted": "the person has asked to be erased, so it is not read for this",
    "not_restored": "the record cannot be made whole with the texts kept and this version of Ordain",
}


def title(data: Json) -> str:
    """What was done, and of what: recorded decisions are told from a table, and from what is SYNTHETIC."""
    tried = ", ".join(data["with"])
    synthetic = "SYNTHETIC " if data["synthetic"] else ""
    what = f"{synthetic}recorded decisions" if data["source"] == "ledger" else f"{synthetic}rows of {data['table']}"
    return f"Backtest of {tried} on {what}"


def headline(data: Json) -> list[str]:
    """How many were looked at, compared and changed."""
    thing = "recorded decision" if data["source"] == "ledger" else "row"
    unknown = data["decisions"] - data["compared"]
    lines = [f"{counted(data['decisions'], thing)}, {data['compared']:,} compared, {unknown:,} that cannot be compared"]
    if data["compared"]:
        part = percent(share(data["changed"], data["compared"]))
        lines.append(f"{data['changed']:,} of them ({part}) come out otherwise, {data['same']:,} the same")
    if data["same_by_other_rules"]:
        lines.append(f"{data['same_by_other_rules']:,} of the same come out so by other rules")
    if data["instead_of"]:
        before = ", ".join(f"{label} ({count:,})" for label, count in data["instead_of"].items())
        lines.append(f"in the place of {before}")
    if data["synthetic"]:
        lines.append("the data is SYNTHETIC: invented, and evidence of no real customer")
    return lines


def not_known(data: Json) -> list[str]:
    """What cannot be known, with counts."""
    return list(_not_known(data))


def _not_known(data: Json) -> Iterator[str]:
    unknown = data["not_known"]
    for status, count in unknown["unreadable"].items():
        yield f"{counted(count, 'decision')} cannot be read, {status}: {_UNREADABLE.get(status, status)}"
    for why, count in unknown["not_restored"].items():
        yield f"    {count:,} of them: {why}"
    never = unknown["never_recorded"]
    if never["decisions"]:
        yield (
            f"{counted(never['decisions'], 'decision')} cannot be decided again: what is tried reads facts that were "
            f"never recorded: {_counts(never['facts'])}"
        )
    for code, errors in unknown["errors"].items():
        facts = f", for want of {_counts(errors['facts'])}" if errors["facts"] else ""
        first = f"the first, {errors['first']['decision']}: {errors['first']['message']}"
        yield f"{counted(errors['count'], 'decision')} would end in {code}{facts}; {first}"
    for code, errors in unknown["errors_before"].items():
        yield f"{counted(errors['count'], 'row')} end in {code} already under the versions in force"
    yield from _behaviour(data)


def _behaviour(data: Json) -> Iterator[str]:
    behaviour = data["not_known"]["behaviour"]
    if behaviour["changed"]:
        yield (
            f"what the customers of {counted(behaviour['changed'], 'changed decision')} would have done is not known: "
            "nobody was ever told the other outcome"
        )
    if behaviour["not_offered_then"]:
        yield (
            f"{behaviour['not_offered_then']:,} were refused or waited for a person then, and would be decided now: of "
            "these nothing followed that could be measured, so a declined offer has no outcome"
        )
    if behaviour["no_longer_offered"]:
        yield f"{behaviour['no_longer_offered']:,} were decided then, and would be refused or wait for a person now"
    if data["source"] == "ledger" and data["compared"]:
        yield (
            "each decision is decided alone: facts that follow from earlier decisions, such as the last offer, are "
            "those on record"
        )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())


def percent(share: str | None) -> str:
    """A share from 0 to 1, as a decimal text, in percent."""
    return "–" if share is None else f"{Decimal(share) * 100:.1f} %"
