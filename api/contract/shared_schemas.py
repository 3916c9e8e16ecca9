"""The schemas of the OpenAPI document that are the same whatever the policies say."""

from __future__ import annotations

from typing import Any

from ordain.api.contract.fact_sheet import COMPUTED, FOR_A_SCORE, OPTIONAL, REQUIRED
from ordain.api.contract.operations import ref
from ordain.api.limits import LIMITS
from ordain.engine.errors import Severity
from ordain.engine.policy.model import Verdict

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_DAY: Schema = {"type": "string", "format": "date"}


def closed(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object of these properties alone, all of them there but for the `optional` ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


SUBJECT: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LIMITS.subject_characters,
    "pattern": r"\S",
    "description": "the customer or account that is decided about",
}
AT: Schema = {
    "type": ["string", "null"],
    "description": "a date and time with its offset, if the decision is for another time than now",
    "examples": ["2026-01-31T08:00:00+05:30"],
}
VERDICT: Schema = {"enum": [str(verdict) for verdict in Verdict]}


def answer_schema(service: Schema, outcome: Schema, verdict: Schema) -> Schema:
    """An answer; `service` and `outcome` say what is a service's own."""
    return closed(
        at={"type": "string", "format": "date-time"},
        decision_id={"type": "string", "format": "uuid"},
        models=list_of(ref("ModelScore")),
        obligations=list_of(ref("Obligation")),
        outcome=outcome,
        policies=list_of(ref("PolicyUsed")),
        reasons=list_of(ref("Reason")),
        receipt=ref("Receipt"),
        service=service,
        verdict=verdict,
    )


_ERROR_PARTS = {
    "code": {"type": "string", "description": "what to branch on"},
    "message": _TEXT,
    "details": list_of(ref("Finding")),
    "timestamp": {"type": "string", "format": "date-time"},
    "requestId": {"type": "string", "description": "the request's X-Request-ID, or one of ours"},
    "severity": {"enum": [str(severity) for severity in Severity]},
}
_EFFECTIVE = closed(**{"from": _DAY, "until": {"type": ["string", "null"], "format": "date"}})
_POLICY = closed(
    policy=_TEXT,
    version={"type": "integer", "minimum": 1},
    kind=_TEXT,
    purpose=_TEXT,
    owner=_TEXT,
    effective=_EFFECTIVE,
    digest=_DIGEST,
)
_DENIED: Schema = {"enum": ["answer", "refuse"], "description": "what comes of a denial: an answer, or a 422"}
_VALUE_PARTS: dict[str, Schema] = {
    "type": _TEXT,
    "unit": _TEXT,
    "values": list_of(_TEXT),
    "fields": {"type": "object", "additionalProperties": ref("ValueSheet")},
}
_FACT_PARTS: dict[str, Schema] = {
    "fact": _TEXT,
    "meaning": _TEXT,
    "need": {"enum": [REQUIRED, OPTIONAL, FOR_A_SCORE, COMPUTED]},
    "absent": {
        "enum": ["refused", "null", "review", "default", "scored", "computed"],
        "description": "what its absence does",
    },
    "if_absent": {"type": "string", "description": "the same as a sentence"},
    "default": {"type": ["string", "number", "boolean"], "description": "what it counts as when it is absent"},
    "scored_by": closed(model=_TEXT, version=_TEXT, inputs=list_of(_TEXT)),
    "scores": {"type": "string", "description": "the fact that a model gives out of this one"},
    **_VALUE_PARTS,
    "range": {"type": "string", "description": "such as [0..1]; a round bracket leaves its end out"},
    "precision": {"type": "integer", "description": "digits after the point that it is rounded to"},
    "format": {"const": "time zone"},
    "personal": _FLAG,
    "read_by": list_of(_TEXT),
}
_ALWAYS = ("fact", "meaning", "need", "absent", "if_absent", "type", "personal", "read_by")

SHARED: dict[str, Schema] = {
    "Answer": answer_schema(_TEXT, {"type": "object"}, {"enum": [*VERDICT["enum"], None]}),
    "Error": closed(error=closed(**_ERROR_PARTS)),
    "ErrorLine": closed(
        ("line",),
        error=closed(**_ERROR_PARTS),
        line={"type": "integer", "description": "the number of the line in the body"},
        status={"type": "integer", "description": "what the single route would have answered with"},
    ),
    "Finding": closed(
        ("hint", "fact", "place"),
        message=_TEXT,
        hint={"type": "string", "description": "what to do"},
        fact={"type": "string", "description": "the fact that it is about"},
        place={"type": "string", "description": "file, line and column of a policy"},
    ),
    "ModelScore": {
        **closed(
            model=_TEXT,
            version=_TEXT,
            digest=_TEXT,
            fact=_TEXT,
            score={"type": "string"},
            reasons=list_of(
                closed(feature=_TEXT, value={"type": ["string", "boolean", "null"]}, contribution={"type": "string"})
            ),
        ),
        "description": "a score that a model gave, and what in it counted, in log-odds",
    },
    "Obligation": {
        "type": "object",
        "properties": {"policy": _TEXT, "rule": _TEXT},
        "required": ["policy", "rule"],
        "description": "what the caller must do or show, by the words of the rule",
    },
    "PolicyUsed": closed(policy=_TEXT, version={"type": "integer", "minimum": 1}, digest=_DIGEST),
    "Reason": closed(
        ("rule", "source", "verdict", "missing"),
        policy=_TEXT,
        decision=_TEXT,
        rule=_TEXT,
        because=_TEXT,
        source=_TEXT,
        verdict=VERDICT,
        missing={"type": "string", "description": "the fact that the rule lacked"},
    ),
    "Receipt": closed(entry_id={"type": "string", "format": "uuid"}, leaf_hash={"type": "string"}),
    "Ready": closed(ready=_FLAG, loading=list_of(_TEXT)),
    "ServiceInShort": closed(
        ("fault",),
        service=_TEXT,
        purpose=_TEXT,
        if_denied=_DENIED,
        gives=list_of(_TEXT),
        policies=list_of(_POLICY),
        fault={"type": "string", "description": "why it cannot be asked at that time"},
    ),
    "ServiceList": closed(in_force_on=_DAY, services=list_of(ref("ServiceInShort"))),
    "ServiceSheet": closed(
        service=_TEXT,
        purpose=_TEXT,
        if_denied=_DENIED,
        in_force_on=_DAY,
        policies=list_of(_POLICY),
        facts=list_of(closed(tuple(name for name in _FACT_PARTS if name not in _ALWAYS), **_FACT_PARTS)),
        gives={"type": "object", "additionalProperties": ref("ValueSheet")},
        gives_verdict=_FLAG,
        example={
            "anyOf": [closed(request={"type": "object"}, answer=ref("Answer")), {"type": "null"}],
            "description": "null: none was found",
        },
    ),
    "ValueSheet": closed(("unit", "values", "fields"), **_VALUE_PARTS),
}
