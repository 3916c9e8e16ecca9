"""`GET /v1/settings`: what this service is set to, its keys by name, and what each role may do. Nothing secret."""

from __future__ import annotations

from flask import Blueprint, Response

from ordain.api.access.admission import gate
from ordain.api.access.callers_file import NAME, read_keys, stamp_of
from ordain.api.access.shown_settings import keys_shown, settings_shown
from ordain.api.http.routes.all_services import refuse_some_services
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.ledger import ENGINE

ROUTES = Blueprint("settings_told", __name__, url_prefix="/v1/settings")


@ROUTES.get("")
def settings() -> Response:
    """Read anew each time, as far as files say it."""
    refuse_some_services("settings are those of all of them")
    use = in_use()
    file = use.settings.keys / NAME
    keys = () if stamp_of(file) is None else read_keys(file)
    rights = gate().check(use).of
    return shown_json(
        {
            "engine": ENGINE,
            "tenant": use.settings.tenant,
            "callers_known": gate().configured,
            "settings": settings_shown(use.settings),
            "keys": keys_shown(keys, use.now()),
            "roles": [{"role": role, "rights": sorted(of)} for role, of in sorted(rights.items())],
        }
    )
