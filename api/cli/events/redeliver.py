"""`ordain events replay`: what was delivered is delivered again, or what was given up is tried again."""

from __future__ import annotations

import json
from uuid import UUID

import click

from ordain.api.ask import asked_time
from ordain.api.cli.audit.readers import HINT
from ordain.api.cli.events.opened import Events, opened_events
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.events.endpoints import endpoint_named
from ordain.audit.entry.entry import first_id
from ordain.engine.errors import MalformedRequest, UnknownDecision

_AFTER_ALL = b"\xff" * 16
"""An id after those of all times."""


@click.command("replay")
@click.argument("name", metavar="ENDPOINT")
@click.option(
    "--from", "start", metavar="PLACE", help="Go back, or on, to the entry of that id, or the first of that time."
)
@click.option("--dead", is_flag=True, help="Try again what was given up.")
@json_option("Print JSON.")
@click.pass_obj
def replay_command(call: Invocation, name: str, start: str | None, dead: bool, as_json: bool) -> None:
    """Let an endpoint be delivered to again: from an entry or a time on, or what was given up.

    An endpoint that was disabled is used again from then on; with neither option that is all. Events have the ids that
    they had. Whoever delivers notices within a second or two.

    Exit codes: 0 done, 2 bad settings or endpoints, 3 the ledger cannot be read.
    """
    if start is not None and dead:
        raise MalformedRequest(
            "--from and --dead are two wishes", "say one; the dead after that entry come with --from"
        )
    with opened_events(call.config) as use:
        endpoint_named(use.endpoints, name)
        if start is not None:
            leaf = _leaf(use, start)
            use.state.replay(name, leaf)
            told, done = {"from": leaf}, f"{name} goes on from leaf {leaf:,}"
        elif dead:
            count = use.state.revive(name)
            told, done = {"dead": count}, f"{count:,} are tried again"
        else:
            use.state.use_again(name, use.opened.reader.size())
            told, done = {}, f"{name} is delivered to where it was"
    OUT.print(json.dumps({"name": name, **told}) if as_json else done, markup=False)


def _leaf(use: Events, text: str) -> int:
    """The place that a text means. Raises MalformedRequest, UnknownDecision."""
    try:
        entry_id = UUID(text)
    except ValueError:
        start, end = use.opened.reader.bounds(first_id(asked_time(text, use.settings.zone)), _AFTER_ALL)
        return start if end else use.opened.reader.size()
    entry = use.opened.reader.entry(entry_id)
    if entry is None or entry.leaf_index is None:
        raise UnknownDecision(f"there is no entry `{entry_id}` with a place in the log", HINT)
    return entry.leaf_index
