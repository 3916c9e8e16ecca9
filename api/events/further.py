"""The further events of an entry: those that a policy makes of a decision, by its rules that fired."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.past import Past
from ordain.engine.errors import PolicyError, TextLost, UnknownService

_LOG = logging.getLogger("ordain")


class Further(NamedTuple):
    """`rule` is the reason code of the rule that makes it."""

    type: str
    rule: str


def tells(envelope: Mapping[str, Any], past: Past) -> bool:
    """Whether further events may come of an entry; nothing is opened for that. Raises LedgerUnavailable."""
    return bool(_types(envelope, past))


def further_of(envelope: Mapping[str, Any], past: Past) -> list[Further]:
    """In the order in which the rules fired, as `Reader.told` has them; each type once. Raises LedgerUnavailable.

    None of a decision of which its rules can no longer be told.
    """
    told = _types(envelope, past)
    found: dict[str, str] = {}
    for code in envelope["reason_codes"] if told else ():
        if code in told:
            found.setdefault(told[code], code)
    return [Further(kind, code) for kind, code in found.items()]


def _types(envelope: Mapping[str, Any], past: Past) -> Mapping[str, str]:
    """By reason code the types that a decision's plan makes."""
    if envelope["kind"] != Kind.DECISION or "plan" not in envelope:
        return {}
    try:
        return past.types_told(envelope)
    except (TextLost, PolicyError, UnknownService) as error:
        # An entry whose text is damaged must not hold up all that come after it; the verifier tells of it.
        _LOG.error("no further events are made of the decision `%s`: %s", envelope["id"], error.message)
        return {}
