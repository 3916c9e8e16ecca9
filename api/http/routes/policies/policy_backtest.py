"""`POST .../backtest`: the newest recorded decisions, decided again under a version: see docs/backtest.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response

from ordain.api.backtest.bounded import tried
from ordain.api.backtest.over_record import Wanted
from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    labelled,
    refuse_some_services,
    text_of,
)
from ordain.api.http.routes.reading import fields_sent, in_use, reader, shown_json
from ordain.api.http.told_to_end import ENDING
from ordain.api.lifecycle.texts import check_version
from ordain.api.lifecycle.workbench import texts_of
from ordain.api.limits import LIMITS
from ordain.audit.records.asked import query_of
from ordain.engine.errors import MalformedRequest
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("policy_backtest", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)

_CONDITIONS = ("since", "until", "service")


@ROUTES.post("/<policy>/versions/<version>/backtest")
def backtest(policy: str, version: str) -> Response:
    """What would have come out otherwise. That personal data were read is on record before anything is told."""
    label, _ = labelled(policy, version)
    use = in_use()
    check_version(texts_of(use), use.lifecycle, label)
    data = fields_sent("with", "last", "by", "groups", *_CONDITIONS)
    labels = (label, *_names(data, "with"))
    given = {name: text_of(data, name, LIMITS.subject_characters) for name in _CONDITIONS}
    query = query_of(given, use.settings.zone, newest=True)
    wanted = Wanted(_names(data, "by"), _names(data, "groups"), before="")
    with at_once():
        catalog = bench().catalog(use, labels)
        return shown_json(tried(use, catalog, labels, query, wanted, reader(), _last(data), ENDING.is_set))


def _names(data: dict[str, Any], name: str) -> tuple[str, ...]:
    given = data.get(name, [])
    if (
        not isinstance(given, list)
        or len(given) > LIMITS.tried_names
        or not all(isinstance(each, str) and 0 < len(each) <= LIMITS.subject_characters for each in given)
    ):
        raise MalformedRequest(
            f"`{name}` is {format_raw(given)}", f"it is a list of {LIMITS.tried_names} names or fewer"
        )
    return tuple(given)


def _last(data: dict[str, Any]) -> int:
    given = data.get("last", Decimal(LIMITS.tried_again))
    if not isinstance(given, Decimal) or not 1 <= given <= LIMITS.tried_again or given != int(given):
        raise MalformedRequest(
            f"`last` is {format_raw(given)}", f"it is a whole number from 1 to {LIMITS.tried_again:,}"
        )
    return int(given)
