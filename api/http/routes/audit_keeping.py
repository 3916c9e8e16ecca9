"""`POST /v1/audit/subjects/<subject>/erase`, `hold`, `release`: what may no longer be kept, and what must be.

`GET .../standing`: whether a hold stands, and what an erasure would do now.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response

from ordain.api.erasing import from_features
from ordain.api.http.routes.all_services import refuse_some_services
from ordain.api.http.routes.reading import by_caller, fields_sent, in_use, reader, reason_in, shown_json
from ordain.audit.privacy.erasure import erase, hold
from ordain.audit.privacy.standing import standing_of
from ordain.audit.records.readings import note_reading
from ordain.engine.errors import MalformedRequest
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("audit_keeping", __name__, url_prefix="/v1/audit/subjects")

_OF_ALL = "a customer is erased or held in all of them"


@ROUTES.post("/<path:subject>/erase")
def erase_subject(subject: str) -> Response:
    """Erases the customer for good or, while that is not allowed, restricts the records: kept, and not shown.

    From the feature store the customer is erased first, and at once unless a legal hold stands.
    """
    refuse_some_services(_OF_ALL)
    data = fields_sent("reason", "not_before")
    private, not_before = by_caller(reason_in(data)), _day(data)
    use = in_use()
    keep = dt.timedelta(days=use.settings.keep_days)
    beside = from_features(use.features)
    erasure = erase(use.ledger, subject, private=private, keep=keep, not_before=not_before, beside=beside)
    return shown_json(erasure.data())


@ROUTES.get("/<path:subject>/standing")
def standing(subject: str) -> Response:
    """That it was read is on record. Who is not known and who was erased have the same answer."""
    refuse_some_services(_OF_ALL)
    use, by = in_use(), reader()
    told = standing_of(use.ledger, subject, dt.timedelta(days=use.settings.keep_days))
    note_reading(use.ledger, "http standing", by, [], query={"subject": subject}, subject=subject)
    return shown_json(told.data())


@ROUTES.post("/<path:subject>/hold")
def hold_subject(subject: str) -> Response:
    """Puts a legal hold on the customer: nothing on record is erased, or removed by age."""
    return _held(subject, True)


@ROUTES.post("/<path:subject>/release")
def release_subject(subject: str) -> Response:
    """Ends the hold."""
    return _held(subject, False)


def _held(subject: str, on: bool) -> Response:
    refuse_some_services(_OF_ALL)
    receipt = hold(in_use().ledger, subject, on, private=by_caller(reason_in(fields_sent("reason"))))
    return shown_json({"held": on, "receipt": {"entry_id": receipt.entry_id, "leaf_hash": receipt.leaf_hash}})


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
