"""`ordain audit explain`: a decision told to the customer."""

from __future__ import annotations

import json
from typing import Any

import click

from ordain.api.cli.audit.readers import (
    HINT,
    access,
    legal_claim_option,
    own_request_option,
    parsed_id,
    read_one,
    reader_options,
)
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.letters import sender_of
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.explain.plain_words import words
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.replay import Replayer
from ordain.engine.errors import UnknownDecision


@click.command("explain")
@click.argument("decision_id")
@legal_claim_option
@own_request_option
@reader_options
@click.option("--why-not", "why", is_flag=True, help="Also say why each other rule did not fire.")
@click.option(
    "--counterfactual",
    is_flag=True,
    help="Also find the smallest change of facts that gives another result, by the solver.",
)
@json_option("Print what the letter is made from, as JSON.")
@click.pass_obj
def explain_command(
    call: Invocation,
    decision_id: str,
    legal_claim: str | None,
    own_request: bool,
    name: str | None,
    purpose: str | None,
    why: bool,
    counterfactual: bool,
    as_json: bool,
) -> None:
    """Explain DECISION_ID to the person it is about, in plain sentences (Markdown).

    What was decided, how an amount came about, which estimates were used and what moved them, which rules changed the
    result, what would have changed it, and whom to turn to (GDPR Article 15(1)(h)); the whole record follows in an
    annex. All of it from the record, but for the sender that the setting `letter` names; the reading goes on record
    first.

    With --counterfactual the solver looks for the fewest facts, and the least change of them, with which the result is
    another, or a better verdict, and decides again with them. Facts that are protected, `fixed` in facts.yaml, read
    by a model, or say whose law applies stay as they are. It needs z3-solver (docs/prove.md).

    Exit codes: 0 explained, 2 there is no such decision, 3 the ledger cannot be read, or the reading not recorded.
    """
    settings = load_settings(call.config)
    by, sender = access(settings, name, purpose, legal_claim, own_request=own_request), sender_of(settings)
    with opened_ledger(call.config, restricted=legal_claim is not None or own_request) as opened:
        entry = opened.reader.entry(parsed_id(decision_id))
        if entry is not None and entry.read().get("kind") != Kind.DECISION:
            raise UnknownDecision(f"the entry `{decision_id}` is not a decision", HINT)
        record = read_one(opened, decision_id, "explain", by)
        explained = explain(record, opened.reader)
        not_fired = Replayer(opened.reader).why_not(record) if why else []
        change = Replayer(opened.reader).nearest_change(record) if counterfactual else {}
    if as_json:
        told: dict[str, Any] = {"not_fired": not_fired} if why else {}
        told |= {"counterfactual": change} if counterfactual else {}
        OUT.print(json.dumps({**explained.data, **told}, ensure_ascii=False), markup=False)
        return
    OUT.print(letter(explained, sender, own_request), markup=False, end="")
    if counterfactual:
        OUT.print("\n## The smallest change that gives another result\n", markup=False)
        for line in _change_lines(change):
            OUT.print(line, markup=False, soft_wrap=True)
    if why:
        OUT.print("\n## Rules that did not fire\n", markup=False)
    if why and NOT_RESTORED in explained.data:
        OUT.print("This can no longer be told.", markup=False)
    for rule in not_fired:
        was = f"; it was `{words(rule['was'])}`" if "was" in rule else ""
        place = f"{rule['policy']}, {rule['decision']}, {rule['rule']}"
        OUT.print(f"- {place}: {rule['because']}{was}", markup=False, soft_wrap=True)


def _change_lines(change: dict[str, Any]) -> list[str]:
    """What `Replayer.nearest_change` found, in sentences."""
    if not change:
        return ["This can no longer be told."]
    if "not_covered" in change:
        return [f"This cannot be told: {change['not_covered']}"]
    last = [] if change["exact"] else ["A smaller change may exist: not all could be looked at in the time."]
    if not change["changes"]:
        return ["No change of one or two facts gives another result.", *last]
    changes = [(each["fact"], words(each["instead"]), words(each["was"])) for each in change["changes"]]
    lines = [f"- `{name}` {instead} instead of {was}" for name, instead, was in changes]
    given = json.dumps(change["outcome"], ensure_ascii=False)
    verdict = "" if change["verdict"] is None else f"{change['verdict']}, "
    return [*lines, "", f"Decided again with that: {verdict}{given}", *last]
