"""`ordain hooks`: events of others that become decisions. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_COMMANDS = {
    "list": ("ordain.api.cli.events.hooks.hook_list:list_command", "Show the sources, and what is asked for them."),
    "test": ("ordain.api.cli.events.hooks.hook_trial:test_command", "Show what is decided for an event in a file."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def hooks() -> None:
    """Events of others, signed, that become decisions."""
