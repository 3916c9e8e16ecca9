"""`ordain audit settle`: a person closes the review of a decision."""

from __future__ import annotations

import json

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.audit.readers import HINT, parsed_id
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.audit.entry.entry import Kind
from ordain.audit.records.follow_ups import settle, status_after
from ordain.engine.errors import MalformedRequest, UnknownDecision
from ordain.engine.policy.model import Verdict


@click.command("settle")
@click.argument("decision_id")
@click.option("--permit", is_flag=True, help="It may be acted on.")
@click.option("--deny", is_flag=True, help="It may not.")
@click.option("--reason", required=True, help="The reason; goes on record, sealed.")
@click.option("--as", "name", metavar="NAME", help="Who settles it. Default: the user of this machine.")
@json_option("Print the status and the entry as JSON.")
@click.pass_obj
def settle_command(
    call: Invocation, decision_id: str, permit: bool, deny: bool, reason: str, name: str | None, as_json: bool
) -> None:
    """Close the review of DECISION_ID: a person permits or denies what the rules left to one.

    It is an entry of its own that names the decision, and once only. `ordain audit search --review open --oldest-first`
    lists what waits.

    Exit codes: 0 settled, 2 bad input, or the decision is in no open review, 3 not recorded.
    """
    if permit is deny:
        raise MalformedRequest("either --permit or --deny is needed", "and not both")
    if not reason.strip():
        raise MalformedRequest("--reason is empty", "say why; it goes on record")
    by, user = {"actor": actor(name)}, actor(None)
    if by["actor"] != user:
        by["user"] = user
    entry_id = parsed_id(decision_id)
    with opened_ledger(call.config) as opened:
        record = opened.reader.record(entry_id)
        if record is None or record.envelope["kind"] != Kind.DECISION:
            raise UnknownDecision(f"there is no decision `{entry_id}`", HINT)
        made = settle(opened, record, Verdict.PERMIT if permit else Verdict.DENY, reason, by)
        status = str(status_after(record, [made]))
    if as_json:
        told = {"decision_id": str(entry_id), "status": status, "settled": made.shown()}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    OUT.print(f"{made.said['verdict']}: the decision {entry_id} is {status}, by entry {made.entry_id}", markup=False)
