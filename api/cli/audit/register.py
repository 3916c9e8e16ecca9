"""`ordain audit register`: who is held or restricted, why, and until when."""

from __future__ import annotations

import json

import click

from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.privacy.register import Kept, register
from ordain.audit.records.readings import note_reading


@click.command("register")
@reader_options
@json_option("Print the register as one JSON object.")
@click.pass_obj
def register_command(call: Invocation, name: str | None, purpose: str | None, as_json: bool) -> None:
    """List the holds and restrictions that stand: whose records are kept, since when, why, and until which day.

    Reading it goes on record, before it is shown.

    Exit codes: 0 shown, 3 the ledger cannot be read, or the reading not recorded.
    """
    by = access(load_settings(call.config), name, purpose)
    with opened_ledger(call.config, restricted=True) as opened:
        kept = register(opened)
        ids = [step.entry_id for each in kept for step in each.steps]
        if ids:
            note_reading(opened, "register", by, ids, query={})
    if as_json:
        OUT.print(json.dumps({"kept": [each.data() for each in kept]}, ensure_ascii=False), markup=False)
        return
    for each in kept:
        _show(each)
    OUT.print(f"{len(kept)} held or restricted", markup=False)


def _show(kept: Kept) -> None:
    day = f"not to be erased before {kept.not_before}" if kept.not_before else "no erasure was asked for"
    OUT.print(f"{kept.subject or '(an older entry names nobody)'}: {'held, ' if kept.hold else ''}{day}", markup=False)
    for step in kept.steps:
        until = f", not before {step.not_before}" if step.not_before else ""
        what = f"{'held' if step.hold else 'not held'}{until}"
        OUT.print(f"    {step.time[:10]}  {what}; {step.reason or 'no reason given'} ({step.actor})", markup=False)
