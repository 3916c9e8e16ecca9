"""`ordain rollout show`: what is rolled out or tried beside, to how many, and what comes next."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.policy.at_hand import steps_of
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.lifecycle.shown_steps import rolling_shown
from ordain.api.settings import load_settings
from ordain.engine.errors import MalformedRequest, did_you_mean
from ordain.engine.lifecycle.bucket import bucket
from ordain.engine.lifecycle.change import Change
from ordain.engine.lifecycle.rollout import Rollout, Stage


@click.command("show")
@click.argument("name", required=False)
@click.option("--subject", metavar="ID", help="Whether this customer is among those of the share.")
@json_option("Print the roll-outs as JSON.")
@click.pass_obj
def show_command(call: Invocation, name: str | None, subject: str | None, as_json: bool) -> None:
    """Show what is rolled out or tried beside now, of all policies or of policy NAME: share, customers, what is next.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 the ledger cannot be read.
    """
    settings = load_settings(call.config)
    with steps_of(settings) as steps:
        turns, now = steps.life.turns, steps.now()
        known = {*steps.texts.versions(), *turns.rollouts}
        if name is not None and name not in known:
            raise MalformedRequest(
                f"there is no policy `{name[:80]}`", did_you_mean(name, known) or "see: ordain policy list"
            )
        wanted = sorted(turns.rollouts) if name is None else [name]
        found = [change for each in wanted if (change := turns.rolling(each, now)) is not None]
    on = [(change, change.rollout) for change in found if change.rollout is not None]
    if as_json:
        told = [rolling_shown(*each, now) | ({} if subject is None else _drawn(*each, now, subject)) for each in on]
        OUT.print(json.dumps(told), markup=False)
        return
    if not on:
        OUT.print("nothing is rolled out or tried beside", markup=False)
        return
    table = Table()
    for column in ("version", "what", "share now", "next", "among", "guardrails", "last step", "by", "reason"):
        table.add_column(column, no_wrap=True)
    for each in on:
        table.add_row(*(Text(cell) for cell in _cells(*each, now)))
    print_whole(table)
    for change, rollout in on if subject is not None else ():
        own = _drawn(change, rollout, now, subject or "")
        among = "is among the" if own["drawn"] else "is not among the"
        share = Stage(rollout.share(now), now).percent
        OUT.print(f"{subject} {among} {share} % of {change.text.label}: bucket {own['bucket']} of 10,000", markup=False)


def _drawn(change: Change, rollout: Rollout, now: dt.datetime, subject: str) -> dict[str, Any]:
    """Of a customer: the bucket, and whether it is one of the share. Whether `where` holds of them a request says."""
    own = bucket(change.text.label, subject)
    return {"subject": subject, "bucket": own, "drawn": own < rollout.share(now)}


def _cells(change: Change, rollout: Rollout, now: dt.datetime) -> tuple[str, ...]:
    coming = rollout.coming(now)
    where = "; ".join(f"{name}: {', '.join(values)}" for name, values in rollout.where.items())
    return (
        change.text.label,
        "tried beside" if rollout.shadow else "rolled out",
        f"{Stage(rollout.share(now), now).percent} %",
        f"{coming[0].percent} % from {coming[0].begins.isoformat(timespec='minutes')}" if coming else "",
        where or "all",
        ", ".join(f"{each['metric']} may not {each['may not']}" for each in rollout.guards.get("guardrails", ())),
        f"{rollout.action} {change.recorded.astimezone(now.tzinfo).isoformat(timespec='minutes')}",
        change.who,
        change.reason,
    )
