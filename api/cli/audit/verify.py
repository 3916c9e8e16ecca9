"""`ordain audit verify`: the whole log recomputed from its stored bytes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.audit.verify_proof import known_key
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.keys import MASTER, secret_of
from ordain.api.ledger import place_folders, require_ledger
from ordain.api.settings import Settings, load_settings
from ordain.audit.store.schema import HEAD, OLDEST
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
@json_option("Print the evidence as JSON.")
@click.pass_obj
def verify_command(
    call: Invocation,
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
    settings = load_settings(call.config)
    require_ledger(settings)
    master = secret_of(MASTER, settings.keys / "master.key") if opens else None
    with progress_bar("verifying") as (progress, task):
        evidence = verify(
            settings.database_url,
            start=start,
            end=end,
            sample=sample,
            seed=seed,
            anchors=_anchors(settings, anchors, no_anchors),
            key=None if key is None else known_key(key),
            master_key=master,
            revisions=(OLDEST, HEAD),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        OUT.print(json.dumps(evidence.data(), ensure_ascii=False), markup=False)
    else:
        _show(evidence)
    if not evidence:
        raise click.exceptions.Exit(evidence.exit_code)


def _anchors(settings: Settings, named: tuple[Path, ...], none: bool) -> list[Path]:
    if none:
        return []
    return list(named) or [folder for folder in place_folders(settings) if folder.exists() or settings.anchors]


def _show(evidence: Evidence) -> None:
    for finding in evidence.findings:
        OUT.print(str(finding), markup=False)
    if evidence.unnamed:
        OUT.print(f"and {evidence.unnamed:,} more like these")
    if not evidence:
        OUT.print(
            f"[bold red]does not hold[/]: {len(evidence.findings) + evidence.unnamed:,} findings, {evidence.scope}"
        )
        return
    parts = [f"{evidence.checked:,} of {evidence.entries:,} entries", f"{evidence.documents} texts"]
    if evidence.erased:
        parts.append(f"{evidence.erased:,} erased, still proven")
    if evidence.expired:
        parts.append(f"{evidence.expired:,} removed by age, still proven")
    if evidence.unsigned or evidence.unsequenced:
        parts.append(f"{evidence.unsigned + evidence.unsequenced:,} not signed yet")
    parts.append(f"checkpoint of {evidence.checkpoint_size:,}, root {evidence.checkpoint_root[:16]}...")
    parts.append(f"{evidence.anchors} anchor places" if evidence.anchors else "[yellow]no anchor place compared[/]")
    OUT.print(f"[green]holds[/]: {', '.join(parts)}")
