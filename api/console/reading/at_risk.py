"""Who may leave, by the live version of a model, with the value at risk."""

from __future__ import annotations

from urllib.parse import urlencode

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.limits import LIMITS

RISK_MODEL = "churn"
"""The one that says who may leave, as for `ordain models at-risk`."""
FILTERS = ("days", "level", "segment", "purpose")
_NOT_YET = ("SettingsError", "ModelDegradationDetected", "UnknownModel")
"""What is missing where nobody has made a feature store or a live version."""


def at_risk(asked: Asked, names: Names, query: Query, subject: str = "") -> Json:
    """The page of `GET /v1/models/<model>/at-risk` that was asked for; that it was read is on record. Of one `subject`
    alone if that is said.

    `missing` says what there is not yet, and then there is nothing else.
    """
    said = {name: query[name].strip() for name in FILTERS if query.get(name, "").strip()}
    where = f"/v1/models/{names['model']}/at-risk"
    told: Json = {"model": names["model"], "asked": said, "missing": None}
    try:
        found = asked.get(
            where, **said, subject=subject, limit=LIMITS.console_rows, after=query.get("after", "").strip()
        )
    except Refused as refused:
        if refused.code not in _NOT_YET:
            raise
        return told | {"missing": refused.error}
    plot = {
        "x": [at / 10 + 0.05 for at in range(len(found["tenths"]))],
        "series": [{"label": "people", "values": found["tenths"]}],
        "bars": True,
        "xlabel": "probability",
        "unit": "people",
    }
    export = f"{where}?{urlencode({**said, 'limit': LIMITS.found_most})}"
    return {**found, **told, "plot": plot, "export": export}
