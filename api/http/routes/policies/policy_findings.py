"""`GET /v1/findings`: how much a check finds in each version of each policy."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from ordain.api.http.routes.policies.policy_asking import at_once, examiner, refuse_some_services
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.lifecycle.findings_counted import CountedFindings
from ordain.api.lifecycle.workbench import texts_of
from ordain.engine.errors import MalformedRequest, did_you_mean, quoted

ROUTES = Blueprint("policy_findings", __name__)
ROUTES.before_request(refuse_some_services)

NOW, KNOWN = "now", "known"


@ROUTES.get("/v1/findings")
def findings() -> Response:
    """Counted once for the texts as they are; with `count=known` nothing is counted, and `versions` is null if nobody
    asked before."""
    how = request.args.get("count", NOW)
    if how not in (NOW, KNOWN):
        raise MalformedRequest(f"`count` is {quoted(how[:60])}", did_you_mean(how, (NOW, KNOWN)))
    use = in_use()
    texts, kept = texts_of(use), _counted()
    models = sorted((name, str(getattr(model, "version", ""))) for name, model in use.models.items())
    beside = f"{use.now().astimezone(use.settings.zone).date()} {models}"
    if how == KNOWN:
        return shown_json({"versions": kept.known(texts, beside)})
    with at_once():
        return shown_json({"versions": kept.counted(texts, beside, examiner().check_all)})


def _counted() -> CountedFindings:
    made: CountedFindings = current_app.extensions["ordain_findings"]
    return made
