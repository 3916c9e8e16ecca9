"""`POST /v1/audit/subjects/<subject>/erase`, `hold`, `release`: what may no longer be kept, and what must be."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response

from ordain.api.access.admission import caller
from ordain.api.http.routes.reading import by_caller, fields_sent, in_use, reason_in, shown_json
from ordain.audit.privacy.erasure import erase, hold
from ordain.engine.errors import MalformedRequest, NotPermitted
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("audit_keeping", __name__, url_prefix="/v1/audit/subjects")


@ROUTES.post("/<path:subject>/erase")
def erase_subject(subject: str) -> Response:
    """Erases the customer for good or, while that is not allowed, restricts the records: kept, and not shown."""
    _refuse_some_services()
    data = fields_sent("reason", "not_before")
    private, not_before = by_caller(reason_in(data)), _day(data)
    use = in_use()
    keep = dt.timedelta(days=use.settings.keep_days)
    return shown_json(erase(use.ledger, subject, private=private, keep=keep, not_before=not_before).data())


@ROUTES.post("/<path:subject>/hold")
def hold_subject(subject: str) -> Response:
    """Puts a legal hold on the customer: nothing on record is erased, or removed by age."""
    return _held(subject, True)


@ROUTES.post("/<path:subject>/release")
def release_subject(subject: str) -> Response:
    """Ends the hold."""
    return _held(subject, False)


def _held(subject: str, on: bool) -> Response:
    _refuse_some_services()
    receipt = hold(in_use().ledger, subject, on, private=by_caller(reason_in(fields_sent("reason"))))
    return shown_json({"held": on, "receipt": {"entry_id": receipt.entry_id, "leaf_hash": receipt.leaf_hash}})


def _refuse_some_services() -> None:
    """Raises NotPermitted: what is kept of a customer is kept of all services together."""
    if caller().services is not None:
        raise NotPermitted(
            "this caller is one of some services, and a customer is erased or held in all of them",
            "whoever manages keys can make one that is for all services",
        )


def _day(data: dict[str, Any]) -> dt.date | None:
    given = data.get("not_before")
    if given is None:
        return None
    try:
        if not isinstance(given, str) or len(given) != len("2026-01-31"):
            raise ValueError
        return dt.date.fromisoformat(given)
    except ValueError:
        raise MalformedRequest(f"`not_before` is {format_raw(given)}", "write a date, such as 2026-01-31") from None
