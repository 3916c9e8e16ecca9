"""The schemas of the OpenAPI document that are the same whatever the policies say."""

from __future__ import annotations

from typing import Any

from ordain.api.contract.fact_sheet import COMPUTED, FOR_A_SCORE, OPTIONAL, REQUIRED
from ordain.api.contract.operation import NOT_BLANK, ref
from ordain.api.limits import LIMITS
from ordain.engine.errors import Severity
from ordain.engine.policy.model import BACK, Status, Verdict
from ordain.engine.score_fallback import WHYS

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
    "pattern": NOT_BLANK,
    "description": "the customer or account that is decided about",
}
AT: Schema = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "a date and time with its offset, if the decision is for another time than now",
    "examples": ["2026-01-31T08:00:00+05:30"],
}
MAY_BE_UNKNOWN: Schema = {
    "type": ["array", "null"],
    "items": {"type": "string"},
    "description": "facts that this installation may not know yet: where it does not, they are not read",
}
VERDICT: Schema = {"enum": [str(verdict) for verdict in Verdict]}
_STATUS: Schema = {
    "enum": [str(status) for status in Status],
    "description": "whether the outcome may be acted on: only when it is `decided`",
}
_VERSION: Schema = {"type": "integer", "minimum": 1}
_MODEL_VERSION: Schema = {"type": ["integer", "string"]}


def answer_schema(service: Schema, outcome: Schema, verdict: Schema) -> Schema:
    """An answer; `service` and `outcome` say what is a service's own."""
    return closed(
        ("fallbacks",),
        at={"type": "string", "format": "date-time"},
        decision_id={"type": "string", "format": "uuid"},
        fallbacks=list_of(ref("FellBack")),
        missing=list_of(ref("Missing")),
        models=list_of(ref("ModelScore")),
        not_known=list_of(ref("NotKnown")),
        obligations=list_of(ref("Obligation")),
        outcome=outcome,
        policies=list_of(ref("PolicyUsed")),
        reasons=list_of(ref("Reason")),
        receipt=ref("Receipt"),
        service=service,
        status=_STATUS,
        verdict=verdict,
    )


def trial_schema(answer: Schema) -> Schema:
    """The answer of a dry run: it names no record."""
    parts = {name: part for name, part in answer["properties"].items() if name not in ("decision_id", "receipt")}
    return closed(("fallbacks",), **parts, dry_run={"const": True})


_ERROR_PARTS = {
    "code": {"type": "string", "description": "what to branch on"},
    "message": _TEXT,
    "details": list_of(ref("Finding")),
    "timestamp": {"type": "string", "format": "date-time"},
    "requestId": {"type": "string", "description": "the request's X-Request-ID, or one of ours"},
    "severity": {"enum": [str(severity) for severity in Severity]},
}
_EFFECTIVE = closed(
    ("then",),
    **{
        "from": _DAY,
        "until": {"type": ["string", "null"], "format": "date"},
        "then": {"enum": [BACK], "description": "a season: afterwards the version before it decides again"},
    },
)
_POLICY_PARTS: dict[str, Schema] = {
    "policy": _TEXT,
    "version": {"type": "integer", "minimum": 1},
    "kind": _TEXT,
    "purpose": _TEXT,
    "owner": _TEXT,
    "effective": _EFFECTIVE,
    "digest": _DIGEST,
}
_COMING: dict[str, Schema] = {
    "version": {"type": ["integer", "null"], "description": "null: none is in force then"},
    "from": {"type": "string", "format": "date-time"},
}
_READS: Schema = {**list_of(_TEXT), "description": "facts, and decisions of the same policy"}
_POLICY_IN_FULL = closed(
    **_POLICY_PARTS,
    next={
        "anyOf": [
            closed(**_COMING),
            {"type": "null"},
        ],
        "description": "which version decides after this one, as far as is known; null: this one goes on",
    },
    decides=list_of(
        closed(
            ("hit_policy", "rules"),
            decision=_TEXT,
            reads=_READS,
            gives=ref("ValueSheet"),
            hit_policy=_TEXT,
            rules={"type": "integer"},
        )
    ),
    must_hold=list_of(closed(must_hold=_TEXT, reads=_READS)),
)
_DENIED: Schema = {"enum": ["answer", "refuse"], "description": "what comes of a denial: an answer, or a 422"}
_TIME_TAKEN: Schema = {"enum": ["allowed", "refused"], "description": "refused: a request may not have `at`"}
_REVIEWED: Schema = {
    "enum": ["answer", "withhold"],
    "description": "what comes of a review: an answer with the outcome, or without",
}
_FALLBACK: Schema = {
    "type": ["string", "null"],
    "description": "the service that is asked in its place once it is stopped onto its fallback",
}
_VALUE_PARTS: dict[str, Schema] = {
    "type": _TEXT,
    "unit": _TEXT,
    "values": list_of(_TEXT),
    "range": _TEXT,
    "fields": {"type": "object", "additionalProperties": ref("ValueSheet")},
}
_FACT_PARTS: dict[str, Schema] = {
    "fact": _TEXT,
    "meaning": _TEXT,
    "need": {"enum": [REQUIRED, OPTIONAL, FOR_A_SCORE, COMPUTED]},
    "absent": {
        "enum": ["refused", "null", "review", "default", "scored", "computed", "on file", "fallback"],
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
    "Answer": answer_schema(_TEXT, {"type": ["object", "null"]}, {"enum": [*VERDICT["enum"], None]}),
    "Error": closed(error=closed(**_ERROR_PARTS)),
    "Problem": closed(
        type={"type": "string", "format": "uri-reference", "description": "where the code is explained"},
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        **{name: part for name, part in _ERROR_PARTS.items() if name != "message"},
    ),
    "ErrorLine": closed(
        ("line",),
        error=closed(**_ERROR_PARTS),
        line={"type": "integer", "description": "the number of the line in the body"},
        http_status={"type": "integer", "description": "what the single route would have answered with"},
    ),
    "Finding": closed(
        (
            *("message", "hint", "fact", "place", "policy", "version", "rule", "decision_id", "receipt", "dry_run"),
            *("service", "since", "reason"),
            *("limit", "retry_after"),
            *("type", "unit", "values", "range"),
        ),
        message=_TEXT,
        hint={"type": "string", "description": "what to do"},
        fact={"type": "string", "description": "the fact that it is about"},
        type={"type": "string", "description": "of such a fact: its type, with `unit`, `values` and `range` if any"},
        unit=_TEXT,
        values=list_of(_TEXT),
        range=_TEXT,
        place={"type": "string", "description": "file, line and column of a policy"},
        policy={"type": "string", "description": "of a denial: the policy, with `version`, whose `rule` denies it"},
        version=_VERSION,
        rule=_TEXT,
        decision_id={"type": "string", "format": "uuid", "description": "the denied decision, which is on record"},
        receipt=ref("Receipt"),
        dry_run={"const": True},
        service={"type": "string", "description": "the service that is stopped"},
        since={"type": "string", "description": "when it was stopped, UTC"},
        reason={"type": "string", "description": "why it was stopped"},
        limit={"type": "string", "description": "of TooManyRequests: which limit is reached"},
        retry_after={
            "type": "integer",
            "minimum": 1,
            "description": "of TooManyRequests: seconds until then",
        },
    ),
    "Missing": {
        **closed(fact=_TEXT, rules=list_of(closed(policy=_TEXT, version=_VERSION, decision=_TEXT, rule=_TEXT))),
        "description": "a fact that rules of compliance needed and did not have",
    },
    "NotKnown": {
        **closed(
            fact=_TEXT,
            skipped=list_of(
                closed(
                    ("decision", "rule", "must_hold"),
                    policy=_TEXT,
                    version=_VERSION,
                    decision=_TEXT,
                    rule=_TEXT,
                    must_hold=_TEXT,
                )
            ),
        ),
        "description": "an optional fact that was absent, and what asked for it and came to nothing",
    },
    "ModelScore": {
        **closed(
            model=_TEXT,
            version=_MODEL_VERSION,
            digest=_TEXT,
            fact=_TEXT,
            score={"type": ["string", "boolean"]},
            reasons=list_of(
                closed(
                    ("usual",),
                    feature=_TEXT,
                    value={"type": ["string", "boolean", "null"]},
                    contribution={"type": "string"},
                    usual={"type": ["string", "boolean"]},
                )
            ),
        ),
        "description": "a score that a model gave, and what in it counted, in log-odds",
    },
    "FellBack": {
        **closed(fact=_TEXT, model=_TEXT, why={"enum": list(WHYS)}),
        "description": "a fact that is its fallback, as the model failed that was to give it",
    },
    "Obligation": {
        "type": "object",
        "properties": {"policy": _TEXT, "version": {}, "rule": _TEXT},
        "required": ["policy", "rule"],
        "description": "what the caller must do or show, by the words of the rule",
    },
    "PolicyUsed": closed(policy=_TEXT, version={"type": "integer", "minimum": 1}, digest=_DIGEST),
    "Reason": closed(
        ("rule", "because", "source", "confidence", "verdict"),
        policy=_TEXT,
        version=_VERSION,
        decision=_TEXT,
        rule=_TEXT,
        because=_TEXT,
        source=_TEXT,
        confidence={**_TEXT, "description": "how sure it is that the source says so"},
        verdict=VERDICT,
    ),
    "Receipt": closed(entry_id={"type": "string", "format": "uuid"}, leaf_hash={"type": "string"}),
    "Health": closed(
        ("faults", "engine", "services", "stopped", "policies", "models", "entries", "waiting", "ledger"),
        status={"enum": ["ok", "degraded"]},
        faults={**list_of(_TEXT), "description": "what it is degraded by"},
        engine=_TEXT,
        services=list_of(_TEXT),
        stopped=list_of(
            closed(
                ("alert", "fallback"),
                **dict.fromkeys(("service", "since", "reason", "entry_id", "alert", "fallback"), _TEXT),
            )
        ),
        policies=list_of(closed(policy=_TEXT, version=_VERSION)),
        models=list_of(
            closed(
                ("fault",),
                model=_TEXT,
                version={"type": ["integer", "string", "null"]},
                state={"enum": ["ready", "loading", "unusable"]},
                fault=_TEXT,
            )
        ),
        entries={"type": ["integer", "null"], "description": "null: the ledger cannot be read"},
        waiting={"type": ["integer", "null"]},
        ledger=_TEXT,
    ),
    "Ready": closed(
        ("loading", "lacks", "not_reloaded", "faults"),
        ready=_FLAG,
        **{name: list_of(_TEXT) for name in ("loading", "lacks", "not_reloaded", "faults")},
    ),
    "ServiceInShort": closed(
        ("fault",),
        service=_TEXT,
        purpose=_TEXT,
        if_denied=_DENIED,
        if_review=_REVIEWED,
        fallback=_FALLBACK,
        at=_TIME_TAKEN,
        gives=list_of(_TEXT),
        policies=list_of(closed(**_POLICY_PARTS)),
        fault={"type": "string", "description": "why it cannot be asked at that time"},
    ),
    "ServiceList": closed(in_force_on=_DAY, services=list_of(ref("ServiceInShort"))),
    "ServiceSheet": closed(
        service=_TEXT,
        purpose=_TEXT,
        if_denied=_DENIED,
        if_review=_REVIEWED,
        fallback=_FALLBACK,
        at=_TIME_TAKEN,
        tells={**list_of(_TEXT), "description": "the decisions that make further events"},
        scores={
            "anyOf": [
                closed(unless=_TEXT, because=_TEXT, reads=list_of(_TEXT), withholds=list_of(_TEXT)),
                {"type": "null"},
            ],
            "description": "of whom no score is made: a condition in FEEL, what it reads, the scores it keeps back",
        },
        in_force_on=_DAY,
        policies=list_of(_POLICY_IN_FULL),
        facts=list_of(closed(tuple(name for name in _FACT_PARTS if name not in _ALWAYS), **_FACT_PARTS)),
        gives={"type": "object", "additionalProperties": ref("ValueSheet")},
        gives_verdict=_FLAG,
        example={
            "anyOf": [closed(request={"type": "object"}, answer=ref("Answer")), {"type": "null"}],
            "description": "null: none was found",
        },
    ),
    "ValueSheet": closed(("unit", "values", "range", "fields"), **_VALUE_PARTS),
}
