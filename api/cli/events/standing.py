"""`ordain events list` and `ordain events dead`: how far each endpoint is, and what was given up."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from ordain.api.cli.events.opened import Events, opened_events
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.events.endpoints import Endpoint, endpoint_named
from ordain.api.events.state import Waits
from ordain.audit.explain.plain_words import one_line
from ordain.audit.ledger.outgoing import outgoing_at

Json = dict[str, Any]


@click.command("list")
@json_option("Print JSON, for a program or a monitor.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """Show the endpoints: where each is in the ledger, how many entries behind, what waits, what was given up.

    Exit codes: 0 done, 2 bad settings or endpoints, 3 the ledger cannot be read.
    """
    with opened_events(call.config) as use:
        rows = [_row(use, endpoint) for endpoint in use.endpoints.values()]
    if as_json:
        OUT.print(json.dumps({"endpoints": rows}), markup=False)
        return
    for row in rows:
        state = f"disabled: {row['disabled']}" if row["disabled"] else "delivering" if row["delivering"] else "idle"
        counts = f"{row['lag']:,} entries behind, {row['waiting']:,} waiting, {row['dead']:,} dead"
        OUT.print(one_line(f"{row['name']}  {state}  {counts}  {row['place']}"), markup=False)
        if row["fault"]:
            OUT.print(one_line(f"  the first that waits: {row['fault']}"), markup=False)


@click.command("dead")
@click.argument("name", metavar="[ENDPOINT]", required=False)
@json_option("Print one JSON object per line.")
@click.pass_obj
def dead_command(call: Invocation, name: str | None, as_json: bool) -> None:
    """Show the events that were given up, after as many tries as there are, of one endpoint or all.

    Exit codes: 0 done, 2 bad settings or endpoints, 3 the ledger cannot be read.
    """
    with opened_events(call.config) as use:
        names = list(use.endpoints) if name is None else [endpoint_named(use.endpoints, name).name]
        rows = [row for each in names for row in _dead(use, each)]
    for row in rows:
        line = json.dumps(row) if as_json else one_line(f"{row['name']}  {row['entry']}  {row['kind']}  {row['fault']}")
        OUT.print(line, markup=False)
    if not as_json:
        OUT.print(f"{len(rows):,} dead" + (": deliver them with `ordain events replay NAME --dead`" if rows else ""))


def _row(use: Events, endpoint: Endpoint) -> Json:
    place, size = use.state.place(endpoint.name), use.opened.reader.size()
    kept = use.state.kept(endpoint.name)
    waiting = [each for each in kept if not each.dead]
    return {
        "name": endpoint.name,
        "place": endpoint.place,
        "cursor": None if place is None else place.cursor,
        "entries": size,
        "lag": 0 if place is None else max(size - place.cursor, 0),
        "waiting": len(waiting),
        "waiting_since": _time_of(use, waiting),
        "dead": len(kept) - len(waiting),
        "fault": waiting[0].fault if waiting else "",
        "disabled": "" if place is None else place.disabled,
        "delivering": place is not None and place.owner is not None and place.until > time.time(),
    }


def _time_of(use: Events, waiting: list[Waits]) -> str | None:
    """When the first entry that waits was made."""
    if not waiting:
        return None
    (first,) = outgoing_at(use.opened.store, use.opened.keyring, [waiting[0].leaf])
    return str(first.entry.read()["time"])


def _dead(use: Events, name: str) -> list[Json]:
    dead = {each.leaf: each for each in use.state.kept(name) if each.dead}
    entries = outgoing_at(use.opened.store, use.opened.keyring, list(dead))
    return [
        {
            "name": name,
            "entry": str(each.entry.id),
            "leaf_index": each.leaf,
            "time": (envelope := each.entry.read())["time"],
            "kind": envelope["kind"],
            "service": envelope["service"],
            "tries": dead[each.leaf].tries,
            "fault": dead[each.leaf].fault,
        }
        for each in entries
    ]
