"""`ordain audit show`: one entry, whole."""

from __future__ import annotations

import json

import click

from ordain.api.cli.audit.readers import access, legal_claim_option, only_public, read_one, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.records.shown import whole_shown


@click.command("show")
@click.argument("entry_id")
@legal_claim_option
@reader_options
@json_option("Print the entry as one JSON object.")
@click.pass_obj
def show_command(
    call: Invocation,
    entry_id: str,
    legal_claim: str | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Show the entry ENTRY_ID: its envelope, and its private part when that can be read.

    Reading the private part goes on record, before it is shown.

    Exit codes: 0 shown, 2 there is no such entry, 3 the ledger cannot be read, or the reading not recorded.
    """
    by = access(load_settings(call.config), name, purpose, legal_claim)
    with opened_ledger(call.config, restricted=legal_claim is not None) as opened:
        record = read_one(opened, entry_id, "show", by)
    if as_json:
        OUT.print(json.dumps(whole_shown(record), ensure_ascii=False), markup=False)
        return
    place = "no place in the order yet" if record.entry.leaf_index is None else f"leaf {record.entry.leaf_index}"
    OUT.print(f"entry {record.entry.id}, {place}, leaf hash {record.entry.leaf_hash.hex()}", markup=False)
    OUT.print("[bold]envelope[/]")
    OUT.print(json.dumps(record.envelope, ensure_ascii=False, indent=2), markup=False)
    OUT.print(f"[bold]private part[/]: {record.status}")
    if record.private is not None:
        OUT.print(json.dumps(record.private, ensure_ascii=False, indent=2), markup=False)
    else:
        OUT.print(only_public(record), markup=False)
