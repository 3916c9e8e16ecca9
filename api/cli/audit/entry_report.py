"""`ordain audit report`: counts, and samples with their proofs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ordain.api.cli.audit.query import check_found, make_query, query_options
from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.audit.rows import print_rows
from ordain.api.cli.finite import COUNT
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.proving import NO_CHECKPOINT, proof_file
from ordain.audit.ledger.reader import Record
from ordain.audit.records.counting import DIMENSIONS, NONE, OUTCOME, Counts, count, draw, needs_private, passing
from ordain.audit.records.query import Condition, Query
from ordain.audit.records.readings import check_purpose, note_search
from ordain.audit.records.search import Looked
from ordain.audit.records.shown import entry_shown, found_shown
from ordain.engine.errors import ExportFailed, MalformedRequest, NotCovered, counted, reason_of

Json = dict[str, Any]
_BY = ("service", "status")


@click.command("report")
@query_options
@click.option(
    "--by", multiple=True, metavar="WHAT", help=f"Count by this: {', '.join(DIMENSIONS)}, outcome.PATH. Repeatable."
)
@click.option("--sample", "size", type=COUNT, help="In place of counts, this many entries at random.")
@click.option("--seed", metavar="TEXT", help="The same seed draws the same sample.")
@click.option(
    "--proofs", type=click.Path(path_type=Path, file_okay=False), help="A new folder for a proof of each of them."
)
@reader_options
@json_option("Print the report as JSON.")
@click.pass_obj
def report_command(
    call: Invocation,
    /,
    by: tuple[str, ...],
    size: int | None,
    seed: str | None,
    proofs: Path | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Count entries, or take a sample of them with their proofs. Conditions are those of a search.

    Without --by, counted by service and status. An entry counts under each of its rules, policies and models. Months
    and days are the tenant's. The sample is of those entries whose SHA-256 of SEED:ENTRY_ID is the smallest, so
    anybody can draw it again.

    Exit codes: 0 done; 2 bad input, a name that is not known among it; 3 the ledger cannot be read, or the reading
    not recorded.
    """
    _check(by, size, seed, proofs)
    settings = load_settings(call.config)
    query, reading = make_query(settings.zone, None, **given), access(settings, name, purpose)
    by = by or _BY
    if size is None and needs_private(by):
        query = replace(query, opened=True)
    if query.is_personal:
        check_purpose(reading)
    looked = Looked()
    with opened_ledger(call.config) as opened, progress_bar("reading") as (progress, task):

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        drawn: list[Record] = []
        counts = Counts()
        if size is None:
            read = passing(opened.reader, query, show, looked)
            counts = count(read, by, settings.zone)
            entries = read.entries
            if query.is_personal:
                note_search(opened, "report", reading, query, read.ids, entries, read.places)
        else:
            drawn, entries = draw(opened, query, size, str(seed), reading, "report", show, looked)
        check_found(entries + looked.unreadable, opened.reader, query, settings)
        if nowhere := _nowhere(counts, by):
            check_found(0, opened.reader, replace(query, outcome=nowhere), settings)
        files = {} if proofs is None else _proofs(opened, drawn, proofs)
        key = opened.identity.key
    if size is None:
        _show_counts(counts, by, looked, as_json)
    else:
        _show_sample(drawn, entries, str(seed), query, files, key, as_json)
    if looked.unreadable or counts.unreadable:
        ERR.print(f"{looked.unreadable + counts.unreadable:,} more can no longer be read, or are restricted")


def _check(by: tuple[str, ...], size: int | None, seed: str | None, proofs: Path | None) -> None:
    if size is None and (seed is not None or proofs is not None):
        raise MalformedRequest("--seed and --proofs are of a --sample", "say how many: --sample 25")
    if size is not None and by:
        raise MalformedRequest("--by counts, and --sample does not", "ask for one of them")
    if seed is not None and not seed.strip():
        raise MalformedRequest("`--seed` is empty", "let whoever asks for the sample choose it: --seed 42")
    if size is not None and seed is None:
        raise MalformedRequest("a --sample needs a --seed", "let whoever asks for the sample choose it: --seed 42")
    if proofs is not None and proofs.exists():
        raise ExportFailed(f"`{proofs}` already exists", "name a new folder")


def _nowhere(counts: Counts, by: tuple[str, ...]) -> tuple[Condition, ...]:
    """The parts of outcomes that were asked for and that no entry has: there may be no such part."""
    found = zip(by, map(set, zip(*counts.rows, strict=True)), strict=False)
    return tuple(
        Condition(name.removeprefix(OUTCOME), "")
        for name, values in found
        if name.startswith(OUTCOME) and values == {NONE}
    )


def _proofs(opened: OpenLedger, drawn: list[Record], folder: Path) -> dict[str, str]:
    """Writes the proof of each, and says by the entry's id in which file it is."""
    texts = {}
    for record in drawn:
        try:
            texts[str(record.entry.id)] = proof_file(opened.store, opened.reader, record.entry.id, opened.published)
        except NotCovered as error:
            raise NotCovered(error.message, NO_CHECKPOINT) from None
    try:
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name}.tlog-proof").write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ExportFailed(f"`{folder}` cannot be written: {reason_of(error)}") from None
    return {name: str(folder / f"{name}.tlog-proof") for name in texts}


def _show_counts(counts: Counts, by: tuple[str, ...], looked: Looked, as_json: bool) -> None:
    if as_json:
        rows = [{**dict(zip(by, values, strict=True)), "count": number} for values, number in counts.sorted()]
        told = {"entries": counts.entries, "unreadable": looked.unreadable + counts.unreadable, "by": list(by)}
        OUT.print(json.dumps({**told, "counts": rows}, ensure_ascii=False), markup=False)
        return
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for name in by:
        grid.add_column(name, overflow="fold")
    grid.add_column("count", justify="right", no_wrap=True)
    for values, number in counts.sorted():
        grid.add_row(*values, f"{number:,}")
    OUT.print(grid)
    OUT.print(counted(counts.entries, "entry", "entries"))


def _show_sample(
    drawn: list[Record], of: int, seed: str, query: Query, files: dict[str, str], key: str, as_json: bool
) -> None:
    rows = [found_shown(each) if query.is_personal else entry_shown(each.entry, each.envelope) for each in drawn]
    if as_json:
        entries = [{**row, "proof": files.get(row["entry_id"])} for row in rows]
        told = {"of": of, "seed": seed, "key": key, "entries": entries}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    print_rows(rows, personal=query.is_personal)
    OUT.print(f"{len(rows):,} of {of:,}, drawn with the seed {seed}", markup=False)
    if files:
        OUT.print(f"their proofs are files of one folder; they verify with the key {key}", markup=False)
