"""`ordain import`: rules of other engines as policies, holidays as a calendar.

Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_COMMANDS = {
    "drools-xls": (
        "ordain.api.cli.importing.drools_xls:drools_command",
        "A decision table of Drools in a spreadsheet: its conditions and the outputs that it sets.",
    ),
    "holidays": (
        "ordain.api.cli.importing.public_holidays:holidays_command",
        "The public holidays of a country, as a calendar that policies share.",
    ),
    "jdm": ("ordain.api.cli.importing.jdm:jdm_command", "A GoRules graph (JDM): its nodes, facts and tests."),
}


@click.group("import", cls=LazyGroup, lazy=_COMMANDS)
def import_group() -> None:
    """Rules of other engines as policies, holidays as a calendar."""
