"""The route of settings: what it is for, answers and refuses."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import FLAG, TEXT, Json, Operation, an_object
from ordain.engine.errors import SettingsError

_TEXTS: Json = {"type": "array", "items": TEXT}
_MAYBE: Json = {"type": ["string", "null"]}
_SETTING: Json = an_object(
    *("setting", "value", "default", "meaning"),
    setting=TEXT,
    value={"description": "of an address without what may open it"},
    default={"description": "what it is if nobody says anything; paths from the folder of the file of settings"},
    meaning=TEXT,
)
_KEY: Json = an_object(
    *("id", "name", "roles", "services", "made", "rate", "expires", "revoked", "older", "state"),
    **dict.fromkeys(("id", "name", "made"), TEXT),
    **dict.fromkeys(("rate", "expires", "revoked"), _MAYBE),
    roles=_TEXTS,
    services={"type": ["array", "null"], "items": TEXT, "description": "null: all of them"},
    older={"type": ["object", "null"], "description": "until when the secret of before still opens"},
    state={"enum": ["valid", "expired", "revoked"]},
)

SETTINGS_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/settings"): Operation(
        "What this service is set to, its keys by name, and what each role may do: nothing secret",
        an_object(
            *("engine", "tenant", "callers_known", "settings", "keys", "roles"),
            engine=TEXT,
            tenant=TEXT,
            callers_known={**FLAG, "description": "false: whoever reaches this server may do everything"},
            settings={"type": "array", "items": _SETTING},
            keys={"type": "array", "items": _KEY},
            roles={"type": "array", "items": an_object("role", "rights", role=TEXT, rights=_TEXTS)},
        ),
        Right.MANAGE_KEYS,
        (SettingsError,),
    ),
}
