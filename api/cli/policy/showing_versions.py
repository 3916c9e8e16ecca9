"""`ordain policy list`, `history`, `text`, `message`, `signature`: what is known of versions."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ordain.api.ask import asked_time
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.policy.at_hand import now_of, steps_of
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.cli.whole_files import write_whole
from ordain.api.ledger import has_ledger
from ordain.api.lifecycle.shown_steps import deciding_shown, steps_shown
from ordain.api.lifecycle.signed import NAMESPACE, message_of
from ordain.api.lifecycle.version_states import VersionState, version_states
from ordain.api.settings import Settings, load_settings
from ordain.engine.catalog import read_texts
from ordain.engine.errors import MalformedRequest
from ordain.engine.lifecycle.turns import NO_TURNS


@click.command("list")
@json_option("Print the versions as JSON.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """List all versions of all policies with their states, as they are now, and which files were edited since.

    Exit codes: 0 done, 2 bad policies or settings, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    told = [version.as_json() for version in _states(settings)]
    if as_json:
        OUT.print(json.dumps(told), markup=False)
        return
    table = Table()
    for column in ("policy", "version", "state", "from", "file"):
        table.add_column(column, no_wrap=True)
    for each in told:
        file = f"{each['file']}{', edited since' if each['edited'] else ''}" if each["file"] else ""
        table.add_row(*(Text(str(each[name] or "")) for name in ("policy", "version", "state", "from")), Text(file))
    print_whole(table)


@click.command("history")
@click.argument("name")
@click.option("--at", help="A day or a time: which version decides then?")
@click.option("--known", help="A day or a time: as far as was on record by then.")
@json_option("Print the steps as JSON.")
@click.pass_obj
def history_command(call: Invocation, name: str, at: str | None, known: str | None, as_json: bool) -> None:
    """Show what was done to the versions of policy NAME: when it was recorded, and from when it counts.

    With --at or --known, which version decides at one time by what was known at another; now, where one is left out.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    now = now_of(settings)
    with steps_of(settings) as steps:
        if at is not None or known is not None:
            when, by = (now if each is None else asked_time(each, settings.zone) for each in (at, known))
            told = deciding_shown(steps, name, when, by)
            label = "no version" if told["version"] is None else f"{name}@{told['version']}"
            said = f"{label} decides at {told['at']}, as was on record by {told['known']}"
            if told["rollout"] is not None:
                on = told["rollout"]
                what = "tried beside" if on["shadow"] else "rolled out"
                said += f"; {name}@{on['version']} is {what} then, to {on['percent']} % of the customers"
            OUT.print(json.dumps(told) if as_json else said, markup=False)
            return
        steps_told = steps_shown(steps, name)
    if as_json:
        OUT.print(json.dumps(steps_told), markup=False)
        return
    table = Table()
    for column in ("recorded", "step", "version", "counts from", "who", "role", "reason"):
        table.add_column(column, no_wrap=True)
    for each in steps_told:
        begins = "never: taken back" if each["void"] else each.get("from", "")
        step = _step_of(each)
        cells = (each["recorded"], step, each["version"], begins, each["who"], each["role"], each["reason"])
        table.add_row(*(Text(str(cell)) for cell in cells))
    print_whole(table)


@click.command("text")
@click.argument("version", metavar="NAME@N")
@click.pass_obj
def text_command(call: Invocation, version: str) -> None:
    """Print a version as it was submitted or, once it was, activated: byte for byte, from the ledger.

    NAME is a policy, or shared/NAME of what policies share.

    Exit codes: 0 done, 2 bad input or settings, 3 the ledger cannot be read, or has lost it.
    """
    with steps_of(load_settings(call.config)) as steps:
        text = steps.text(version)
    click.echo(text, nl=False)


@click.command("message")
@click.argument("version", metavar="NAME@N")
@click.pass_obj
def message_command(call: Invocation, version: str) -> None:
    """Print what an approval of a version signs: its digest, and those of the parts that it uses.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 the ledger cannot be read.
    """
    with steps_of(load_settings(call.config)) as steps:
        message = steps.message(version)
    click.echo(message, nl=False)


@click.command("signature")
@click.argument("version", metavar="NAME@N")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to write to.")
@json_option("Print the files and the commands as JSON.")
@click.pass_obj
def signature_command(call: Invocation, version: str, into: Path, as_json: bool) -> None:
    """Write what was signed and each signature to files, and print the commands that check them with OpenSSH alone.

    Exit codes: 0 done, 2 bad input or settings, or nothing was signed, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    with steps_of(settings) as steps:
        signed = steps.signed(version)
    if not signed:
        raise MalformedRequest(f"no approval of `{version}` is signed", "see: ordain policy history")
    into.mkdir(parents=True, exist_ok=True)
    told = []
    for number, change in enumerate(signed, start=1):
        message, made = into / f"{version}.{number}.message", into / f"{version}.{number}.sig"
        write_whole(message, message_of(change.texts, change.of))
        write_whole(made, change.signature.encode())
        signers, who = shlex.quote(str(settings.allowed_signers)), shlex.quote(change.who)
        command = f"ssh-keygen -Y verify -f {signers} -I {who} -n {NAMESPACE} -s {shlex.quote(str(made))}"
        command += f" < {shlex.quote(str(message))}"
        told.append({"who": change.who, "message": str(message), "signature": str(made), "command": command})
    OUT.print(json.dumps(told) if as_json else "\n".join(each["command"] for each in told), markup=False)


def _states(settings: Settings) -> list[VersionState]:
    """The ledger is read where it says which versions decide, and none is made."""
    texts, now = read_texts(settings.policies, settings.zone), now_of(settings)
    if settings.approvals == "none":
        return version_states(texts, None, settings.approvals_needed, now)
    if not has_ledger(settings):
        return version_states(texts, NO_TURNS, settings.approvals_needed, now)
    with steps_of(settings) as steps:
        return version_states(texts, steps.life.turns, settings.approvals_needed, now)


def _step_of(told: dict[str, Any]) -> str:
    """What was done, in a cell: of a roll-out also to how many."""
    if "rollout" not in told:
        return str(told["step"])
    shares = ", ".join(f"{stage['percent']} %" for stage in told["rollout"]["stages"])
    return f"rollout {told['rollout']['action']}" + (f": {shares}" if shares else "")
