"""The command `ordain`. Each subcommand is a file of `api/commands`, imported only when it is called."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from api.console import report
from engine.errors import OrdainError

_COMMANDS = {
    "audit": "api.commands.audit:audit",
    "check": "api.commands.policies:check",
    "decide": "api.commands.decide:decide_command",
    "demo": "api.commands.demo:demo",
    "models": "api.commands.models:models",
    "replay": "api.commands.replay:replay",
    "schema": "api.commands.policies:schema",
    "serve": "api.commands.serve:serve",
    "train": "api.commands.models:train",
}


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is needed: scoring libraries take over a second to load."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OrdainError as error:
            ctx.exit(report(error, as_json=bool(ctx.obj and ctx.obj.get("json"))))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("ordain"), prog_name="ordain")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; else the one that ORDAIN_CONFIG names, else ./config.yaml.",
)
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Decisions by policy: pricing, grandfathering, compliance and interventions, each on record.

    Exit codes: 0 done, 1 a check found something, 2 bad input or settings, 3 not recorded.
    """
    context.obj = {"config": config}
