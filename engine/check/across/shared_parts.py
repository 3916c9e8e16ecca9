"""What policies share: what of it nobody uses, who uses an older version, and calendars that come to their end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ordain.engine.check.across.held import Held, Parts
from ordain.engine.errors import Issue, Level, Span
from ordain.engine.policy.shared import FOLDER, Shared
from ordain.engine.values.calendar import CALENDAR

_SOON = dt.timedelta(days=90)


def unused_shared(parts: Parts) -> Iterator[Issue]:
    """`unused-shared`: a shared part, or a name in the newest version of one, that no policy uses."""
    used: dict[str, set[str]] = {}
    for held in parts.all():
        names = {*held.policy.constants, *(decision.name for decision in held.policy.decisions)}
        for shared in held.policy.shared:
            used.setdefault(shared.label, set()).update(names)
    for shared in _newest(parts).values():
        if shared.node is None:
            continue
        if shared.label not in used:
            hint = f"a policy takes it by `uses: [{shared.label}]`"
            message = f"no policy uses the shared `{shared.label}`"
            yield Issue(message, hint, shared.span, code="unused-shared", level=Level.NOTE)
            continue
        for name, place in shared.names().items():
            if name not in used[shared.label] and not _is_called(name, shared, used[shared.label]):
                message = f"no policy that uses `{shared.label}` reads `{name}`"
                yield Issue(message, "remove it from the next version", place, code="unused-shared", level=Level.NOTE)


def older_shared(parts: Parts) -> Iterator[Issue]:
    """`older-shared`: the newest version of a policy uses a part of which there is a newer version."""
    newest = _newest(parts)
    for several in parts.versions.values():
        for held in several[-1:]:
            for shared in held.policy.shared:
                last = newest[shared.name]
                if last.version > shared.version:
                    message = f"`{held.policy.label}` uses `{shared.label}`, and there is `{last.label}`"
                    hint = (
                        f"write a new version of `{held.policy.name}` that uses `{last.label}`, if it is meant for it"
                    )
                    yield Issue(message, hint, _place(held, shared), code="older-shared", level=Level.NOTE)


def calendars_ending(parts: Parts) -> Iterator[Issue]:
    """`calendar-ends`: a policy that still decides uses a calendar that ends within three months, or has ended."""
    for several in parts.versions.values() if parts.today is not None else ():
        for held in several[-1:]:
            for name, (of, value) in held.policy.constants.items():
                if of == CALENDAR and parts.today is not None and value["until"] - parts.today < _SOON:
                    shared = next(each for each in held.policy.shared if name in each.names())
                    ends = "ended" if value["until"] < parts.today else "ends"
                    message = (
                        f"the calendar `{name}` of `{shared.label}` {ends} on {value['until']}: "
                        f"`{held.policy.label}` cannot ask it about later days"
                    )
                    following = _newest(parts)[shared.name].version + 1
                    hint = f"write policies/{FOLDER}/{shared.name}/v{following}.yaml with more years"
                    place = _place(held, shared)
                    yield Issue(message, hint, place, name, "calendar-ends", Level.WARNING)


def _newest(parts: Parts) -> dict[str, Shared]:
    """The newest version of each part, whether it has faults or not."""
    ordered = sorted(parts.vocabulary.shared.values(), key=lambda shared: shared.version)
    return {shared.name: shared for shared in ordered}


def _is_called(name: str, shared: Shared, used: set[str]) -> bool:
    """Whether a function of the same part that is used reads a name. A constant may stand in functions alone."""
    functions = shared.node.get("functions") if shared.node is not None else None
    return any(caller in used and name in part.text for caller, part in functions.items()) if functions else False


def _place(held: Held, shared: Shared) -> Span:
    """Where a policy names what it uses."""
    listed = held.node("uses")
    spans = (node.span for node in listed.nodes() if node.text == shared.label) if listed is not None else iter(())
    return next(spans, held.policy.span)
