"""`ordain events`: decisions and other entries told to others. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_COMMANDS = {
    "deliver": ("ordain.api.cli.events.deliver:deliver_command", "Deliver events to the endpoints, until stopped."),
    "list": ("ordain.api.cli.events.standing:list_command", "Show the endpoints, and how far each is."),
    "dead": ("ordain.api.cli.events.standing:dead_command", "Show the events that were given up."),
    "replay": (
        "ordain.api.cli.events.redeliver:replay_command",
        "Deliver again, from an entry or a time, or the dead.",
    ),
    "test": ("ordain.api.cli.events.trial:test_command", "Send one event of no meaning to an endpoint, now."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def events() -> None:
    """Decisions and other entries, told to others by webhooks."""
