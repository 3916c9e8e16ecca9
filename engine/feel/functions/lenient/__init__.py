"""What a `.dmn` file may call: the functions of DMN, and those that users of other engines expect.

`ADDED` is a fixed list, and no part of DMN; a policy has none of it. `FUNCTIONS` is all of them by name, those of DMN
with what `ADDED` and `by_second` change in them.
"""

from __future__ import annotations

from ordain.engine.feel.functions import FUNCTIONS as OF_DMN
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.lenient import by_second, camunda, kie, loose_times

GROUPS: dict[str, dict[str, Function]] = {
    "Camunda": camunda.FUNCTIONS,
    "Camunda, times": loose_times.FUNCTIONS,
    "KIE": kie.FUNCTIONS,
}
ADDED: dict[str, Function] = {name: entry for group in GROUPS.values() for name, entry in group.items()}
FUNCTIONS: dict[str, Function] = {**OF_DMN, **by_second.FUNCTIONS, **ADDED}
