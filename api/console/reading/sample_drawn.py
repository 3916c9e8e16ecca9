"""A sample of entries, drawn by a seed that a reviewer chooses, each with its proof."""

from __future__ import annotations

import shlex

from ordain.api.access.rights import Right
from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Json, Names, Query
from ordain.audit.records.asked import STATUSES, VERDICTS

FIELDS = ("service", "verdict", "status", "policy", "rule", "denied_by", "since", "until", "size", "seed", "purpose")
SIZE = "25"


def sample(asked: Asked, names: Names, query: Query) -> Json:
    """`drawn` is what `GET /v1/audit/sample` answers, `check` a command by which a reviewer draws one entry again, in
    which the seed is one word of the shell, whatever it is. Both None before a seed is chosen. Raises Refused.
    """
    said = {name: query[name].strip() for name in FIELDS if query.get(name, "").strip()}
    services = asked.get_if("/v1/services")
    return {
        "drawn": asked.get("/v1/audit/sample", **said) if "seed" in said else None,
        "check": f"printf '%s:%s' {shlex.quote(said['seed'])} ENTRY_ID | sha256sum" if "seed" in said else None,
        "asked": {"size": SIZE, **said},
        "choices": {
            "service": [each["service"] for each in services["services"]] if services else [],
            "verdict": list(VERDICTS),
            "status": list(STATUSES),
        },
        "may": {"prove": asked.may(Right.PROVE), "open": asked.may(Right.EXPLAIN)},
    }
