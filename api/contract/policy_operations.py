"""What the routes about versions of policies are for, answer and refuse, and the rights that they need."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.audit_operations import PURPOSE
from ordain.api.contract.operation import FILLED, FLAG, TEXT, YAML, Errors, Json, Operation, an_object
from ordain.api.lifecycle.texts import FILE, RECORD
from ordain.api.limits import LIMITS
from ordain.engine.errors import (
    EditedMeanwhile,
    ExportFailed,
    LedgerRolledBack,
    LedgerUnavailable,
    Level,
    MalformedRequest,
    NotRecorded,
    PolicyError,
    PolicyRefused,
    RequestTooLarge,
    SettingsError,
    StepRefused,
    TextLost,
    UnknownPolicy,
)
from ordain.engine.lifecycle.life import State

POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))
_READING: Errors = (MalformedRequest, PolicyError, LedgerUnavailable, LedgerRolledBack)
_OF_ONE: Errors = (*_READING, UnknownPolicy)
OF_RECORD: Errors = (*_OF_ONE, StepRefused, PolicyRefused, TextLost, SettingsError)
_STEPPING: Errors = (*OF_RECORD, RequestTooLarge, NotRecorded)
_WRITING: Errors = (*_STEPPING, ExportFailed)

_NONE: Json = {"type": ["string", "null"]}
WHOLE: Json = {"type": "integer", "minimum": 0}
_NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": 999_999}
_OBJECT: Json = {"type": "object"}
_OBJECTS: Json = {"type": "array", "items": _OBJECT}
_TURN: Json = {"anyOf": [an_object("version", "from", version=_NUMBER, **{"from": _NONE}), {"type": "null"}]}
_REASON: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": LIMITS.stop_reason_characters,
    "description": "one line: why, on record",
}
_ROLE: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": LIMITS.subject_characters,
    "description": "the role in which it is done, for who has several",
}
_NAMES: Json = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": LIMITS.subject_characters},
    "maxItems": LIMITS.tried_names,
}
_PERCENT: Json = {
    "anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 100}, {"type": "string", "minLength": 1}],
    "description": "per cent of the customers, in steps of 0.01",
}
_POLICY: Json = {"description": "a policy: YAML, byte for byte"}
_STATE: Json = {"enum": [str(state) for state in State]}
_HEAD: Json = {
    "policy": TEXT,
    **dict.fromkeys(("kind", "owner", "purpose"), _NONE),
    "in_force": _TURN,
    "next": _TURN,
}
_STEP: Json = an_object(
    *("entry_id", "step", "policy", "version", "digest", "parts", "recorded", "who", "role", "reason", "signed"),
    **dict.fromkeys(("entry_id", "policy", "digest", "recorded", "who", "role", "reason", "from"), TEXT),
    step={"enum": ["submission", "approval", "activation", "rollback", "rollout"]},
    rollout=_OBJECT,
    newly_needed={"type": "array", "items": TEXT},
    version=_NUMBER,
    parts=_OBJECTS,
    signed=FLAG,
    void=FLAG,
)
FOUND: Json = {"counts": {"type": "object", "additionalProperties": WHOLE}, "findings": _OBJECTS}
_WRITTEN: Json = an_object(
    *("policy", "version", "file", "digest", "counts", "findings"),
    **dict.fromkeys(("policy", "file", "digest"), TEXT),
    version=_NUMBER,
    **FOUND,
)
_DIFFERENCE: Json = an_object(
    *("old", "new", "same", "changes", "exact", "regions", "uncovered", "samples", "old_digest", "new_digest"),
    **dict.fromkeys(("old", "new", "old_digest", "new_digest"), TEXT),
    same=FLAG,
    exact=FLAG,
    changes=_OBJECTS,
    uncovered=_OBJECTS,
    regions={"type": ["array", "null"]},
    samples={"type": ["object", "null"]},
)


def _text(*more: tuple[str, Json]) -> Json:
    """A body with the text of a policy."""
    said: Json = {"type": "string", "minLength": 1, "description": "the text of a policy"}
    return an_object("text", text=said, **dict(more)) | {"additionalProperties": False}


def _step(summary: str, right: str, **asks: Json) -> Operation:
    needs = ("to", "reason") if "to" in asks else ()
    body = an_object(*needs, **{"reason": _REASON, "role": _ROLE, **asks}) | {"additionalProperties": False}
    return Operation(summary, _STEP, right, _STEPPING, by_http=POSTED, asks=body)


VERSION = "/v1/policies/<policy>/versions/<version>"

POLICY_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/policies"): Operation(
        "The policies: what decides now, what will next, and all versions with their states",
        an_object(
            *("approvals", "policies"),
            approvals={"enum": ["none", "named", "signed"]},
            policies={
                "type": "array",
                "items": an_object(
                    *_HEAD,
                    "versions",
                    **_HEAD,
                    versions={
                        "type": "array",
                        "items": an_object(
                            *("version", "state", "from"), version=_NUMBER, state=_STATE, **{"from": _NONE}
                        ),
                    },
                ),
            },
        ),
        Right.READ_POLICIES,
        _READING,
    ),
    ("POST", "/v1/policies/check"): Operation(
        "Checks a text as it would stand among the policies, and stores nothing",
        an_object("file", "counts", "findings", file=TEXT, **FOUND),
        Right.EDIT_POLICIES,
        (MalformedRequest, RequestTooLarge, PolicyError),
        by_http=POSTED,
        query=(("level", "the least that is told", {"enum": [str(level) for level in Level]}),),
        asks=_text(("name", {"type": "string", "minLength": 1, "maxLength": LIMITS.subject_characters})),
        takes_yaml=True,
    ),
    ("GET", "/v1/policies/<policy>"): Operation(
        "A policy, and of each version its state, days, digest and steps",
        an_object(
            *_HEAD,
            *("services", "versions"),
            **_HEAD,
            services={"type": "array", "items": TEXT},
            versions={
                "type": "array",
                "items": an_object(
                    *("version", "state", "from", "file", "digest", "loads", "effective"),
                    version=_NUMBER,
                    state=_STATE,
                    file=_NONE,
                    digest=TEXT,
                    loads=FLAG,
                    effective={"type": ["object", "null"]},
                    edited={"type": ["boolean", "null"]},
                    approvals=an_object("needed", "by", needed=WHOLE, by={"type": "array", "items": TEXT}),
                    steps={"type": "array", "items": _STEP},
                    **{"from": _NONE},
                ),
            },
        ),
        Right.READ_POLICIES,
        _OF_ONE,
    ),
    ("GET", "/v1/policies/<policy>/history"): Operation(
        "What was done to it or, with `at` or `known`, which version decides at one time by what was known at another",
        {
            "anyOf": [
                an_object("policy", "steps", policy=TEXT, steps={"type": "array", "items": _STEP}),
                an_object(
                    *("policy", "at", "known", "version", "entry_id"),
                    **dict.fromkeys(("policy", "at", "known"), TEXT),
                    version={"type": ["integer", "null"]},
                    entry_id=_NONE,
                    rollout={"type": ["object", "null"]},
                ),
            ]
        },
        Right.READ_POLICIES,
        OF_RECORD,
        takes_at=True,
        query=(("known", "a date, or a date and time with its offset: as far as was on record by then", FILLED),),
    ),
    ("GET", "/v1/policies/<policy>/next"): Operation(
        "The text that its next version begins with: a copy of the newest, with its number and first day",
        _POLICY,
        Right.READ_POLICIES,
        (*_OF_ONE, PolicyRefused, SettingsError),
        YAML,
    ),
    ("POST", "/v1/policies/<policy>/versions"): Operation(
        "Writes the text of the next version into its file, once it has no errors",
        _WRITTEN,
        Right.EDIT_POLICIES,
        _WRITING,
        by_http=POSTED,
        asks=_text(),
        takes_yaml=True,
    ),
    ("GET", f"{VERSION}/text"): Operation(
        "The text of a version, byte for byte; its digest is the `ETag`",
        _POLICY,
        Right.READ_POLICIES,
        OF_RECORD,
        YAML,
        others=((304, "Not changed since the `ETag` that `If-None-Match` names.", None),),
        query=(
            ("of", "as its file is, or as it was submitted or activated; `file` if left out", {"enum": [FILE, RECORD]}),
        ),
    ),
    ("PUT", f"{VERSION}/text"): Operation(
        "Writes a draft anew, in the place of the text that `If-Match` names by its digest",
        _WRITTEN,
        Right.EDIT_POLICIES,
        (*_WRITING, EditedMeanwhile),
        by_http=POSTED,
        asks=_text(),
        takes_yaml=True,
    ),
    ("GET", f"{VERSION}/message"): Operation(
        "What an approval of a version signs", TEXT, Right.READ_POLICIES, OF_RECORD, "text/plain"
    ),
    ("GET", f"{VERSION}/diff"): Operation(
        "What differs from another version by meaning, and which customers would be decided otherwise",
        _DIFFERENCE,
        Right.READ_POLICIES,
        OF_RECORD,
        query=(("against", "the number of the other version; the one before if left out", _NUMBER),),
    ),
    ("POST", f"{VERSION}/submit"): _step("Submits a version to be approved", Right.EDIT_POLICIES),
    ("POST", f"{VERSION}/approve"): _step(
        "Approves a version that somebody else submitted, or that one comes back",
        Right.APPROVE_POLICIES,
        signature={
            "type": "string",
            "minLength": 1,
            "maxLength": LIMITS.signature_characters,
            "description": "what `ssh-keygen -Y sign -n ordain` made of the message",
        },
        digest={
            "type": "string",
            "minLength": 1,
            "maxLength": LIMITS.subject_characters,
            "description": "of the text that was read: another one is not approved",
        },
    ),
    ("POST", f"{VERSION}/activate"): _step(
        "Activates an approved version, now or from a day on",
        Right.ACTIVATE_POLICIES,
        **{"from": {"type": "string", "format": "date"}},
    ),
    ("POST", f"{VERSION}/backtest"): Operation(
        "Decides recorded decisions again under a version: what would have come out otherwise",
        an_object(
            *("source", "with", "decisions", "compared", "changed", "outputs", "not_known"),
            source=TEXT,
            decisions=WHOLE,
            compared=WHOLE,
            changed=WHOLE,
            outputs=_OBJECT,
            not_known=_OBJECT,
            **{"with": {"type": "array", "items": TEXT}},
        ),
        Right.BACKTEST,
        _STEPPING,
        by_http=POSTED,
        query=(PURPOSE,),
        asks=an_object(
            last={
                "type": "integer",
                "minimum": 1,
                "maximum": LIMITS.tried_again,
                "description": "how many decisions, the newest",
            },
            since={**FILLED, "description": "recorded from this date on, or from this moment"},
            until={**FILLED, "description": "recorded through this date, or until this moment"},
            service={**FILLED, "description": "decided by this service"},
            by={**_NAMES, "description": "segments by these facts"},
            groups={**_NAMES, "description": "rates by the groups of these facts"},
            **{"with": {**_NAMES, "description": "versions of other policies to try, too: `name@2`"}},
        )
        | {"additionalProperties": False},
    ),
    ("POST", "/v1/policies/<policy>/rollback"): _step(
        "Brings an earlier version back, now", Right.ACTIVATE_POLICIES, to=_NUMBER
    ),
    ("GET", "/v1/policies/<policy>/rollout"): Operation(
        "What is rolled out or tried beside now: the share, to whom, and what is next",
        an_object("policy", "rollout", policy=TEXT, rollout={"type": ["object", "null"]}),
        Right.READ_POLICIES,
        OF_RECORD,
    ),
    ("POST", f"{VERSION}/rollout"): _step(
        "Rolls an approved version out to a share of the customers, or has one decide beside, told nobody",
        Right.ACTIVATE_POLICIES,
        steps={
            "type": "array",
            "items": _PERCENT,
            "minItems": 1,
            "description": "shares, one after the other: to be said but for a `shadow`",
        },
        share={**_PERCENT, "description": "of what is tried beside, in the place of `steps`: for how many per cent"},
        every={"type": "string", "description": "how long each share lasts: 7d, 12h"},
        where={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "description": "only customers of whom a request says this",
        },
        guardrails={
            "anyOf": [_OBJECTS, _OBJECT],
            "description": "what may not become worse: `metric`, `may not`, `pause`, `revert`",
        },
        shadow={"type": "boolean", "description": "whether it decides beside the one that answers"},
        **{"from": {"type": "string", "format": "date"}},
    ),
    ("POST", "/v1/policies/<policy>/rollout/share"): _step(
        "Lets the version that is rolled out decide for a larger share, now", Right.ACTIVATE_POLICIES, percent=_PERCENT
    ),
    ("POST", "/v1/policies/<policy>/rollout/pause"): _step("Keeps the share as it is", Right.ACTIVATE_POLICIES),
    ("POST", "/v1/policies/<policy>/rollout/resume"): _step(
        "Goes on with a roll-out that was paused", Right.ACTIVATE_POLICIES
    ),
    ("POST", "/v1/policies/<policy>/rollout/revert"): _step(
        "Ends a roll-out: the version of before decides for everybody", Right.ACTIVATE_POLICIES
    ),
}
