"""`ordain audit`: the ledger, checked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from api.console import OUT, progress_bar
from api.settings import load_settings
from audit.store import path_of
from audit.verify import verify


@click.group()
def audit() -> None:
    """The record of decisions."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
@click.pass_obj
def verify_command(obj: dict[str, object], as_json: bool) -> None:
    """Recompute every entry from its stored bytes: content, hash, chain, and the texts it was decided under.

    Exit codes: 0 all entries hold, 1 one does not, 2 there is no ledger.
    """
    obj["json"] = as_json
    config = obj["config"]
    path = path_of(load_settings(config if isinstance(config, Path) else None).database_url)
    with progress_bar("verifying") as (progress, task):
        found = verify(path, lambda done, total: progress.update(task, completed=done, total=total))
    if as_json:
        data = {
            "holds": bool(found),
            "entries": found.count,
            "documents": found.documents,
            "first_time": found.first_time,
            "last_time": found.last_time,
            "head": found.head,
            "findings": [str(finding) for finding in found.findings],
        }
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    elif found:
        OUT.print(f"[green]holds[/]: {found.count:,} entries, {found.documents} texts, head {found.head}")
    else:
        for finding in found.findings:
            OUT.print(str(finding), markup=False)
        OUT.print(f"[bold red]does not hold[/]: {len(found.findings)} findings in {found.count:,} entries")
    if not found:
        raise click.exceptions.Exit(1)
