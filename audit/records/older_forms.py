"""Records of an older form, read in today's. What is stored stays as it was written.

    until 0.1.0 was released, a rule's reason did not name its decision, and the place of a null named the file that
    the policy was loaded from (`policies/add-ons/v1.dmn:55:13`), which is not on record

Both can be settled from the record alone: reasons stand in the order of the trace, and a place in a text is its line
and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_FILE = re.compile(r".+:(?=\d+:\d+\Z)", re.DOTALL)


def in_todays_form(private: Json) -> Json:
    """The private part of a decision as today's engine would have recorded it; the same object if it has that form.

    What fits no form that was ever written is left as it is.
    """
    reasons, trace = private.get("reasons"), private.get("trace")
    if not isinstance(reasons, list) or not isinstance(trace, list):
        return private
    lifted: Json = {}
    if any("rule" in reason and "decision" not in reason for reason in reasons):
        lifted["reasons"] = _with_decisions(reasons, trace)
    if any("nulls" in step for step in trace):
        lifted["trace"] = [_without_files(step) for step in trace]
    return {**private, **lifted} if lifted else private


def _with_decisions(reasons: list[Json], trace: list[Json]) -> list[Json]:
    """Each rule's reason beside the decision that the trace says it fired in; as given when the two do not fit."""
    decisions = _decisions(reasons, trace)
    try:
        return [{**reason, "decision": next(decisions)} for reason in reasons]
    except StopIteration:
        return reasons


def _decisions(reasons: list[Json], trace: list[Json]) -> Iterator[str]:
    """The decision of each reason in turn, as long as they fit the trace.

    A table gave one reason for each rule that fired, a formula one if it says why.
    """
    at = 0
    for step in trace:
        if "fired" not in step:
            if at < len(reasons) and reasons[at].get("decision") == step.get("decision") and _of(reasons[at], step):
                yield step["decision"]
                at += 1
            continue
        for rule in step["fired"]:
            if at == len(reasons) or reasons[at].get("rule") != rule or not _of(reasons[at], step):
                return
            yield step["decision"]
            at += 1


def _of(reason: Json, step: Json) -> bool:
    return bool(reason.get("policy") == step.get("policy"))


def _without_files(step: Json) -> Json:
    if "nulls" not in step:
        return step
    return {**step, "nulls": [{**null, "at": _FILE.sub("", null.get("at", ""))} for null in step["nulls"]]}
