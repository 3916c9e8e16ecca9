"""`ordain service`: what can be asked for, and what an app has to know to ask."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import click

from ordain.api.ask import asked_time
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.services.service_text import list_lines, sheet_lines
from ordain.api.contract.example_request import Examples
from ordain.api.contract.service_sheet import Offer, service_list, service_sheet
from ordain.api.services import models_described, vocabulary_with
from ordain.api.settings import Settings, load_settings
from ordain.engine.catalog import load_catalog, of_service, read_texts
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.values.temporal import fixed_offset


def _at_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--at", help="A day, or a time such as 2026-01-31T08:00:00+05:30; now if left out.")(command)


@click.group()
def service() -> None:
    """What can be asked for: services, their facts, requests that work."""


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
@json_option("Print what the HTTP service gives at /v1/services/NAME.")
@click.pass_obj
def show_command(call: Invocation, name: str, at: str | None, as_json: bool) -> None:
    """Show the facts of a service, what it gives, its policies in force, and a request that works.

    Exit codes: 0 done, 2 bad input, policies or settings; no version in force at that time is bad input, too.
    """
    settings = load_settings(call.config)
    _show(service_sheet(_offer(settings, name), name, _moment(at, settings)), as_json, sheet_lines)


def _offer(settings: Settings, name: str = "") -> Offer:
    """What is described; with `name` the policies of that service alone are read. No ledger is opened."""
    texts = read_texts(settings.policies)
    catalog = load_catalog(of_service(texts, name) if name else texts)
    models = models_described(catalog, settings)
    usable = [model for model in models.values() if not isinstance(model, ModelDegradationDetected)]
    return Offer(catalog, vocabulary_with(catalog.vocabulary, usable), models, settings.zone, Examples())


def _moment(at: str | None, settings: Settings) -> dt.datetime:
    return fixed_offset(dt.datetime.now(settings.zone)) if at is None else asked_time(at, settings.zone)


def _show(data: dict[str, Any], as_json: bool, lines: Callable[[dict[str, Any]], list[str]]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False) if as_json else "\n".join(lines(data)))
