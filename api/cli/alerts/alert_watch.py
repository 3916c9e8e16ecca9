"""`ordain alerts watch`: measures every minute, from a process of its own."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import click

from ordain.api.alerts.guardrail_signal import stopped_rollouts
from ordain.api.alerts.ledger_signals import lag, rates
from ordain.api.alerts.measured import FROM_LEDGER, Measured, Signal
from ordain.api.alerts.server_signals import Servers
from ordain.api.alerts.watch import SERVICE, Happened, Watch, check
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.regular_looks import EVERY, ONCE, look_regularly
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import require_ledger
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.logs.begin import begin_logs
from ordain.api.services import Services, reloaded, wire
from ordain.api.settings import load_settings
from ordain.api.watching import stamps
from ordain.audit.explain.plain_words import one_line
from ordain.engine.errors import OrdainError

_LOG = logging.getLogger("ordain")


@click.command("watch")
@ONCE
@EVERY
@click.option("--metrics", "addresses", multiple=True, metavar="URL", help="A server's /metrics; may be given again.")
@json_option("Print one JSON object for each thing that happens.")
@click.pass_obj
def watch_command(call: Invocation, once: bool, seconds: float, addresses: tuple[str, ...], as_json: bool) -> None:
    """Measure services every minute, ask the policy `alerts` about it, raise, escalate and end alerts, until stopped.

    Rates of denials and reviews, the lag of signing and roll-outs that were stopped by themselves come from the ledger;
    errors, times, and models that cannot score from servers, if addresses are given (ORDAIN_METRICS_KEY: an API key
    for them). Run one such process.

    Exit codes: 0 done, 2 bad settings or policies, 3 the ledger cannot be read, or an alert is not recorded.
    """
    settings = load_settings(call.config)
    require_ledger(settings)
    servers = Servers(addresses, os.environ.get("ORDAIN_METRICS_KEY", ""))
    begin_logs(settings)
    use = wire(settings, SERVICE)
    try:
        watcher = Watcher(use, servers, as_json)
        if once:
            watcher.look()
            return
        if not as_json:
            OUT.print(f"watching every {seconds:g} seconds  (stop it with Ctrl-C)", markup=False)
        look_regularly(watcher.look, seconds)
    finally:
        use.ledger.close()  # signing is the server's business


class Watcher:
    """The command's looks: what is measured where, and by which policies it is judged now."""

    def __init__(self, use: Services, servers: Servers, as_json: bool) -> None:
        self._seen = stamps(use.settings.policies)
        self._servers, self._as_json = servers, as_json
        self._watch = Watch(use, self._measure)

    def look(self) -> None:
        """Raises LedgerUnavailable, NotRecorded."""
        self._reload()
        for each in self._watch.look():
            self._tell(each)

    def _measure(self) -> tuple[list[Measured], frozenset[Signal]]:
        use = self._watch.use
        told, known = self._servers.signals()
        now = use.now()
        found = [*rates(use.ledger, now, use.stopped.started), lag(use.ledger, now), *told]
        if use.lifecycle is not None:
            found += stopped_rollouts(use.lifecycle.turns, self._watch.alerts.heard)
        return found, FROM_LEDGER | known

    def _reload(self) -> None:
        """Takes over policies that have changed or were activated, if they are right; else those of before go on."""
        use = self._watch.use
        done = use.lifecycle is not None and use.lifecycle.look()
        if (now := stamps(use.settings.policies)) == self._seen and not done:
            return
        self._seen = now
        try:
            new = reloaded(use, load_in_force(use.settings, SERVICE, use.lifecycle))
            check(new)
        except OrdainError as error:
            _LOG.error("the policy of alerts was not reloaded, the one of before goes on: %s", error.message)
        else:
            self._watch.use = new

    def _tell(self, happened: Happened) -> None:
        told: dict[str, Any] = {name: getattr(happened, name) for name in happened.__slots__}
        of = f" of {happened.service}" if happened.service else ""
        line = one_line(f"{happened.action}: {happened.signal}{of}  {happened.id}")
        OUT.print(json.dumps(told) if self._as_json else line, markup=False)
