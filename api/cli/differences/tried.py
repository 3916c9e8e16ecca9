"""`ordain decide --dry-run --try`: one request decided by several versions, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from ordain.api.ask import Ask
from ordain.api.cli.decision_text import value_text
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.lifecycle.versions_to_try import in_files
from ordain.api.services import wire_rules
from ordain.api.settings import Settings
from ordain.api.side_by_side import named_sets, parts_of, side_by_side
from ordain.engine.catalog import read_texts

Json = dict[str, Any]


def show_tried(ask: Ask, settings: Settings, told: Sequence[str], *, as_json: bool) -> None:
    """Prints the answers and where they differ. Versions may be drafts, which have a file and no more.

    Raises what `side_by_side` does, SettingsError.
    """
    sets = named_sets(told)
    result = side_by_side(ask, wire_rules(settings, ask.service), sets, in_files(read_texts(settings.policies)))
    if as_json:
        OUT.print(json.dumps(result, ensure_ascii=False), markup=False)
        return
    OUT.print(Text(ask.service, "bold").append(f" for {ask.subject}, at {result['at']}", "not bold"))
    print_whole(_table(result))
    differs = [each["what"].removeprefix("outcome.") for each in result["differs"]]
    if differs or all("answer" in each for each in result["tried"]):
        OUT.print(f"differs: {', '.join(differs)}" if differs else "nothing differs", markup=False)
    for each in result["tried"]:
        if "error" in each:
            hints = [f"; {detail['hint']}" for detail in each["error"]["details"] if "hint" in detail]
            message = f"{each['error']['message']}{''.join(hints[:1])}"
            OUT.print(f"{each['versions']}: {each['error']['code']}: {message}", markup=False)
    OUT.print("dry run: nothing is on record", markup=False)


def _table(result: Json) -> Table:
    """A column for each set of versions, a row for each part of the answers; those that differ are marked."""
    table = Table()
    for heading in ("", *(each["versions"] for each in result["tried"])):
        table.add_column(Text(heading), overflow="fold")
    differing = {each["what"] for each in result["differs"]}
    rows = [_cells(each) for each in result["tried"]]
    for what in dict.fromkeys(name for cells in rows for name in cells):
        name = what.removeprefix("outcome.")
        style = "bold yellow" if what in differing else ""
        table.add_row(
            Text(f"≠ {name}" if style else name, style), *(Text(cells.get(what, ""), style) for cells in rows)
        )
    return table


def _cells(tried: Json) -> dict[str, str]:
    if "error" in tried:
        return {"status": tried["error"]["code"]}
    return {name: value_text(value) for name, value in parts_of(tried["answer"])}
