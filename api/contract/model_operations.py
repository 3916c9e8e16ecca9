"""What the routes about versions of models are for, answer and refuse, and the right that they need."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import FLAG, TEXT, Errors, Json, Operation, an_object
from ordain.engine.errors import (
    LedgerRolledBack,
    LedgerUnavailable,
    MalformedRequest,
    ModelDegradationDetected,
    SettingsError,
    UnknownModel,
)
from ordain.models.registry.stages import Stage, Step

_READING: Errors = (MalformedRequest, LedgerUnavailable, LedgerRolledBack, SettingsError)
_NONE: Json = {"type": ["string", "null"]}
_NUMBER: Json = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
_FIGURE: Json = {"type": "number"}
_STANDING: Json = {
    "version": _NUMBER,
    "stage": {"enum": [str(stage) for stage in Stage]},
    "since": _NONE,
    "by": _NONE,
    "live_before": FLAG,
    "share_percent": _NONE,
}
_VERSION: Json = an_object(
    *(*_STANDING, "figure", "synthetic", "fault"),
    **_STANDING,
    figure={
        "anyOf": [
            an_object(*("name", "value", "baseline"), name=TEXT, value=_FIGURE, baseline={"type": ["number", "null"]}),
            {"type": "null"},
        ]
    },
    synthetic={"type": ["boolean", "null"]},
    fault=_NONE,
)
_CHANGE: Json = an_object(
    *("entry_id", "step", "recorded", "who", "role", "reason", "decision_id", "overridden", "share_percent"),
    **dict.fromkeys(("entry_id", "recorded", "who", "role", "reason"), TEXT),
    step={"enum": [str(step) for step in Step]},
    decision_id=_NONE,
    overridden=FLAG,
    share_percent=_NONE,
)

MODEL_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/models"): Operation(
        "The models: which version of each is live, and all versions with their stages and first figures",
        an_object(
            "models",
            models={
                "type": "array",
                "items": an_object(
                    *("model", "live", "versions"),
                    model=TEXT,
                    live={"anyOf": [_NUMBER, {"type": "null"}]},
                    versions={"type": "array", "items": _VERSION},
                ),
            },
        ),
        Right.READ_MODELS,
        _READING,
    ),
    ("GET", "/v1/models/<model>/<version>"): Operation(
        "A version's card (what it learned from, how good it is) and what was done to it",
        an_object(
            *("model", *_STANDING, "history", "card"),
            model=TEXT,
            **_STANDING,
            history={"type": "array", "items": _CHANGE},
            card={"type": "object"},
        ),
        Right.READ_MODELS,
        (*_READING, UnknownModel, ModelDegradationDetected),
    ),
}
