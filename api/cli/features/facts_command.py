"""`ordain facts`: every feature of one person, with the moment that it is of."""

from __future__ import annotations

import datetime as dt
import json

import click
from rich.table import Table
from rich.text import Text

from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT, print_whole
from ordain.api.facts.late_store import LateStore
from ordain.api.facts.told_facts import facts_of
from ordain.api.ledger import open_for
from ordain.api.settings import load_settings
from ordain.audit.records.asked import moment


@click.command("facts")
@click.argument("subject")
@click.option("--at", "time", metavar="TIME", help="As it was known at this date or moment. Default: now.")
@reader_options
@json_option("Print the facts as JSON.")
@click.pass_obj
def facts_command(
    call: Invocation, subject: str, time: str | None, name: str | None, purpose: str | None, as_json: bool
) -> None:
    """Show every feature of SUBJECT: value, the moment that it is of, where it comes from and whose it is.

    The reading goes on record before anything is shown.

    Exit codes: 0 shown, also where nothing is known, 2 bad input, 3 the feature store cannot be reached, or the reading
    not recorded.
    """
    settings = load_settings(call.config)
    by = access(settings, name, purpose)
    at = moment(time, "--at", settings.zone) or dt.datetime.now(dt.UTC)
    ledger = open_for(settings)
    try:
        with LateStore(settings) as features:
            facts = facts_of(features, ledger, subject, at, by, "facts")
    finally:
        ledger.finish()
    if as_json:
        told = {"subject": subject, "at": at.isoformat(), "facts": facts}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    if not facts:
        OUT.print("nothing is known of this subject at that time")
        return
    table = Table("feature", "value", "as of", "source", "owner", "meaning")
    for fact in facts:
        value = "" if fact["value"] is None else str(fact["value"])
        as_of = fact["as_of"] + (" (stale)" if fact["stale"] else "")
        table.add_row(
            *(Text(part) for part in (fact["name"], value, as_of)), fact["source"], fact["owner"], fact["meaning"]
        )
    print_whole(table)
