"""`POST /v1/policies/check`, `POST .../versions`, `PUT .../text`: a text is checked, and becomes a draft's file."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    examiner,
    labelled,
    refuse_some_services,
    text_of,
    text_sent,
)
from ordain.api.http.routes.reading import in_use, shown_json
from ordain.api.lifecycle.drafts import place_for
from ordain.api.lifecycle.shown_steps import check_known
from ordain.api.lifecycle.workbench import known_of, texts_of
from ordain.api.lifecycle.writing import write_again, write_next
from ordain.api.limits import LIMITS
from ordain.engine.errors import Level, MalformedRequest, did_you_mean, quoted

ROUTES = Blueprint("policy_drafts", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)


@ROUTES.post("/check")
def check() -> Response:
    """The findings about a text, as `ordain check --json` tells them. Nothing is stored."""
    level = request.args.get("level", Level.WARNING)
    if level not in list(Level):
        raise MalformedRequest(f"`level` is {quoted(level[:60])}", did_you_mean(level, list(Level)))
    text, data = text_sent("name")
    file = place_for(texts_of(in_use()), text, text_of(data, "name", LIMITS.subject_characters))
    with at_once():
        return shown_json({"file": file, **examiner().check(file, text, Level(level))})


@ROUTES.post("/<policy>/versions")
def write(policy: str) -> Response:
    """The text is the next version, and becomes its file."""
    use = in_use()
    check_known(known_of(use), policy)
    text, _ = text_sent()
    with at_once():
        return shown_json(write_next(use, bench(), examiner(), policy, text))


@ROUTES.put("/<policy>/versions/<version>/text")
def rewrite(policy: str, version: str) -> Response:
    """The text takes the place of the draft that `If-Match` names by its digest."""
    _, number = labelled(policy, version)
    use = in_use()
    check_known(known_of(use), policy)
    was = _digest_asked()
    text, _ = text_sent()
    with at_once():
        return shown_json(write_again(use, bench(), examiner(), (policy, number), text, was))


def _digest_asked() -> str:
    """Raises MalformedRequest where none is said, or `*`: it would be whatever is there."""
    tags = list(request.if_match.as_set(include_weak=False))
    if len(tags) != 1:
        raise MalformedRequest(
            "the request does not say which text it is to take the place of",
            "send `If-Match` with the `ETag` that the text came with, so that nobody's change is lost",
        )
    return str(tags[0])
