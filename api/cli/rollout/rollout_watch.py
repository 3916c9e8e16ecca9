"""`ordain rollout watch`: judges the guardrails of roll-outs every minute, from a process of its own."""

from __future__ import annotations

import json

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.regular_looks import EVERY, ONCE, look_regularly
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import require_ledger
from ordain.api.lifecycle.guarding import SERVICE, Guard, Looked
from ordain.api.logs.begin import begin_logs
from ordain.api.services import wire
from ordain.api.settings import load_settings
from ordain.audit.explain.plain_words import one_line

EXIT_NOT_LOOKED = 1
"""A roll-out could not be looked at."""


@click.command("watch")
@ONCE
@EVERY
@json_option("Print one JSON object for each roll-out at a look, with --once, else for each thing that is done.")
@click.pass_obj
def watch_command(call: Invocation, once: bool, seconds: float, as_json: bool) -> None:
    """Judge all roll-outs that have guardrails, ask the policy `rollouts`, pause and revert as it says, until stopped.

    What is done is on record with its figures, as is each share that begins. Run one such process.

    Exit codes: 0 done, 1 with --once: one could not be looked at, and the log says why, 2 bad settings or policies,
    3 the ledger cannot be read, or what is done is not recorded.
    """
    settings = load_settings(call.config)
    require_ledger(settings)
    begin_logs(settings)
    use = wire(settings, SERVICE)
    try:
        guard = Guard(use)

        def look() -> None:
            for each in guard.look():
                if once or each.done is not None:
                    OUT.print(json.dumps(each.as_json()) if as_json else one_line(_line(each)), markup=False)

        if once:
            look()
            if not as_json and not guard.judged and not guard.failed:
                OUT.print("nothing with guardrails is rolled out", markup=False)
            if guard.failed:
                raise click.exceptions.Exit(EXIT_NOT_LOOKED)
            return
        if not as_json:
            OUT.print(f"looking every {seconds:g} seconds  (stop it with Ctrl-C)", markup=False)
        look_regularly(look, seconds)
    finally:
        use.ledger.close()  # signing is the server's business


def _line(looked: Looked) -> str:
    told = looked.as_json()
    done = f"{told['done']}  {told['entry_id']}  " if told["done"] else ""
    return f"{looked.on.text.label}  {looked.verdict.standing}  {done}{looked.verdict.says}"
