"""`ordain audit verify`: the whole log recomputed from its stored bytes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.audit.verify_proof import known_key
from ordain.api.cli.terminal import OUT, progress_bar
from ordain.api.keys import MASTER, secret_of
from ordain.api.ledger import place_folders, require_ledger, settings_of
from ordain.api.settings import Settings
from ordain.audit.store.schema import HEAD
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Evidence


@click.command("verify")
@click.option("--from", "start", type=click.IntRange(min=0), help="Start at this leaf index.")
@click.option("--to", "end", type=click.IntRange(min=1), help="Stop before this leaf index.")
@click.option("--sample", type=click.IntRange(min=1), help="Check this many random entries, by their proofs.")
@click.option("--seed", type=int, help="The same seed takes the same sample.")
@click.option("--anchor", "anchors", multiple=True, type=click.Path(path_type=Path), help="An anchor folder.")
@click.option("--no-anchors", is_flag=True, help="Do not compare with the anchors in the settings.")
@click.option("--key", help="The public key that you trust, or a file with it.")
@click.option("--open", "opens", is_flag=True, help="Decrypt every payload too; needs the master key.")
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
@click.pass_obj
def verify_command(
    obj: dict[str, object],
    start: int | None,
    end: int | None,
    sample: int | None,
    seed: int | None,
    anchors: tuple[Path, ...],
    no_anchors: bool,
    key: str | None,
    opens: bool,
    as_json: bool,
) -> None:
    """Recompute the log from its stored bytes: entries, payloads, tree, signatures, anchors, erasures, texts.

    The verifier shares no code with what wrote the log. It only reads, and needs no key but the public one in the log;
    with --key it is held against the one that you know.

    Exit codes: 0 it holds; 2 there is no ledger; else the first class of what is wrong: 10 content, 11 payload,
    12 tree, 13 signature, 14 anchor, 15 erasure, 16 document, 17 file.
    """
    obj["json"] = as_json
    settings = settings_of(obj)
    require_ledger(settings)
    master = secret_of(MASTER, settings.keys / "master.key") if opens else None
    with progress_bar("verifying") as (progress, task):
        found = verify(
            settings.database_url,
            start=start,
            end=end,
            sample=sample,
            seed=seed,
            anchors=_anchors(settings, anchors, no_anchors),
            key=None if key is None else known_key(key),
            master_key=master,
            revisions=(HEAD,),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        OUT.print(json.dumps(found.data(), ensure_ascii=False), markup=False)
    else:
        _show(found)
    if not found:
        raise click.exceptions.Exit(found.exit_code)


def _anchors(settings: Settings, named: tuple[Path, ...], none: bool) -> list[Path]:
    if none:
        return []
    return list(named) or [folder for folder in place_folders(settings) if folder.exists() or settings.anchors]


def _show(found: Evidence) -> None:
    for finding in found.findings:
        OUT.print(str(finding), markup=False)
    if found.unnamed:
        OUT.print(f"and {found.unnamed:,} more like these")
    if not found:
        OUT.print(f"[bold red]does not hold[/]: {len(found.findings) + found.unnamed:,} findings, {found.scope}")
        return
    parts = [f"{found.checked:,} of {found.entries:,} entries", f"{found.documents} texts"]
    if found.erased:
        parts.append(f"{found.erased:,} erased, still proven")
    if found.expired:
        parts.append(f"{found.expired:,} removed by age, still proven")
    if found.unsigned or found.unsequenced:
        parts.append(f"{found.unsigned + found.unsequenced:,} not signed yet")
    parts.append(f"checkpoint of {found.checkpoint_size:,}, root {found.checkpoint_root[:16]}...")
    parts.append(f"{found.anchors} anchor places" if found.anchors else "[yellow]no anchor place compared[/]")
    OUT.print(f"[green]holds[/]: {', '.join(parts)}")
