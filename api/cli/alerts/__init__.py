"""`ordain alerts`: what is measured of services, and who hears of it. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_COMMANDS = {
    "watch": ("ordain.api.cli.alerts.alert_watch:watch_command", "Measure, and raise alerts as the policy says."),
    "list": ("ordain.api.cli.alerts.alert_commands:list_command", "Show the alerts that are there now."),
    "ack": ("ordain.api.cli.alerts.alert_commands:ack_command", "Say that you are on an alert."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def alerts() -> None:
    """What goes wrong with services, and who hears of it."""
