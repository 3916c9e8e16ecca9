"""The command `ordain`. Each subcommand is a file of `api/cli`, imported only when it is called."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.lazy import LazyGroup
from ordain.api.cli.report import report
from ordain.engine.errors import ExportFailed, OrdainError, reason_of
from ordain.engine.version import VERSION

_COMMANDS = {
    "audit": ("ordain.api.cli.audit:audit", "The record of decisions."),
    "check": (
        "ordain.api.cli.check:check",
        "Load all policies, run their examples, and show everything that is wrong.",
    ),
    "decide": ("ordain.api.cli.decide_once:decide_command", "Decide SERVICE for one subject, and record it."),
    "demo": ("ordain.api.cli.demo:demo", "Train on SYNTHETIC customers, serve, and decide a few cases over HTTP."),
    "dmn": ("ordain.api.cli.dmn:dmn", "Models in DMN's own form: run, convert, test."),
    "feel": ("ordain.api.cli.feel:feel", "The language of expressions: its reference, and expressions tried out."),
    "fmt": ("ordain.api.cli.fmt:fmt", "Format policy files, keeping every comment."),
    "init": ("ordain.api.cli.init:init", "Make a folder to start in, with a first policy."),
    "models": ("ordain.api.cli.models:models", "Trained models."),
    "replay": ("ordain.api.cli.replay:replay", "Decide again from the record alone, and compare byte for byte."),
    "schema": ("ordain.api.cli.policies:schema", "Print the JSON Schema of a kind of file, for editors."),
    "serve": ("ordain.api.cli.serve:serve", "Serve decisions over HTTP until interrupted."),
    "service": (
        "ordain.api.cli.services.service:service",
        "What can be asked for: services, their facts, requests that work.",
    ),
    "test": ("ordain.api.cli.test:test", "Run the examples of all policies; show what none of them reaches."),
    "table": ("ordain.api.cli.table:table_command", "Show a policy's tables; edit its rules in a spreadsheet."),
    "train": ("ordain.api.cli.models:train", "Train a model on a table of customers, or on synthetic ones."),
}


class _Main(LazyGroup):
    """Shows errors of ours as what they are, and gives their exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OrdainError as error:
            ctx.exit(report(error, as_json=ctx.obj is not None and ctx.obj.as_json))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
                raise  # a pipe that was closed is for click to end
            reason = reason_of(error)
            ctx.exit(report(ExportFailed(f"the output cannot be written: {reason}")))


@click.group(cls=_Main, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="ordain")
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
    context.obj = Invocation(config)
    context.color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
