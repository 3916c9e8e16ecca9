"""`POST .../submit`, `approve`, `activate`, `rollback`: steps of versions, taken by who asks, and on record."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response

from ordain.api.access.rights import Right
from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    labelled,
    person_in,
    reason_of,
    refuse_some_services,
    text_of,
)
from ordain.api.http.routes.reading import fields_sent, in_use, shown_json
from ordain.api.lifecycle.shown_steps import check_known, step_shown
from ordain.api.lifecycle.who import APPROVER, EDITOR, OPERATOR
from ordain.api.lifecycle.workbench import by_record, known_of, life_of
from ordain.api.limits import LIMITS
from ordain.engine.errors import MalformedRequest
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("policy_steps", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)

Json = dict[str, Any]


@ROUTES.post("/<policy>/versions/<version>/submit")
def submit(policy: str, version: str) -> Response:
    """It must load, and its examples must hold."""
    label, data = _asked(policy, version)
    person = person_in(data, Right.EDIT_POLICIES, (EDITOR,))
    with at_once(), bench().taking(in_use(), label) as steps:
        return shown_json(step_shown(steps.submit(label, person, reason_of(data))))


@ROUTES.post("/<policy>/versions/<version>/approve")
def approve(policy: str, version: str) -> Response:
    """By somebody else than who submitted it; with `signature` where approvals are signed."""
    label, data = _asked(policy, version, "signature", "digest")
    person = person_in(data, Right.APPROVE_POLICIES, (APPROVER,))
    signature = text_of(data, "signature", LIMITS.signature_characters) or ""
    digest = text_of(data, "digest", LIMITS.subject_characters) or ""
    with at_once(), bench().taking(in_use()) as steps:
        return shown_json(step_shown(steps.approve(label, person, reason_of(data), signature, digest=digest)))


@ROUTES.post("/<policy>/versions/<version>/activate")
def activate(policy: str, version: str) -> Response:
    """Now or, if its first day is yet to come, from then on; or `from` a day."""
    label, data = _asked(policy, version, "from")
    person = person_in(data, Right.ACTIVATE_POLICIES, (APPROVER, OPERATOR))
    begins = day_sent(data)
    with at_once(), bench().taking(in_use(), label) as steps:
        return shown_json(step_shown(steps.activate(label, person, begins, reason_of(data))))


@ROUTES.post("/<policy>/rollback")
def roll_back(policy: str) -> Response:
    """The version `to` comes back, now."""
    check_known(by_record(in_use(), life_of(in_use())), policy)
    data = fields_sent("to", "reason", "role")
    person = person_in(data, Right.ACTIVATE_POLICIES, (APPROVER, OPERATOR))
    number = data.get("to")
    if not isinstance(number, Decimal) or not 1 <= number <= _HIGHEST or number != int(number):
        raise MalformedRequest(f"`to` is {format_raw(number)}", "it is the number of the version that comes back")
    with bench().ending(in_use()) as steps:
        return shown_json(step_shown(steps.roll_back(policy, int(number), person, reason_of(data))))


_HIGHEST = 999_999
"""The number of a version has six digits at the most."""


def _asked(policy: str, version: str, *more: str) -> tuple[str, Json]:
    """The version, once it is known that there is such a policy, and the body.

    Raises UnknownPolicy, MalformedRequest.
    """
    label, _ = labelled(policy, version)
    check_known(known_of(in_use()), policy)
    return label, fields_sent("reason", "role", *more)


def day_sent(data: Json) -> dt.datetime | None:
    """The first moment of a day, by the calendar of the service. Raises MalformedRequest."""
    given = data.get("from")
    if given is None:
        return None
    try:
        if not isinstance(given, str) or len(given) != len("2026-01-31"):
            raise ValueError
        return dt.datetime.combine(dt.date.fromisoformat(given), dt.time(), in_use().settings.zone)
    except ValueError:
        raise MalformedRequest(f"`from` is {format_raw(given)}", "write a day, such as 2026-01-31") from None
