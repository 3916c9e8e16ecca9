"""`ordain demo`: train, serve, ask for a few decisions, show them, leave the server running."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.actor import actor
from ordain.api.cli.decision_text import show_decision
from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.models import promote_trained, train_and_store
from ordain.api.cli.taken_port import refuse_taken
from ordain.api.cli.terminal import OUT
from ordain.api.lifecycle.who import OPERATOR, Person
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings, load_settings
from ordain.api.stages.model_record import stages_on_record
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.errors import ModelDegradationDetected, SettingsError
from ordain.engine.values.json_text import read_json
from ordain.models.registry.registry import Registry
from ordain.models.training.report import render


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port to serve on; else the setting, or a free one.")
@click.pass_obj
def demo(call: Invocation, port: int | None) -> None:
    """Train a churn model on SYNTHETIC customers, serve, and decide a few cases over HTTP."""
    settings = load_settings(call.config)
    cases = read_json(_cases(), "demo.json")
    catalog = load_catalog(read_texts(settings.policies, settings.zone))
    for case in cases:  # what would fail then is told before minutes of training
        catalog.service(case["service"])
    if port is not None:  # so would this
        refuse_taken(settings.host, port)
    _train(settings)
    port = port or _free_port(settings)
    base = f"http://{settings.host}:{port}"
    with ending_interrupts():  # so that the server never outlives this process
        server, said = _start(call.config, settings.host, port), ""
        try:
            _wait(server, base)
            said = "stopped; the record is kept"
            OUT.print("\nDecisions about invented (SYNTHETIC) customers, asked for over HTTP:")
            for case in cases:
                _show(base, case)
            OUT.print(_next_steps(base))
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
            server.wait(timeout=10)
            OUT.print(said or "stopped")


def _cases() -> bytes:
    return resources.files("ordain.api.cli").joinpath("demo.json").read_bytes()


def _train(settings: Settings) -> None:
    stages = stages_on_record(settings).get("churn")
    live = None if stages is None else stages.live
    with suppress(ModelDegradationDetected):
        if live is not None:
            Registry(settings.models, settings.keys).tried("churn", live.version)
            OUT.print(f"churn@{live.version} is live already (ordain train churn --promote makes a new version)")
            return
    OUT.print("Training the churn model on 10,000 SYNTHETIC customers ...")
    card = train_and_store(settings, "churn")
    OUT.print(render(card))
    promote_trained(settings, card, Person(actor(None), OPERATOR))


def _free_port(settings: Settings) -> int:
    for port in (settings.port, 0):
        try:
            with socket.create_server((settings.host, port)) as probe:
                return int(probe.getsockname()[1])
        except OSError:
            continue
    raise SettingsError(f"no port is free on {settings.host}")


def _start(config: Path | None, host: str, port: int) -> subprocess.Popen[bytes]:
    named = ["--config", str(config)] if config is not None else []
    command = [sys.executable, "-m", "ordain", *named, "serve", "--host", host, "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "ORDAIN_LOG_LEVEL": "warning"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command


def _wait(server: subprocess.Popen[bytes], base: str) -> None:
    deadline = time.monotonic() + LIMITS.start_seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SettingsError("the server did not start; its output is above")
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=1):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise SettingsError(f"the server did not answer within {LIMITS.start_seconds} seconds")


def _show(base: str, case: dict[str, Any]) -> None:
    body = {"subject": case["subject"], "facts": case["facts"], **({"at": case["at"]} if "at" in case else {})}
    path = f"/v1/decisions/{case['service']}{'/dry-run' if case.get('on_trial') else ''}"
    OUT.print(f"\n[bold]{case['title']}[/]  [dim]POST {path}[/]")
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{base}{path}",
        data=json.dumps(body, default=_plain_number).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            show_decision(json.load(answer))
    except urllib.error.HTTPError as refused:
        error = json.load(refused)["error"]
        OUT.print(f"  [red]{error['code']}[/] ({refused.code})")
        for detail in error["details"]:
            message = detail.get("message", error["message"])
            OUT.print(Text.assemble(f"  {message}  ", (detail.get("hint", ""), "dim")))


def _plain_number(number: object) -> float | int:
    value = float(str(number))
    return int(value) if value.is_integer() else value


def _next_steps(base: str) -> str:
    ask = '\'{"subject": "C-9", "facts": {"usage_gb": 95, "plan_gb": 100}}\''
    return f"""
[bold]What to try next[/] (the server goes on at {base} until you press Ctrl-C), in another terminal:

  curl -s {base}/v1/decisions/plan-advice -H 'content-type: application/json' -d {ask}
  .venv/bin/ordain audit verify    recompute the whole log from its stored bytes, and compare it with its anchors
  .venv/bin/ordain replay --all    decide everything on record again, byte for byte
  .venv/bin/ordain check           try all policies; then copy policies/retention-offer/v1.yaml to v2.yaml and edit it
  .venv/bin/ordain --help          see all commands
"""
