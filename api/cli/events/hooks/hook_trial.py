"""`ordain hooks test`: an event in a file, signed here, checked and decided as the server would, and not recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import orjson

from ordain.api.cli.decision_text import show_decision
from ordain.api.cli.events.hooks.hook_rules import hook_rules
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.decide import make_decision
from ordain.api.hooks.hook_event import Event, read_event
from ordain.api.hooks.load_hooks import source_named
from ordain.api.hooks.receive import asked
from ordain.api.limits import LIMITS
from ordain.audit.explain.plain_words import one_line
from ordain.engine.errors import MalformedRequest, reason_of
from ordain.engine.text.regular import bytes_of
from ordain.engine.values.types import plain

_ID = "test"
"""Stands for the id that a sender would give in a header."""


@click.command("test")
@click.argument("name", metavar="SOURCE")
@click.argument("file", type=click.Path(path_type=Path))
@json_option("Print JSON.")
@click.pass_obj
def test_command(call: Invocation, name: str, file: Path, as_json: bool) -> None:
    """Show what the server would decide for the event in FILE (its JSON), signed as SOURCE signs. Nothing is recorded.

    Exit codes: 0 a decision would be asked, 1 none would, as no mapping is about the event, 2 bad event or settings.
    """
    rules, hooks = hook_rules(call.config)
    source = source_named(hooks, name)
    try:
        body = bytes_of(file, LIMITS.facts_bytes)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
    now = time.time()
    headers = source.scheme.sign(source.secrets, _ID, int(now), body)
    source.check(headers.get, body, now)
    event = read_event(source.scheme, headers.get, body)
    ask = asked(source, event, rules)
    if ask is None:
        _tell_unmapped(source.name, event, as_json)
        raise SystemExit(1)
    answer = orjson.loads(make_decision(replace(ask, on_trial=True), rules).on_trial())
    if as_json:
        told = {**_told(event), "service": ask.service, "subject": ask.subject, "facts": _facts(ask.facts)}
        OUT.print(json.dumps({**told, "answer": answer}), markup=False)
        return
    OUT.print(one_line(f"{event.type} of {source.name} asks {ask.service} for {ask.subject}"), markup=False)
    for fact, value in _facts(ask.facts).items():
        OUT.print(one_line(f"  {fact}: {json.dumps(value, ensure_ascii=False)}"), markup=False)
    click.echo(f"{click.style(ask.service, bold=True)} would answer")
    show_decision(answer)


def _facts(facts: Mapping[str, object]) -> dict[str, Any]:
    return {name: plain(value) for name, value in facts.items()}


def _told(event: Event) -> dict[str, Any]:
    return {"event": event.id, "type": event.type}


def _tell_unmapped(source: str, event: Event, as_json: bool) -> None:
    if as_json:
        OUT.print(json.dumps({**_told(event), "service": None}), markup=False)
    else:
        OUT.print(
            one_line(f"{event.type or 'an event without a type'}: no mapping of {source} is about it"), markup=False
        )
