"""The command `ordain`. Each subcommand is a file of `api/cli`, imported only when it is called."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.clean_output import clean_terminals
from ordain.api.cli.ending import exit_code_of_interrupt
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.lazy import LazyGroup
from ordain.api.cli.report import report
from ordain.engine.errors import ExportFailed, MalformedRequest, OrdainError, SettingsError, reason_of
from ordain.engine.late import late
from ordain.engine.version import VERSION

_COMMANDS = {
    "alerts": ("ordain.api.cli.alerts:alerts", "What goes wrong with services, and who hears of it."),
    "audit": ("ordain.api.cli.audit:audit", "The record of decisions."),
    "backtest": (
        "ordain.api.cli.backtest.backtest_command:backtest",
        "Decide again what is on record under another version, and show what changes.",
    ),
    "batch": (
        "ordain.api.cli.whole_tables.batch_command:batch_command",
        "Decide every row of a table, and put it on record as one run.",
    ),
    "cases": (
        "ordain.api.cli.sheets.cases_command:cases_command",
        "A policy's test cases as a sheet: given, expected, actual.",
    ),
    "check": (
        "ordain.api.cli.check:check",
        "Load all policies, run their examples, and show everything that is wrong.",
    ),
    "decide": ("ordain.api.cli.decide_once:decide_command", "Decide SERVICE for one subject, and record it."),
    "demo": ("ordain.api.cli.demo:demo", "Train on SYNTHETIC customers, serve, and decide a few cases over HTTP."),
    "diff": ("ordain.api.cli.differences.diff:diff", "What differs between two versions of a policy, by meaning."),
    "dmn": ("ordain.api.cli.dmn:dmn", "Models in DMN's own form: run, convert, test."),
    "events": ("ordain.api.cli.events:events", "Decisions and other entries, told to others by webhooks."),
    "facts": ("ordain.api.cli.features.facts_command:facts_command", "Every feature of one person, as it is stored."),
    "feel": ("ordain.api.cli.feel:feel", "The language of expressions: its reference, and expressions tried out."),
    "fmt": ("ordain.api.cli.fmt:fmt", "Format policy files, keeping every comment."),
    "hooks": ("ordain.api.cli.events.hooks:hooks", "Events of others, signed, that become decisions."),
    "import": ("ordain.api.cli.importing:import_group", "Rules of other engines as policies, holidays as a calendar."),
    "ingest": (
        "ordain.api.cli.features.ingest_command:ingest_command",
        "Take events and snapshots into the feature store.",
    ),
    "init": ("ordain.api.cli.init:init", "Make a folder to start in, with a first policy."),
    "keys": ("ordain.api.cli.keys.key_commands:keys", "API keys: who may ask, and for what."),
    "lsp": ("ordain.api.cli.lsp:lsp", "The language server: what an editor asks while policies are written."),
    "models": ("ordain.api.cli.models:models", "Trained models."),
    "policy": ("ordain.api.cli.policy:policy", "Versions of policies: from a draft to what decides, and back."),
    "prove": (
        "ordain.api.cli.proving.prove_command:prove",
        "What is true of every customer, proved; or a customer of whom it is not.",
    ),
    "quality": (
        "ordain.api.cli.features.quality_command:quality_command",
        "What is missing, wrong, twice or not as before in a file or a source.",
    ),
    "rename": (
        "ordain.api.cli.differences.rename_command:rename",
        "A fact called otherwise, with new versions of its readers.",
    ),
    "replay": ("ordain.api.cli.replay:replay", "Decide again from the record alone, and compare byte for byte."),
    "rollout": ("ordain.api.cli.rollout:rollout", "A new version for a part of the customers first."),
    "schema": ("ordain.api.cli.policies:schema", "Print the JSON Schema of a kind of file, for editors."),
    "serve": ("ordain.api.cli.serve:serve", "Serve decisions over HTTP until interrupted."),
    "service": (
        "ordain.api.cli.services.service:service",
        "What can be asked for: services, their facts, requests that work.",
    ),
    "sql": ("ordain.api.cli.sql.sql_command:sql_command", "A service as one SQL statement over a table of facts."),
    "test": (
        "ordain.api.cli.testing.test_command:test",
        "Run the examples of all policies; show what none of them reaches.",
    ),
    "table": ("ordain.api.cli.table:table_command", "Show a policy's tables; edit its rules in a spreadsheet."),
    "uses": (
        "ordain.api.cli.differences.uses_command:uses_command",
        "What reads or gives a fact, decision or policy.",
    ),
    "witness": (
        "ordain.api.cli.witness.witness_commands:witness",
        "A witness that follows other ledgers and logs, and cosigns what only grows.",
    ),
    "train": ("ordain.api.cli.models:train", "Train a model on a table of customers, or on synthetic ones."),
}


_JSON, _ASKED = "--json", "ordain.asks_json"


class _Main(LazyGroup):
    """Shows errors of ours as what they are, and gives their exit codes; those of usage as JSON where that is asked."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ASKED] = _JSON in args[: args.index("--") if "--" in args else None]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        clean_terminals()
        try:
            return super().invoke(ctx)
        except OrdainError as error:
            ctx.exit(report(error, as_json=ctx.obj is not None and ctx.obj.as_json))
        except click.ClickException as error:
            if not ctx.meta.get(_ASKED):
                raise
            report(_of_usage(error), as_json=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as interrupt:
            ctx.exit(exit_code_of_interrupt(interrupt))
        except OSError as error:
            if _is_nowhere():
                gone = SettingsError("the folder that this was called in has been deleted", "change to another one")
                ctx.exit(report(gone))
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
                raise  # a pipe that was closed is for click to end
            reason = reason_of(error)
            ctx.exit(report(ExportFailed(f"the output cannot be written: {reason}")))


def _of_usage(error: click.ClickException) -> MalformedRequest:
    """What is wrong with the call, which its command may not even have got to see."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"see `{context.command_path} --help`" if context is not None else ""
    return MalformedRequest(error.format_message(), hint)


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


@click.group(cls=_Main, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="ordain")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; else the one that ORDAIN_CONFIG names, else ./config.yaml.",
)
@click.option("--tenant", metavar="NAME", help="The tenant to work for, where the settings name a folder of tenants.")
@click.pass_context
def main(context: click.Context, config: Path | None, tenant: str | None) -> None:
    """Decisions by policy: pricing, grandfathering, compliance and interventions, each on record.

    Exit codes: 0 done, 1 a check found something, 2 bad input or settings, 3 not recorded,
    130 interrupted.
    """
    if tenant is not None:
        config = late("ordain.api.tenants.homes:work_as")(tenant, config)
    context.obj = Invocation(config)
    context.color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
