"""Drafts saved: the text as it was typed, or with the rules that were edited in a table."""

from __future__ import annotations

import orjson

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Go, Json, Names, Part, Query
from ordain.api.console.reading.policy_text import findings_of
from ordain.api.lifecycle.changed_lines import diff_lines

_MEANWHILE = "EditedMeanwhile"


def save_table(asked: Asked, names: Names, form: Query) -> Go:
    """`edits` are as `POST .../tables` takes them. Raises Refused."""
    at, digest = _version(names), form.get("digest", "")
    try:
        edits = orjson.loads(form.get("edits", "[]"))
    except orjson.JSONDecodeError:
        raise Refused(400, {"code": "MalformedRequest", "message": "the edited rules cannot be read"}) from None
    made = asked.post(f"{at}/tables", {"edits": edits, "digest": digest, "check": "nothing"})
    if made["text"] is None:
        raise Refused(400, {"code": "PolicyRefused", "message": "cells cannot be read", "details": _cells(made)})
    asked.put_text(f"{at}/text", made["text"], f'"{digest}"')
    return Go("policy_table", {"policy": names["policy"]}, {"v": names["version"]})


def check_text(asked: Asked, names: Names, form: Query) -> Part:
    """What is found in a text while it is typed, and whether somebody else has saved the draft meanwhile."""
    text = _typed(form)
    if not text.strip():
        raise Refused(400, {"code": "MalformedRequest", "message": "the text is empty"})
    now = asked.text(f"{_version(names)}/text").etag.strip('"')
    return Part(
        "policy_checked", {**findings_of(asked, names["policy"], text), "others": now != form.get("digest", now)}
    )


def save_text(asked: Asked, names: Names, form: Query) -> Go | Part:
    """In the place of the text that was read; what somebody else made of it meanwhile is shown beside. Raises
    Refused."""
    at, text = _version(names), _typed(form)
    try:
        asked.put_text(f"{at}/text", text, f'"{form.get("digest", "")}"')
    except Refused as refused:
        if refused.code != _MEANWHILE:
            raise
        theirs = asked.text(f"{at}/text")
        lines = diff_lines(theirs.body.encode(), text.encode(), "yours", "theirs")
        return Part("policy_meanwhile", {"error": refused.error, "lines": lines, "digest": theirs.etag.strip('"')})
    return Go("policy_edit", {"policy": names["policy"]}, {"v": names["version"]})


def _typed(form: Query) -> str:
    """Browsers send the line breaks of a field as CRLF."""
    return form.get("text", "").replace("\r\n", "\n")


def _cells(made: Json) -> list[Json]:
    told = (f"{each['rule']} {each['heading']}: {each['message']}" for each in made["findings"])
    return [{"message": line} for line in told]


def _version(names: Names) -> str:
    return f"/v1/policies/{names['policy']}/versions/{names['version']}"
