"""What the routes about tables and examples of policies are for, answer and refuse, and the rights that they need."""

from __future__ import annotations

from ordain.api.access.rights import Right
from ordain.api.contract.operation import TEXT, Errors, Json, Operation, an_object
from ordain.api.contract.policy_operations import FOUND, OF_RECORD, POSTED, VERSION, WHOLE
from ordain.api.lifecycle.texts import FILE, RECORD
from ordain.api.limits import LIMITS
from ordain.engine.errors import EditedMeanwhile, MalformedRequest, PolicyError, RequestTooLarge
from ordain.engine.sheets.book import LONGEST

_TEXTS: Json = {"type": "array", "items": TEXT}
_ROWS: Json = {"type": "array", "items": _TEXTS}
_OBJECTS: Json = {"type": "array", "items": {"type": "object"}}
_OF = ("of", "as its file is, or as it was submitted or activated; `file` if left out", {"enum": [FILE, RECORD]})
_CELL: Json = {"type": "string", "maxLength": LONGEST}
_EDITING: Errors = (*OF_RECORD, RequestTooLarge, EditedMeanwhile)

_COUNTED: Json = {
    "type": "array",
    "items": an_object("policy", "version", "counts", policy=TEXT, version=WHOLE, counts=FOUND["counts"]),
}
_COUNT: Json = {"enum": ["now", "known"]}
_EDIT: Json = an_object(
    "table",
    table={**_CELL, "description": "the name of the table"},
    rule={**_CELL, "description": "the id of the rule as it is in the text; left out for a new one"},
    after={**_CELL, "description": "of a new or moved rule: the id of the one that it follows; left out for the first"},
    cells={"type": "object", "additionalProperties": _CELL, "description": "texts by heading, such as `when: plan`"},
    drop={"type": "boolean", "description": "whether the rule is taken out"},
    move={"type": "boolean", "description": "whether the rule is put where `after` says"},
) | {"additionalProperties": False}

POLICY_TABLE_OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/v1/findings"): Operation(
        "How many findings of each level a check has about each version of each policy, counted once for the texts",
        an_object("versions", versions={"anyOf": [_COUNTED, {"type": "null"}]}),
        Right.READ_POLICIES,
        (MalformedRequest, PolicyError),
        query=(("count", "`now`, or `known` if they are known already, else null; `now` if left out", _COUNT),),
    ),
    ("GET", f"{VERSION}/tables"): Operation(
        "The tables of a version: as grids, as people read them, or as sheets, which can be edited",
        an_object(
            *("policy", "version", "digest", "form", "tables"),
            **dict.fromkeys(("policy", "digest", "form"), TEXT),
            version=WHOLE,
            tables=_OBJECTS,
        ),
        Right.READ_POLICIES,
        OF_RECORD,
        query=(("form", "`grids` if left out", {"enum": ["grids", "sheets"]}), _OF),
    ),
    ("POST", f"{VERSION}/tables"): Operation(
        "The text of a version with rules edited as rows of a sheet, and what is found in their cells; stores nothing",
        an_object(
            *("digest", "text", "counts", "findings"),
            digest=TEXT,
            text={"type": ["string", "null"]},
            counts={"anyOf": [FOUND["counts"], {"type": "null"}]},
            findings=_OBJECTS,
        ),
        Right.EDIT_POLICIES,
        _EDITING,
        by_http=POSTED,
        asks=an_object(
            "edits",
            edits={"type": "array", "items": _EDIT, "maxItems": LIMITS.row_edits},
            digest={
                "type": "string",
                "minLength": 1,
                "maxLength": LIMITS.subject_characters,
                "description": "of the text that was read: another one is not edited",
            },
            check={
                "enum": ["rows", "all", "nothing"],
                "description": "`rows`: the edited rules by themselves, at once, and no text is told; `all`: the whole "
                "text among the policies, if left out; `nothing`: only the text",
            },
        )
        | {"additionalProperties": False},
    ),
    ("GET", f"{VERSION}/examples"): Operation(
        "The examples of a version, what it decides for each, and which rules they reach",
        an_object(
            *("policy", "version", "digest", "headings", "rows", "rules", "percent", "failed"),
            **dict.fromkeys(("policy", "digest"), TEXT),
            **dict.fromkeys(("version", "percent", "failed"), WHOLE),
            headings=_TEXTS,
            rows=_ROWS,
            rules=_OBJECTS,
        ),
        Right.READ_POLICIES,
        OF_RECORD,
        query=(_OF,),
    ),
}
