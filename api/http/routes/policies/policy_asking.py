"""What routes about policies have in common: who asks, what is sent, and what cannot be worked on at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app, request
from werkzeug.exceptions import ServiceUnavailable

from ordain.api.access.admission import caller, gate
from ordain.api.access.caller import LOCAL
from ordain.api.apart import ServerEnds
from ordain.api.ask import is_encodable
from ordain.api.backtest.bounded import TriesAlready
from ordain.api.contract.operation import YAML
from ordain.api.http.forms.policy_texts import let_texts_in
from ordain.api.http.routes.reading import fields_sent, in_use
from ordain.api.http.told_to_end import ENDING
from ordain.api.lifecycle.examined import Examiner, ExaminesAlready
from ordain.api.lifecycle.steps import parted
from ordain.api.lifecycle.who import Person, asking
from ordain.api.lifecycle.workbench import Busy, Workbench
from ordain.api.limits import LIMITS
from ordain.engine.errors import MalformedRequest, NotPermitted, RequestTooLarge, UnknownPolicy
from ordain.engine.limits import LIMITS as ENGINE
from ordain.engine.values.types import format_raw

PREFIX = "/v1/policies"
_YAMLS = (YAML, "application/x-yaml", "text/yaml")


def bench() -> Workbench:
    """That of this process."""
    made: Workbench = current_app.extensions["ordain_workbench"]
    return made


def examiner() -> Examiner:
    return Examiner(in_use().settings, ENDING.wait)


def refuse_some_services() -> None:
    """Before each of these routes. Raises NotPermitted: what is decided by a policy is decided in all that ask it."""
    if caller().services is not None:
        raise NotPermitted(
            "this caller is one of some services, and policies are those of all of them",
            "whoever manages keys can make one that is for all services",
        )


@contextmanager
def at_once() -> Iterator[None]:
    """Says when to ask again, for what this process cannot do now."""
    try:
        yield
    except Busy:
        message = "this server works on another step; one is taken at a time"
        raise ServiceUnavailable(message, retry_after=LIMITS.retry_seconds) from None
    except ExaminesAlready:
        message = f"this server examines {LIMITS.checks_at_once} texts already, as many as it does at once"
        raise ServiceUnavailable(message, retry_after=LIMITS.retry_seconds) from None
    except TriesAlready:
        message = "a backtest is being made already; one is made at a time"
        raise ServiceUnavailable(message, retry_after=LIMITS.listen_seconds) from None
    except ServerEnds:
        raise ServiceUnavailable("the server is stopping; ask again", retry_after=LIMITS.retry_seconds) from None


def labelled(policy: str, version: str) -> tuple[str, int]:
    """`name@version` as the address has them, and the number. Raises UnknownPolicy for what can be none."""
    label = f"{policy}@{version}"
    try:
        return label, parted(label)[1]
    except MalformedRequest as error:
        raise UnknownPolicy(error.issues) from None


def person_with(right: str, roles: tuple[str, ...], role: str | None) -> Person:
    """Who asks, in one of their roles that has the right; where nobody is known, in any. Raises NotPermitted."""
    who = caller()
    return asking(who, roles, role, lambda each: who is LOCAL or gate().may(each, right))


def text_sent(*more: str) -> tuple[bytes, dict[str, Any]]:
    """The text of a policy: the body itself, if it is YAML, or `text` of a JSON object, which may say `more`.

    Raises MalformedRequest, RequestTooLarge.
    """
    let_texts_in(in_use().settings, request)
    if request.mimetype in _YAMLS:
        text = request.get_data(cache=False)
        request.stream.read(1)  # as in `fields_sent`
        data: dict[str, Any] = {}
    else:
        data = fields_sent("text", *more)
        said = data.pop("text", None)
        if not isinstance(said, str) or not is_encodable(said):
            raise MalformedRequest("the request says no `text`", f"send the text of a policy, or its file as {YAML}")
        text = said.encode()
    if len(text) > ENGINE.yaml_bytes:
        raise RequestTooLarge(f"the text is larger than {ENGINE.yaml_bytes:,} bytes", "part the policy")
    if not text.strip():
        raise MalformedRequest("the text is empty", "send the text of a policy")
    return text, data


def reason_of(data: dict[str, Any]) -> str:
    """Why, if it is said. Raises MalformedRequest."""
    return text_of(data, "reason", LIMITS.stop_reason_characters) or ""


def person_in(data: dict[str, Any], right: str, roles: tuple[str, ...]) -> Person:
    """As `person_with`, in the role that the body says. Raises NotPermitted, MalformedRequest."""
    return person_with(right, roles, text_of(data, "role", LIMITS.subject_characters))


def text_of(data: dict[str, Any], name: str, most: int) -> str | None:
    """A field that is a text of 1 to `most` characters, or is left out. Raises MalformedRequest."""
    given = data.get(name)
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= most or not is_encodable(given):
        raise MalformedRequest(f"`{name}` is {format_raw(given)}", f"it is a text of 1 to {most:,} characters")
    return given
