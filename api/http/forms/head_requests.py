"""HEAD, where GET would read what is private: answered from the envelope, with nothing to be put on record."""

from __future__ import annotations

from flask import Response, request

from ordain.api.contract.operations import OPERATIONS
from ordain.api.http.account import LISTEN
from ordain.api.http.routes.audit_search import envelope_of_entry
from ordain.api.http.routes.decisions import envelope_of


def answer_head() -> Response | None:
    """Whether there is what is asked for, with the type that it has; None for every other request.

    Raises UnknownDecision, as GET does.
    """
    rule = request.url_rule
    if request.method != "HEAD" or rule is None:
        return None
    operation = OPERATIONS.get(("GET", rule.rule))
    if operation is None or not (operation.is_read or rule.rule == LISTEN):  # a stream has no end to be counted
        return None
    named = request.view_args or {}
    if "decision_id" in named:
        envelope_of(named["decision_id"])
    if "entry_id" in named:
        envelope_of_entry(named["entry_id"])
    answer = Response(mimetype=operation.media)
    answer.headers.pop("Content-Length", None)  # what a GET would say is not known
    answer.automatically_set_content_length = False
    return answer
