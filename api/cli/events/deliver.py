"""`ordain events deliver`: webhooks, from a process of their own."""

from __future__ import annotations

import asyncio
import json
import time

import click

from ordain.api.cli.events.opened import opened_events
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.events.delivering import Delivering
from ordain.api.ledger import has_ledger
from ordain.api.limits import LIMITS
from ordain.api.logs.begin import begin_logs
from ordain.api.settings import Settings, load_settings


@click.command("deliver")
@click.option("--once", is_flag=True, help="End when nothing is left that may be tried now.")
@json_option("Print the sums as JSON at the end.")
@click.pass_obj
def deliver_command(call: Invocation, once: bool, as_json: bool) -> None:
    """Deliver events to the endpoints, in order and at least once, until stopped.

    Where there is no ledger yet it waits for the first server to make it; with --once that is an error.

    It may run beside the server, on any machine that reaches the ledger; of several one delivers to an endpoint. A
    SIGHUP reads the file of endpoints again.

    Exit codes: 0 done, 2 bad settings or endpoints, 3 the ledger cannot be read.
    """
    if not once:
        _wait_for_ledger(load_settings(call.config))
    with opened_events(call.config) as use:
        begin_logs(use.settings)
        if not once and not as_json:
            OUT.print(f"delivering to {', '.join(use.endpoints)}  (stop it with Ctrl-C)", markup=False)
        sums = asyncio.run(Delivering(use.opened, use.state, use.read_again, once).run(use.endpoints))
    if as_json:
        told = [{"name": name, **each._asdict()} for name, each in sums.items()]
        OUT.print(json.dumps({"endpoints": told}), markup=False)
    else:
        for name, each in sums.items():
            OUT.print(f"{name}: {each.delivered:,} delivered, {each.failed:,} tries failed", markup=False)


def _wait_for_ledger(settings: Settings) -> None:
    """It begins at once, so that a server and what delivers may be started together. Raises LedgerUnavailable."""
    if has_ledger(settings):
        return
    OUT.print("there is no ledger yet: waiting for a server to make it  (stop it with Ctrl-C)", markup=False)
    while not has_ledger(settings):
        time.sleep(LIMITS.events_orders)
