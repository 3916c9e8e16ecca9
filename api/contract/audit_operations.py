"""The routes for reviewers and privacy officers: the ledger searched, exported, verified, and what is kept in it."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import (
    FILLED,
    FLAG,
    NOT_BLANK,
    PRIVATE_PART,
    TEXT,
    Errors,
    Json,
    Operation,
    an_object,
)
from ordain.api.limits import LIMITS
from ordain.audit.privacy.erasure import Erased
from ordain.audit.records.asked import ANY, KINDS, REVIEWS, STATUSES, VERDICTS, YES
from ordain.audit.records.masking import Role
from ordain.engine.errors import (
    AnchorUnavailable,
    ExportFailed,
    FeaturesUnavailable,
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    NotCovered,
    NotRecorded,
    PolicyError,
    RequestTooLarge,
    SettingsError,
    TextLost,
    UnknownDecision,
    UnknownSubject,
)
from ordain.engine.policy.model import Status

_NONE: Json = {"type": ["string", "null"]}
_WHOLE: Json = {"type": "integer", "minimum": 0}
_OBJECT: Json = {"type": "object"}
_OBJECTS: Json = {"type": "array", "items": _OBJECT}
_REASON: Json = {"type": "string", "minLength": 1, "maxLength": LIMITS.reason_characters, "pattern": NOT_BLANK}
_DAY: Json = {"type": ["string", "null"], "format": "date"}
_POSTED = (("RequestTimeout", 408), ("UnsupportedMediaType", 415), ("Forbidden", 403))

PURPOSE = ("purpose", "why it is read; goes on record", _REASON)
_PAGED = (
    ("after", "the `after` of the page before", FILLED),
    ("limit", "at most so many", {"type": "integer", "minimum": 1, "maximum": LIMITS.found_most}),
    PURPOSE,
)
_CONDITIONS = (
    ("subject", "about this customer or account", FILLED),
    ("service", "decided by this service", FILLED),
    ("policy", "decided under this policy: a name, or name@version", FILLED),
    ("rule", "where this rule fired: its id, or policy@version/rule", FILLED),
    ("decision", "where a rule of this decision fired", FILLED),
    ("verdict", "what compliance said; `decided`: nothing", {"enum": VERDICTS}),
    ("denied_by", "which this rule itself denied", FILLED),
    ("model", "for which this model scored: a name, or name@version", FILLED),
    ("jurisdiction", "under this law", FILLED),
    ("status", "what the answer said of itself", {"enum": STATUSES}),
    ("review", "for a person to look at, and not settled by one yet, or settled", {"enum": REVIEWS}),
    ("kind", "of this kind; a decision if left out", {"enum": [*KINDS, ANY]}),
    ("since", "recorded from this date on, or from this moment", FILLED),
    ("until", "recorded through this date, or until this moment", FILLED),
    ("at_since", "decided for this date or moment, or later", FILLED),
    ("at_until", "decided for this date or before, or before this moment", FILLED),
    ("as_of_differs", "for which the caller chose another time than the clock's", {"enum": YES}),
    ("fell_back", "decided with a fallback, as a model failed", {"enum": YES}),
    ("where", "where this FEEL holds: outcome.price.amount > 500", {"type": "array", "items": FILLED}),
    ("order", "which come first; the oldest if left out", {"enum": ["oldest", "newest"]}),
    ("outcome", "with this outcome: offer.action=e-mail", {"type": "array", "items": FILLED}),
)
_READ: Errors = (MalformedRequest, LedgerUnavailable, LedgerRolledBack, TextLost, NotRecorded)
_KEPT: Errors = (MalformedRequest, RequestTooLarge, UnknownSubject, LedgerUnavailable, LedgerRolledBack, NotRecorded)
_ASKS_REASON: Json = an_object("reason", reason=_REASON) | {"additionalProperties": False}

_DECISION: Json = an_object(
    *("decision_id", "recorded_at", "service", "status", "verdict", "policies"),
    **dict.fromkeys(("decision_id", "recorded_at", "service"), TEXT),
    status={"enum": [*(str(status) for status in Status), None]},
    verdict=_NONE,
    policies=_OBJECTS,
    private_part=PRIVATE_PART,
    at=TEXT,
    outcome={"type": ["object", "null"]},
    reasons=_OBJECTS,
)
_FOUND: Json = an_object(
    *("entry_id", "leaf_index", "recorded_at", "kind", "service", "verdict", "policies", "reason_codes", "about"),
    **dict.fromkeys(("entry_id", "recorded_at", "kind"), TEXT),
    leaf_index={"type": ["integer", "null"]},
    service=_NONE,
    verdict=_NONE,
    status=_NONE,
    policies=_OBJECTS,
    reason_codes={"type": "array", "items": TEXT},
    about=_OBJECT,
    private_part=PRIVATE_PART,
    subject=_NONE,
    outcome={"type": ["object", "null"]},
    at=_NONE,
    private={"type": ["object", "null"]},
)
_READING: Json = an_object(
    *("entry_id", "recorded_at", "action", "entries", "actor", "purpose"),
    **dict.fromkeys(("entry_id", "recorded_at", "action"), TEXT),
    entries=_WHOLE,
    actor=_NONE,
    purpose=_NONE,
)
_EXPORTS = (
    ("role", "who may read it; public if left out", {"enum": [str(role) for role in Role]}),
    ("limit", "at most so many", {"type": "integer", "minimum": 1}),
    PURPOSE,
)
_RECEIPT: Json = an_object("entry_id", "leaf_hash", entry_id=TEXT, leaf_hash=TEXT)
_HELD: Json = an_object("held", "receipt", held=FLAG, receipt=_RECEIPT)


def _many(schema: Json) -> Json:
    return {"type": "array", "items": schema}


AUDIT_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/subjects/<path:subject>/decisions"): Operation(
        "The decisions about one customer, the newest first",
        an_object("decisions", "after", "more", decisions=_many(_DECISION), after=_NONE, more=FLAG),
        Right.SEARCH,
        _READ,
        query=_PAGED,
        is_read=True,
    ),
    ("GET", "/v1/audit/search"): Operation(
        "Entries by what they say",
        an_object(
            *("entries", "after", "more", "unreadable"),
            entries=_many(_FOUND),
            after=_NONE,
            more=FLAG,
            unreadable=_WHOLE,
        ),
        Right.SEARCH,
        _READ,
        query=(*_CONDITIONS, ("opened", "with the private part of each that is found", {"enum": YES}), *_PAGED),
        is_read=True,
    ),
    ("GET", "/v1/audit/sample"): Operation(
        "Entries at random among those that fit, which anybody can draw again with the same seed",
        an_object(
            *("of", "seed", "key", "unreadable", "entries"),
            of={**_WHOLE, "description": "how many fit"},
            seed=TEXT,
            key={**TEXT, "description": "the public key that proofs of them verify with"},
            unreadable=_WHOLE,
            entries=_many(_FOUND),
        ),
        Right.SEARCH,
        _READ,
        query=(
            *(each for each in _CONDITIONS if each[0] != "order"),
            ("size", "so many", {"type": "integer", "minimum": 1, "maximum": LIMITS.sampled}),
            ("seed", "chosen by whoever asks for the sample", {**FILLED, "maxLength": LIMITS.seed_characters}),
            PURPOSE,
        ),
        is_read=True,
    ),
    ("GET", "/v1/audit/entries/<entry_id>/readers"): Operation(
        "Who read an entry and why, the newest first",
        an_object(*("readers", "more", "private_part"), readers=_many(_READING), more=FLAG, private_part=PRIVATE_PART),
        Right.SEARCH,
        (*_READ, UnknownDecision),
        query=(_PAGED[1], PURPOSE),
        is_read=True,
    ),
    ("GET", "/v1/audit/entries/<entry_id>"): Operation(
        "One entry of the ledger, as it is stored",
        an_object(
            *("leaf_index", "leaf_hash", "private_part", "envelope", "private"),
            leaf_index={"type": ["integer", "null"]},
            leaf_hash=TEXT,
            private_part=PRIVATE_PART,
            envelope=_OBJECT,
            private={"type": ["object", "null"]},
        ),
        Right.SEARCH,
        (*_READ, UnknownDecision),
        query=(PURPOSE,),
        is_read=True,
    ),
    ("GET", "/v1/audit/export"): Operation(
        "Entries as JSON lines, as one role may see them",
        {"type": "string", "description": "one record a line"},
        Right.EXPORT,
        (*_READ, ExportFailed),
        "application/x-ndjson",
        query=(*_CONDITIONS, *_EXPORTS),
        is_read=True,
    ),
    ("GET", "/v1/audit/export.csv"): Operation(
        "The same for a spreadsheet",
        {"type": "string", "description": "one record a row, the first row names the columns"},
        Right.EXPORT,
        (*_READ, ExportFailed),
        "text/csv",
        query=(*_CONDITIONS, *_EXPORTS),
        is_read=True,
    ),
    ("POST", "/v1/audit/verify"): Operation(
        "Recomputes the log from its stored bytes and compares it with its anchors",
        an_object(
            *("holds", "exit_code", "entries", "checked", "findings"),
            holds=FLAG,
            exit_code=_WHOLE,
            entries=_WHOLE,
            checked=_WHOLE,
            findings=_OBJECTS,
        ),
        Right.VERIFY,
        (MalformedRequest, RequestTooLarge),
        by_http=_POSTED,
        asks={
            "type": "object",
            "properties": {
                "from": {**_WHOLE, "description": "the first leaf index"},
                "to": {"type": "integer", "minimum": 1, "description": "the leaf index to stop before"},
                "sample": {"type": "integer", "minimum": 1, "description": "so many entries at random, and no range"},
                "seed": {**_WHOLE, "description": "the same seed takes the same sample"},
                "key": {"type": "string", "description": "the public key that the caller trusts"},
            },
            "additionalProperties": False,
        },
    ),
    ("GET", "/v1/audit/checkpoint"): Operation(
        "The newest signed checkpoint, and which places keep it",
        an_object(
            *("origin", "size", "root", "time", "key", "anchors"),
            **dict.fromkeys(("origin", "root", "time", "key"), TEXT),
            size=_WHOLE,
            anchors={"type": "object", "additionalProperties": TEXT},
            not_cosigned={"type": "object", "additionalProperties": TEXT},
        ),
        Right.VERIFY,
        (NotCovered, LedgerUnavailable, LedgerRolledBack),
        others=((304, "Not changed since the `ETag` that `If-None-Match` names.", None),),
    ),
    ("GET", "/checkpoint"): Operation(
        "The newest checkpoint, as a signed note (c2sp.org/tlog-tiles); with witnesses the newest that they cosigned",
        TEXT,
        Right.FOLLOW_LOG,
        (NotCovered, LedgerUnavailable, LedgerRolledBack),
        "text/plain",
        others=((304, "Not changed since the `ETag` that `If-None-Match` names.", None),),
    ),
    ("GET", "/tile/<path:place>"): Operation(
        "Hashes or envelopes of the log: `0/000`, `entries/x001/234.p/56` ... (c2sp.org/tlog-tiles)",
        {"type": "string", "format": "binary"},
        Right.FOLLOW_LOG,
        (LedgerUnavailable, LedgerRolledBack),
        "application/octet-stream",
        by_http=(("NotFound", 404),),
    ),
    ("POST", "/v1/audit/subjects/<path:subject>/erase"): Operation(
        "Erases a customer for good, or restricts the records until that is allowed",
        an_object(
            *("status", "entries", "not_before", "left", "receipt"),
            status={"enum": [str(status) for status in Erased]},
            entries=_WHOLE,
            not_before=_DAY,
            left=TEXT,
            receipt=_RECEIPT,
        ),
        Right.ERASE,
        (*_KEPT, AnchorUnavailable, FeaturesUnavailable, SettingsError, PolicyError),
        by_http=_POSTED,
        asks=an_object("reason", reason=_REASON, not_before=_DAY) | {"additionalProperties": False},
    ),
    ("GET", "/v1/audit/subjects/<path:subject>/standing"): Operation(
        "Whether a customer is under a hold or restricted, and what an erasure would do now",
        an_object(
            *("entries", "decisions", "hold", "not_before", "since", "erasable", "would"),
            entries=_WHOLE,
            decisions=_WHOLE,
            hold=FLAG,
            not_before=_DAY,
            since=_NONE,
            erasable={"type": "string", "format": "date"},
            would={"enum": [str(each) for each in Erased]},
        ),
        Right.HOLD,
        (*_READ, UnknownSubject),
        query=(PURPOSE,),
        is_read=True,
    ),
    ("POST", "/v1/audit/subjects/<path:subject>/hold"): Operation(
        "Puts a customer under a legal hold", _HELD, Right.HOLD, _KEPT, by_http=_POSTED, asks=_ASKS_REASON
    ),
    ("POST", "/v1/audit/subjects/<path:subject>/release"): Operation(
        "Ends a legal hold", _HELD, Right.HOLD, _KEPT, by_http=_POSTED, asks=_ASKS_REASON
    ),
}
