"""`ordain replay`: recorded decisions made again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from api.console import OUT, progress_bar
from api.settings import load_settings
from audit.ledger import Ledger
from audit.replay import Replay, Replayer
from audit.store import Store, path_of
from engine.errors import LedgerUnavailable, SettingsError, UnknownDecision


@click.command()
@click.argument("decision_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Replay every decision on record.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def replay(obj: dict[str, object], decision_id: str | None, everything: bool, as_json: bool) -> None:
    """Decide DECISION_ID again from the record alone: same outcome and trace, byte for byte, or what differs.

    Exit codes: 0 all agree, 1 one differs, 2 bad input.
    """
    obj["json"] = as_json
    if everything == (decision_id is not None):
        raise click.UsageError("name one decision, or say --all")
    config = obj["config"]
    settings = load_settings(config if isinstance(config, Path) else None)
    if not path_of(settings.database_url).is_file():
        raise SettingsError(f"there is no ledger at `{path_of(settings.database_url)}`", "check `database_url`")
    store = Store(settings.database_url, settings.busy_seconds)
    try:
        ledger = Ledger(store)
        found = _all(ledger) if decision_id is None else [_one(ledger, decision_id)]
    finally:
        store.close()
    differing = [result for result in found if not result]
    if as_json:
        data = {"replayed": len(found), "differing": {r.entry_id: list(r.differs) for r in differing}}
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    else:
        for result in differing:
            OUT.print(f"{result.entry_id}: {'; '.join(result.differs)}", markup=False)
        words = "[green]all agree[/]" if not differing else f"[bold red]{len(differing)} differ[/]"
        OUT.print(f"{len(found):,} replayed, {words}")
    if differing:
        raise click.exceptions.Exit(1)


def _one(ledger: Ledger, decision_id: str) -> Replay:
    try:
        body = ledger.get(decision_id)
    except LedgerUnavailable as damaged:
        return Replay(decision_id, (damaged.message,))
    if body is None:
        raise UnknownDecision(f"there is no decision `{decision_id}`", "its id is `decision_id` of the answer")
    return Replayer(ledger).replay(body)


def _all(ledger: Ledger) -> list[Replay]:
    replayer = Replayer(ledger)
    found = []
    with progress_bar("replaying") as (progress, task):
        progress.update(task, total=ledger.size())
        for entry in ledger.entries():
            if not entry.sound:
                found.append(Replay(entry.receipt.entry_id, ("the record itself has been changed: see audit verify",)))
                continue
            body = entry.read()
            if body.get("kind") == "decision":
                found.append(replayer.replay(body))
            progress.advance(task)
    return found
