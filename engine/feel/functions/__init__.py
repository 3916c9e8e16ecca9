"""Every built-in function of DMN 1.5, section 10.3.4, and a few of Ordain's own: one entry each, by group.

`GROUPS` is what the reference page is generated from; `FUNCTIONS` is all of them by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ordain.engine.feel.functions import (
    calendars,
    contexts,
    conversion,
    flags,
    lists,
    numbers,
    ranges,
    temporals,
    texts,
)
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.syntax.tree import Call, Expr
from ordain.engine.late import late

GROUPS: dict[str, dict[str, Function]] = {
    "Conversion": conversion.FUNCTIONS,
    "Flags": flags.FUNCTIONS,
    "Text": texts.FUNCTIONS,
    "Numbers": numbers.FUNCTIONS,
    "Lists": lists.FUNCTIONS,
    "Contexts": contexts.FUNCTIONS,
    "Dates and times": temporals.FUNCTIONS,
    "Calendars": calendars.FUNCTIONS,
    "Ranges": ranges.FUNCTIONS,
}
FUNCTIONS: dict[str, Function] = {name: entry for group in GROUPS.values() for name, entry in group.items()}


def known(*, lenient: bool) -> Mapping[str, Function]:
    """All functions by name: those above, or what a `.dmn` file may call, which is loaded with the first of them."""
    return _lenient() if lenient else FUNCTIONS


@cache
def _lenient() -> Mapping[str, Function]:
    every: Mapping[str, Function] = late("ordain.engine.feel.functions.lenient:FUNCTIONS")
    return every


def entry_of(node: Expr) -> Function | None:
    """The entry of the built-in function whose name a call has; None for any other node. Whether a name of the text
    or the policy hides the function is for the caller to know."""
    return FUNCTIONS.get(node.called) if isinstance(node, Call) else None


def negated(node: Expr) -> Expr | None:
    """What stands in `not(...)`; None for any other node, and for an argument that is given by name."""
    if not isinstance(node, Call) or node.names or len(node.arguments) != 1:
        return None
    entry = entry_of(node)
    return node.arguments[0] if entry is not None and entry.negates else None
