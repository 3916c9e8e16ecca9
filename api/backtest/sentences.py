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
    """How many were looked at, compared and changed; and where nothing could change, why."""
    if not data["decisions"]:
        return [_nothing(data)]
    thing = "recorded decision" if data["source"] == "ledger" else "row"
    unknown = data["decisions"] - data["compared"]
    lines = [f"{counted(data['decisions'], thing)}, {data['compared']:,} compared, {unknown:,} that cannot be compared"]
    if data["by_itself"]:
        lines += _by_itself(data)
    if data["compared"]:
        part = percent(share(data["changed"], data["compared"]))
        come = _verb(data["changed"], "comes", "come")
        lines.append(f"{data['changed']:,} of them ({part}) {come} out otherwise, {data['same']:,} the same")
    if others := data["same_by_other_rules"]:
        lines.append(f"{others:,} of the same {_verb(others, 'comes', 'come')} out so by other rules")
    if data["instead_of"]:
        before = ", ".join(f"{label} ({count:,})" for label, count in data["instead_of"].items())
        lines.append(f"in the place of {before}")
    if data["synthetic"]:
        lines.append("the data is SYNTHETIC: invented, and evidence of no real customer")
    return lines


def _nothing(data: Json) -> str:
    """Why there is nothing to compare, and what to do."""
    names = " or ".join(label.partition("@")[0] for label in data["with"])
    if data["source"] != "ledger":
        return f"{data['table']} has no rows, so nothing was decided"
    if data.get("shadow"):
        tried = " or ".join(data["with"])
        return f"{tried} was tried beside in no decision on record; to begin: ordain rollout shadow {tried}"
    by = f" by {data['service']}" if data.get("service") else ""
    during = " in that time" if data.get("since") or data.get("until") else ""
    wider = "a longer time, another --service, or " if by or during else ""
    return (
        f"no decision on record was made under {names}{by}{during}, so there is nothing to compare; "
        f"try {wider}the rows of a table: --table FILE"
    )


def _by_itself(data: Json) -> Iterator[str]:
    """That a version was compared with itself, in which nothing can change, and what to name instead."""
    tried = " and ".join(data["with"])
    what = "decide" if len(data["with"]) > 1 else "decides"
    if data["by_itself"] < data["compared"]:
        yield f"{data['by_itself']:,} of them {_verb(data['by_itself'], 'was', 'were')} decided by {tried} already"
        return
    said = f"{what} these rows now" if data["source"] == "table" else "decided these already"
    others = [f"{name}@{number}" for name, numbers in data["other_versions"].items() for number in numbers]
    hint = f"name another version to compare with: {', '.join(others)}" if others else "there is no other version yet"
    yield f"{tried} {said}: it was compared with itself, so nothing can come out otherwise; {hint}"


def no_rates(groups: Json) -> str:
    """Why no rates stand under a fact's groups; "" where some do."""
    if groups["rates"]:
        return ""
    return (
        "rates are of outputs with a few values that not all decisions share, and these have none; "
        f"--by {groups['fact']} tells numbers by group"
    )


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


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
        end = _verb(errors["count"], "ends", "end")
        yield f"{counted(errors['count'], 'row')} {end} in {code} already under the versions in force"
    yield from _behaviour(data)


def _behaviour(data: Json) -> Iterator[str]:
    behaviour = data["not_known"]["behaviour"]
    if behaviour["changed"]:
        yield (
            f"what the customers of {counted(behaviour['changed'], 'changed decision')} would have done is not known: "
            "nobody was ever told the other outcome"
        )
    if new := behaviour["not_offered_then"]:
        yield (
            f"{new:,} {_verb(new, 'was', 'were')} refused or waited for a person then, and would be decided now: of "
            "these nothing followed that could be measured, so a declined offer has no outcome"
        )
    if gone := behaviour["no_longer_offered"]:
        yield f"{gone:,} {_verb(gone, 'was', 'were')} decided then, and would be refused or wait for a person now"
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
