"""Every built-in function of DMN 1.5, section 10.3.4, and a few of Ordain's own: one entry each, by group.

`GROUPS` is what the reference page is generated from; `FUNCTIONS` is all of them by name.
"""

from __future__ import annotations

from ordain.engine.feel.functions import contexts, conversion, flags, lists, numbers, ranges, temporals, texts
from ordain.engine.feel.signature import Function

GROUPS: dict[str, dict[str, Function]] = {
    "Conversion": conversion.FUNCTIONS,
    "Flags": flags.FUNCTIONS,
    "Text": texts.FUNCTIONS,
    "Numbers": numbers.FUNCTIONS,
    "Lists": lists.FUNCTIONS,
    "Contexts": contexts.FUNCTIONS,
    "Dates and times": temporals.FUNCTIONS,
    "Ranges": ranges.FUNCTIONS,
}
FUNCTIONS: dict[str, Function] = {name: entry for group in GROUPS.values() for name, entry in group.items()}
