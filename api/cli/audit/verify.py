"""`ordain audit verify`: the whole log recomputed from its stored bytes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordain.api.cli.audit.verify_proof import known_key, read_file
from ordain.api.cli.finite import COUNT, PLACE
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.keys import MASTER, secret_of
from ordain.api.ledger import compared_places, require_ledger
from ordain.api.settings import Settings, load_settings
from ordain.audit.store.schema import REVISIONS
from ordain.audit.verifier.check import verify
from ordain.audit.verifier.findings import Evidence
from ordain.engine.errors import MalformedRequest, SettingsError, reason_of


@click.command("verify")
@click.option("--from", "start", type=PLACE, help="Start at this leaf index.")
@click.option("--to", "end", type=COUNT, help="Stop before this leaf index.")
@click.option("--sample", type=COUNT, help="Check this many random entries, by their proofs.")
@click.option("--seed", type=int, help="The same seed takes the same sample.")
@click.option("--proofs", type=click.Path(path_type=Path, file_okay=False), help="Write the sample's proofs there.")
@click.option("--anchor", "anchors", multiple=True, type=click.Path(path_type=Path), help="An anchor folder.")
@click.option("--no-anchors", is_flag=True, help="Compare with no anchors but those that --anchor names.")
@click.option("--key", help="The public key that you trust, or a file with it.")
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A signed receipt, whose entry must be there; may be given again.",
)
@click.option("--open", "opens", is_flag=True, help="Decrypt every payload too; needs the master key.")
@json_option("Print the evidence as JSON.")
@click.pass_obj
def verify_command(
    call: Invocation,
    start: int | None,
    end: int | None,
    sample: int | None,
    seed: int | None,
    proofs: Path | None,
    anchors: tuple[Path, ...],
    no_anchors: bool,
    key: str | None,
    receipts: tuple[Path, ...],
    opens: bool,
    as_json: bool,
) -> None:
    """Recompute the log from its stored bytes: entries, payloads, tree, signatures, anchors, erasures, texts.

    The verifier shares no code with what wrote the log. It only reads, and needs no key but the public one in the log;
    with --key it is held against the one that you know.

    Exit codes: 0 it holds; 2 there is no ledger; else the first class of what is wrong: 10 content, 11 payload,
    12 tree, 13 signature, 14 anchor, 15 erasure, 16 document, 17 file.
    """
    if seed is not None and sample is None:
        raise MalformedRequest("`--seed` is that of a sample", "give `--sample`, too")
    if proofs is not None and sample is None:
        raise click.UsageError("--proofs goes with --sample")
    settings = load_settings(call.config)
    require_ledger(settings)
    compared, gone = _anchors(settings, anchors, no_anchors)
    master = secret_of(MASTER, settings.keys / "master.key") if opens else None
    with progress_bar("verifying") as (progress, task):
        evidence = verify(
            settings.database_url,
            start=start,
            end=end,
            sample=sample,
            seed=seed,
            anchors=compared,
            lost=gone,
            key=None if key is None else known_key(key),
            master_key=master,
            revisions=REVISIONS,
            receipts=[read_file(receipt) for receipt in receipts],
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if proofs is not None:
        _write_proofs(evidence, proofs)
    if as_json:
        OUT.print(json.dumps(evidence.data(), ensure_ascii=False), markup=False)
    else:
        _show(evidence)
    if not evidence:
        raise click.exceptions.Exit(evidence.exit_code)


def _anchors(settings: Settings, named: tuple[Path, ...], none: bool) -> tuple[list[Path], list[Path]]:
    """Those to compare with, and those that should be there and are not."""
    if named or none:
        return list(named), []
    return compared_places(settings)


def _write_proofs(evidence: Evidence, folder: Path) -> None:
    """One file for each entry of a sample that the newest checkpoint covers."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in evidence.sampled:
            if one.proof:
                file = folder / f"{one.leaf_index:012}-{one.entry_id}.tlog-proof"
                file.write_text(one.proof, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError(
            f"`{folder}` cannot be written: {reason_of(error)}", "check its rights and the disk"
        ) from None


def _show(evidence: Evidence) -> None:
    for one in evidence.sampled:
        OUT.print(f"{one.leaf_index}  {one.entry_id}", markup=False)
    if evidence.seed is not None:
        OUT.print(f"drawn by --sample {len(evidence.sampled)} --seed {evidence.seed}", markup=False)
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
