"""The days on which policies, rules and facts count, and those on which they do not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ordain.engine.check.across.held import DAY, Held, Parts, place_of
from ordain.engine.errors import Issue, Level
from ordain.engine.text.source import Node

_WARNING = Level.WARNING
_NEVER_LAW = ("proposed", "vacated", "vetoed")


def validity_gaps(parts: Parts) -> Iterator[Issue]:
    """`validity-gap`: days on which a service can give no answer, as one of its policies has no version."""
    for name, several in parts.versions.items():
        services = parts.users(name)
        among = " and ".join(f"`{service.name}`" for service in services)
        for held in several if services else ():
            following, begins, end = held.replaced_by, held.replaced_on, held.days.end if held.days else None
            if end is None or (begins is not None and begins <= end + DAY):
                continue
            if following is not None and begins is not None:
                days = _days(end + DAY, begins - DAY)
                hint = f"let `{held.policy.label}` end, or `{following.label}` begin, on the day beside it"
            else:
                days, hint = f"from {end + DAY} on", "write the next version, or leave `until` out"
            if held.policy.effective.season and following is None:
                hint = "write the version that decides after the season, or leave `until` and `then` out"
            earlier = [other for other in several if other.policy.effective.end is None and other is not held]
            if any(other.policy.effective.start < held.policy.effective.start for other in earlier):
                hint += "; an earlier version does not come back"
            message = f"`{name}` has no version {days}, so {among} cannot answer then"
            yield Issue(message, hint, held.effective("until"), code="validity-gap", level=_WARNING)
    yield from _late_starts(parts)


def _late_starts(parts: Parts) -> Iterator[Issue]:
    """A policy that begins after the others of its service: told as a note, since those days may be long past."""
    for service in parts.services.values():
        starts = {name: parts.begins[name] for name in service.policies if name in parts.begins}
        earliest = min((day for day in starts.values() if day > dt.date.min), default=dt.date.max)
        for name, start in starts.items():
            if start > earliest and (parts.today is None or start > parts.today):
                message = (
                    f"`{name}` has no version {_days(earliest, start - DAY)}, so `{service.name}`, whose other "
                    "policies begin before, cannot answer then"
                )
                hint = "let it begin with them, unless nothing is decided for those days any more"
                at = parts.versions[name][0].effective("from")
                yield Issue(message, hint, at, code="validity-gap", level=Level.NOTE)


def validity_overlaps(parts: Parts) -> Iterator[Issue]:
    """`validity-overlap`: versions that begin on the same day, and an `until` that a later version overrules."""
    for held in parts.all():
        following, effective = held.replaced_by, held.policy.effective
        if held.days is None and (seasons := _within_seasons(parts, held)):
            message = f"`{held.policy.label}` never decides: {seasons} decides on all of its days"
            hint = "let it begin before or end after the season, or remove it"
            yield Issue(message, hint, held.effective("from"), code="validity-overlap", level=_WARNING)
            continue
        yield from _late_for_season(parts, held)
        if following is None or held.replaced_on is None or following.label == held.policy.label:
            continue  # two files of one version are an error of its own
        if held.days is None:
            both = f"`{held.policy.label}` and `{following.label}` both begin on {effective.start}"
            message = f"{both}: the first never decides"
            hint = f"let one of them begin on another day, or remove `{held.policy.label}`"
            yield Issue(message, hint, held.effective("from"), code="validity-overlap", level=_WARNING)
        elif following.effective.season and not effective.season:
            continue
        elif effective.end is not None and held.replaced_on <= effective.end:
            message = (
                f"`{held.policy.label}` is to decide until {effective.end}, but `{following.label}` decides from "
                f"{held.replaced_on} on"
            )
            hint = f"write `until: {held.replaced_on - DAY}` or leave it out"
            if effective.season:
                hint = "end the one before the other begins, unless one season is meant to stand inside of the other"
            yield Issue(message, hint, held.effective("until"), code="validity-overlap", level=_WARNING)


def _within_seasons(parts: Parts, held: Held) -> str:
    """The seasons that take a version's days, where none is left: `` `fee@3` `` or `` `fee@3` and `fee@4` ``."""
    seasons = [one for one in parts.versions[held.policy.name] if _is_season_at(one, held.policy.effective.start)]
    return " and ".join(f"`{one.policy.label}`" for one in seasons if one.policy is not held.policy)


def _is_season_at(held: Held, day: dt.date) -> bool:
    return held.policy.effective.season and held.policy.effective.holds_on(day)


def _late_for_season(parts: Parts, held: Held) -> Iterator[Issue]:
    """A version that begins within a season, and so decides only after it: told as a note, since it may be meant."""
    begins = held.policy.effective.start
    if held.policy.effective.season or held.days is None or held.days.start == begins:
        return
    season = next((one for one in parts.versions[held.policy.name] if _is_season_at(one, begins)), None)
    if season is not None:
        message = (
            f"`{held.policy.label}` begins on {begins}, within the season of `{season.policy.label}`, and decides from "
            f"{held.days.start} on"
        )
        hint = "to change what is decided within the season, write a season that begins later"
        yield Issue(message, hint, held.effective("from"), code="validity-overlap", level=Level.NOTE)


def versions_cross(parts: Parts) -> Iterator[Issue]:
    """`versions-cross`: a version that takes over from one of a higher number, which is hardly the order meant."""
    for held in parts.all():
        following = held.replaced_by
        if following is None or following.version >= held.policy.version or held.policy.effective.season:
            continue  # after a season the version before returns, whose number is lower
        message = (
            f"`{following.label}` takes over from `{held.policy.label}` on {held.replaced_on}, though its number is "
            "lower"
        )
        hint = f"let it begin before {held.policy.effective.start}, or give it a higher number"
        at = next((each for each in parts.versions[following.name] if each.policy is following), held)
        yield Issue(message, hint, at.effective("from"), code="versions-cross", level=_WARNING)


def never_in_force(parts: Parts) -> Iterator[Issue]:
    """`compliance-in-force`: a rule whose own days are all outside those of its policy, or of what was never law."""
    for held in parts.all():
        rules = held.node("rules") if held.policy.kind == "compliance" else None
        effective = held.policy.effective
        for rule in rules.nodes() if rules is not None else ():
            period = rule.get("in force")
            if period is None:
                continue
            if (status := rule["status"].text) != "in force":
                yield from _never_law(held, rule, period, status, parts.today)
                continue
            first, last = _day(period, "from"), _day(period, "until")
            name = f"`{rule['id'].text}` of `{held.policy.label}` is never in force"
            if last is not None and last < effective.start:
                message = f"{name}: it ends on {last}, before the policy begins on {effective.start}"
                hint, at = "give it the status `superseded`, or correct the day", period["until"].span
            elif first is not None and effective.end is not None and first > effective.end:
                message = f"{name}: it begins on {first}, after the policy ends on {effective.end}"
                hint, at = "put it into the next version, or correct the day", period["from"].span
            else:
                continue
            yield Issue(message, hint, at, code="compliance-in-force", level=_WARNING)


def _never_law(held: Held, rule: Node, period: Node, status: str, today: dt.date | None) -> Iterator[Issue]:
    """A day that reads as if a rule had been law, and a pending rule whose first day has come."""
    name, first = f"`{rule['id'].text}` of `{held.policy.label}` is {status}", _day(period, "from")
    if status in _NEVER_LAW:
        message = f"{name}, so it never was in force, and `in force` reads as if it had been"
        hint, at = "leave `in force` out, and say in `because` what happened and when", rule.keys["in force"]
    elif status == "pending" and first is not None and today is not None and first <= today:
        message = f"{name}, and the day from which it was to be in force, {first}, has come"
        hint, at = "read the law again: make it `in force`, or correct the day", period["from"].span
    else:
        return
    yield Issue(message, hint, at, code="compliance-in-force", level=_WARNING)


def retired_facts(parts: Parts) -> Iterator[Issue]:
    """`retired-fact`: a fact that is read after its last day, by a policy or by a model of a fact in use."""
    for name in parts.vocabulary:
        fact = parts.vocabulary[name]
        if fact.retired is None:
            continue
        until = f"`{name}` may be read until {fact.retired} ({_retired_at(parts, name)})"
        for held in parts.all():
            days = held.days
            if name in held.policy.reads and days is not None and (days.end is None or days.end > fact.retired):
                reads = f"reads it until {days.end}" if days.end is not None else "reads it with no last day"
                message = f"{until}, but `{held.policy.label}` {reads}"
                hint = f"write a version that does not read it, from {fact.retired + DAY} on"
                at = place_of(held.policy, name)
                yield Issue(message, hint, at, name, "retired-fact", _WARNING)
        for model in parts.models or ():
            if any(feature.name == name for feature in model.reads):
                message = f"{until}, but the model `{model.name}@{model.version}` reads it"
                yield Issue(message, "train it without this fact", fact.span, name, "retired-fact", _WARNING)


def _retired_at(parts: Parts, fact: str) -> str:
    facts = parts.facts_root.get("facts") if parts.facts_root is not None else None
    node = facts.get(fact) if facts is not None else None
    return (
        str(node.keys["retired"]) if node is not None and "retired" in node.keys else str(parts.vocabulary[fact].span)
    )


def _day(period: Node, key: str) -> dt.date | None:
    part = period.get(key)
    return dt.date.fromisoformat(part.text) if part is not None else None


def _days(first: dt.date, last: dt.date) -> str:
    count = (last - first).days + 1
    return f"on {first}" if count == 1 else f"from {first} to {last} ({count:,} days)"
