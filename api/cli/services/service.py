"""`ordain service`: what can be asked for, and what an app has to know to ask."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ordain.api.ask import asked_time
from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.services.service_text import list_lines, sheet_lines
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.contract.example_request import Examples
from ordain.api.contract.flow_mermaid import mermaid
from ordain.api.contract.flow_svg import svg
from ordain.api.contract.service_flow import flow_of
from ordain.api.contract.service_sheet import Offer, service_list, service_sheet
from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import open_for
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.services import models_described, vocabulary_with
from ordain.api.settings import Settings, load_settings
from ordain.api.stopped import Stopped, fallback_of
from ordain.engine.catalog import read_texts
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.service import Service, load_services
from ordain.engine.together import service_of
from ordain.engine.values.temporal import fixed_offset

_REASON = click.option("--reason", required=True, help="Why: on record, and told to whoever asks the service.")
_AS = click.option("--as", "actor_name", help="Who you are; the user of this machine if left out.")


def _at_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--at", help="A day, or a time such as 2026-01-31T08:00:00+05:30; now if left out.")(command)


@click.group()
def service() -> None:
    """What can be asked for: services, their facts, requests that work; stopped in an emergency."""


@service.command("list")
@_at_option
@json_option("Print what the HTTP service gives at /v1/services.")
@click.pass_obj
def list_command(call: Invocation, at: str | None, as_json: bool) -> None:
    """List the services, what each gives, and its policies in force.

    Exit codes: 0 done, 2 bad input, policies or settings.
    """
    settings = load_settings(call.config)
    _show(service_list(_offer(settings), _moment(at, settings)), as_json, list_lines)


@service.command("show")
@click.argument("name")
@_at_option
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print its flow as a Mermaid flowchart, and nothing else.")
@click.option(
    "--svg",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write its flow to this file as a picture, and print nothing else; one that is there is replaced.",
)
@json_option("Print what the HTTP service gives at /v1/services/NAME.")
@click.pass_obj
def show_command(
    call: Invocation, name: str, at: str | None, as_mermaid: bool, picture: Path | None, as_json: bool
) -> None:
    """Show the facts of a service, what it gives, its policies in force and next, and a request that works.

    Its flow is how facts become what it gives: which decision reads which facts, and which other decisions.

    Exit codes: 0 done, 2 bad input, policies or settings; no version in force at that time is bad input, too.
    """
    if as_mermaid + as_json + (picture is not None) > 1:
        raise click.UsageError("--mermaid, --svg and --json each print something else; choose one")
    settings = load_settings(call.config)
    sheet = service_sheet(_offer(settings, name), name, _moment(at, settings))
    if as_mermaid:
        click.echo(mermaid(flow_of(sheet)), nl=False)
    elif picture is not None:
        write_page(picture, svg(flow_of(sheet)))
        click.echo(f"{picture} is a picture of {name}")
    else:
        _show(sheet, as_json, sheet_lines)


@service.command("stop")
@click.argument("name")
@_REASON
@click.option("--fallback", is_flag=True, help="The service that services.yaml names is asked in its place.")
@_AS
@json_option("Print since when it is stopped, as JSON.")
@click.pass_obj
def stop_command(
    call: Invocation, name: str, reason: str, fallback: bool, actor_name: str | None, as_json: bool
) -> None:
    """Stop a service in an emergency: it decides nothing, on any server of this ledger, until it is started.

    Who asks it is told REASON; with --fallback, they get what its fallback decides. Servers follow within a second.

    Exit codes: 0 stopped, 2 bad input, policies or settings, 3 not recorded, and so not stopped.
    """
    with _stopped(call, name) as (known, asked):
        stop = known.stop(name, reason, actor(actor_name), fallback=fallback_of(asked) if fallback else "")
    instead = f", and `{stop.fallback}` is asked in its place" if stop.fallback else ""
    told = f"{name} is stopped since {stop.since}{instead}; start it with: ordain service start {name} --reason TEXT"
    OUT.print(json.dumps({**stop.as_json(), "stopped": True}) if as_json else told, markup=False)


@service.command("start")
@click.argument("name")
@_REASON
@_AS
@json_option("Print which stops that ended, as JSON.")
@click.pass_obj
def start_command(call: Invocation, name: str, reason: str, actor_name: str | None, as_json: bool) -> None:
    """Start a service that was stopped. Of one that is not stopped nothing is recorded.

    Exit codes: 0 it is not stopped now, 2 bad input, policies or settings, 3 not recorded, and so not started.
    """
    with _stopped(call, name) as (known, _):
        ended = known.start(name, reason, actor(actor_name))
    if as_json:
        data = {"service": name, "stopped": False, "ended": [stop.as_json() for stop in ended]}
        OUT.print(json.dumps(data), markup=False)
    else:
        since = f"; it was stopped since {min(stop.since for stop in ended)}" if ended else "; it was not stopped"
        OUT.print(f"{name} decides{since}", markup=False)


@contextmanager
def _stopped(call: Invocation, name: str) -> Iterator[tuple[Stopped, Service]]:
    """What is stopped, of a ledger that is made if there is none, and the service. Raises UnknownService."""
    settings = load_settings(call.config)
    texts = read_texts(settings.policies)
    asked = service_of(load_services(texts.services, f"{texts.root}/services.yaml"), name)
    opened = open_for(settings)
    try:
        yield Stopped(opened), asked
    finally:
        opened.finish()


def _offer(settings: Settings, name: str = "") -> Offer:
    """What is described; with `name` the policies of that service alone are read. No ledger is made."""
    catalog = load_in_force(settings, name)
    models = models_described(catalog, settings)
    usable = [model for model in models.values() if not isinstance(model, ModelDegradationDetected)]
    told = catalog, vocabulary_with(catalog.vocabulary, usable), models, settings.zone, Examples()
    return Offer(*told, stores=LateStore(settings).stores)


def _moment(at: str | None, settings: Settings) -> dt.datetime:
    return fixed_offset(dt.datetime.now(settings.zone)) if at is None else asked_time(at, settings.zone)


def _show(data: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], list[str]]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False) if as_json else "\n".join(lines(data)))
