"""`ordain alerts list` and `ordain alerts ack`: the alerts that are there now, and who is on them."""

from __future__ import annotations

import json

import click

from ordain.api.alerts.open_alerts import Alert, Alerts
from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.explain.plain_words import one_line


@click.command("list")
@json_option("Print JSON, for a program or a monitor.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """Show the alerts that are there now, the oldest first.

    Exit codes: 0 done, 2 bad settings, 3 the ledger cannot be read.
    """
    with opened_ledger(call.config) as opened:
        alerts = Alerts(opened)
        alerts.look()
    if as_json:
        OUT.print(json.dumps({"alerts": [alert.as_json() for alert in alerts.open.values()]}), markup=False)
        return
    for alert in alerts.open.values():
        OUT.print(one_line(_line(alert)), markup=False)
    if not alerts.open:
        OUT.print("no alert is there now", markup=False)


@click.command("ack")
@click.argument("alert_id", metavar="ID")
@click.option("--as", "name", help="Who you are; the user of this machine if left out.")
@json_option("Print the alert as JSON.")
@click.pass_obj
def ack_command(call: Invocation, alert_id: str, name: str | None, as_json: bool) -> None:
    """Say that you are on the alert ID (eight characters of it or more): it escalates no further.

    Exit codes: 0 done, 2 there is no such alert now, 3 the ledger cannot be read, or it is not recorded.
    """
    with opened_ledger(call.config) as opened:
        alert = Alerts(opened).acknowledge(alert_id, actor(name))
    OUT.print(json.dumps(alert.as_json()) if as_json else one_line(_line(alert)), markup=False)


def _line(alert: Alert) -> str:
    by = f"{alert.acknowledged_by} is on it" if alert.acknowledged_by else f"step {alert.step}, nobody is on it yet"
    about = f"{alert.signal} {alert.value}" + (f" of {alert.service}" if alert.service else "")
    return f"{alert.id}  {alert.severity}  {about}  {alert.channel}  since {alert.raised}  {by}"
