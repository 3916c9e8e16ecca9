"""`ordain audit text`: a policy as decisions were made under it."""

from __future__ import annotations

import json

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.records.kept_texts import kept_policies, text_of


@click.command("text")
@click.argument("policy", metavar="[POLICY@VERSION]", required=False)
@json_option("Print name, version, digest and text as JSON.")
@click.pass_obj
def text_command(call: Invocation, policy: str | None, as_json: bool) -> None:
    """Print the text of POLICY@VERSION as decisions on record were made under it; without it, the versions there are.

    What is printed is held against the digest that those entries commit to. It needs no policy folder.

    Exit codes: 0 printed, 2 no decision was made under it, 3 the ledger cannot be read, or the text is another.
    """
    with opened_ledger(call.config) as opened:
        if policy is None:
            known = kept_policies(opened.store)
        else:
            kept, text = text_of(opened.store, policy)
    if policy is None:
        for each in known:
            told = {"policy": each.policy, "version": each.version, "digest": each.digest}
            OUT.print(json.dumps(told) if as_json else f"{each.label}  {each.digest}", markup=False)
        return
    if as_json:
        told = {"policy": kept.policy, "version": kept.version, "digest": kept.digest, "text": text.decode()}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    # Into a file go the very bytes: with a line end more it would be another text than the one on record.
    click.echo(text, nl=OUT.is_terminal and not text.endswith(b"\n"))
    ERR.print(f"{kept.label}, {kept.digest}, as on record", markup=False)
