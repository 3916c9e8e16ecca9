"""The query of an address: a parameter that its route does not know is refused, and not passed over in silence."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ordain.api.access.rights import OPEN
from ordain.api.contract.operation import AT, Operation
from ordain.api.contract.operations import OPERATIONS
from ordain.engine.errors import MalformedRequest, did_you_mean, quoted

_FIELDS = 50  # of a query


def check_query(text: str, method: str, rule: str) -> None:
    """Raises MalformedRequest for a parameter that the route does not know, that is empty, or that is there twice.

    Some may be there several times.
    """
    operation = OPERATIONS.get(("GET" if method == "HEAD" else method, rule)) if text else None
    if operation is None or operation.right == OPEN or operation.is_page:
        return
    if not (operation.is_strict or operation.query):
        return
    try:
        sent = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise MalformedRequest(f"the query has more than {_FIELDS} parameters", "ask for fewer") from None
    known, seen = _known(operation), set()
    for name, value in sent:
        if name not in known:
            hint = did_you_mean(name, known) if known else "this route takes none"
            raise MalformedRequest(f"unknown parameter {quoted(name[:60])} in the query", hint)
        if name in seen and not known[name]:
            raise MalformedRequest(f"the parameter {quoted(name)} is there twice", "give it once")
        if not value:
            raise MalformedRequest(f"the parameter {quoted(name)} is empty", "leave it out, or give it a value")
        seen.add(name)


def _known(operation: Operation) -> dict[str, bool]:
    """The names that may be sent, and whether more than once."""
    known = {name: schema.get("type") == "array" for name, _, schema in operation.query}
    return known | ({AT: False} if operation.takes_at else {})
