"""`GET /v1/policies`: policies and their versions, what was done to them, their texts, and what differs."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ordain.api.ask import asked_time
from ordain.api.contract.operation import YAML
from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    examiner,
    labelled,
    refuse_some_services,
)
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.lifecycle.shown_steps import deciding_by_dates, deciding_shown, steps_shown
from ordain.api.lifecycle.texts import FILE, RECORD, Found, found_text, version_before
from ordain.api.lifecycle.told_versions import policies_told, policy_told
from ordain.api.lifecycle.workbench import known_of, texts_of
from ordain.api.lifecycle.writing import next_text

ROUTES = Blueprint("policy_reading", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)


@ROUTES.get("")
def policies() -> Response:
    """All of them, by name."""
    use = in_use()
    with at_once(), bench().versions(use) as (catalog, states):
        return shown_json({"approvals": use.settings.approvals, "policies": policies_told(catalog, states)})


@ROUTES.get("/<policy>")
def policy(policy: str) -> Response:
    """One policy: its versions, with their steps."""
    use = in_use()
    with at_once(), bench().versions(use) as (catalog, states):
        life = None if use.lifecycle is None else use.lifecycle.life(policy)
        return shown_json(policy_told(catalog, states, policy, life))


@ROUTES.get("/<policy>/history")
def history(policy: str) -> Response:
    """What was done to it or, with `at` or `known`, which version decides at one time by what was known at another."""
    use = in_use()
    asked = {
        name: asked_time(request.args[name], use.settings.zone) for name in ("at", "known") if name in request.args
    }
    if not asked:
        return shown_json({"policy": policy, "steps": steps_shown(known_of(use), policy)})
    if use.lifecycle is None and "known" not in asked:
        with at_once(), bench().versions(use) as (catalog, _):
            return shown_json(deciding_by_dates(catalog, policy, asked["at"], use.now()))
    with at_once(), bench().reading(use) as steps:
        now = steps.now()
        return shown_json(deciding_shown(steps, policy, asked.get("at", now), asked.get("known", now)))


@ROUTES.get("/<policy>/next")
def following(policy: str) -> Response:
    """The text that a next version begins with: the newest, with its number and first day. Nothing is written."""
    return Response(next_text(in_use(), policy), mimetype=YAML)


@ROUTES.get("/<policy>/versions/<version>/text")
def text(policy: str, version: str) -> Response:
    """Byte for byte, with its digest as `ETag`: as its file is or, `of=record`, as it was submitted or activated."""
    found = found_of(policy, version, request.args.get("of", FILE))
    answer = Response(found.text, mimetype="application/xml" if found.file.endswith(".dmn") else YAML)
    answer.set_etag(found.digest)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer


@ROUTES.get("/<policy>/versions/<version>/message")
def message(policy: str, version: str) -> Response:
    """What an approval of it signs."""
    label, _ = labelled(policy, version)
    with at_once(), bench().reading(in_use()) as steps:
        return Response(steps.message(label), mimetype="text/plain")


@ROUTES.get("/<policy>/versions/<version>/diff")
def diff(policy: str, version: str) -> Response:
    """By meaning, `against` another version, or the one before."""
    label, _ = labelled(policy, version)
    use = in_use()
    against = request.args.get("against") or str(version_before(texts_of(use), use.lifecycle, label))
    old, new = found_of(policy, against, FILE), found_of(policy, version, FILE)
    with at_once():
        told = examiner().diff((f"{policy}@{against}", old.file, old.text), (label, new.file, new.text))
    return shown_json({**told, "old_digest": old.digest, "new_digest": new.digest})


def found_of(policy: str, version: str, of: str) -> Found:
    """A version's text. Raises as `found_text` does."""
    label, _ = labelled(policy, version)
    use = in_use()
    if use.lifecycle is None and of != RECORD:
        return found_text(texts_of(use), None, label, of)
    steps = known_of(use)
    return found_text(steps.texts, steps, label, of)
