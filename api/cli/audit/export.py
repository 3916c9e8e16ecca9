"""`ordain audit export`: records as a file for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.audit.query import check_found, make_query, query_options
from ordain.api.cli.audit.readers import access, legal_claim_option, reader_options
from ordain.api.cli.finite import COUNT
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.limits import LIMITS as AUDIT
from ordain.audit.records.export import Exported, Format, export, records_for
from ordain.audit.records.masking import Role
from ordain.audit.records.readings import note_search
from ordain.audit.records.search import Looked
from ordain.engine.errors import MalformedRequest, counted


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format",
    "format_name",
    type=click.Choice([format.value for format in Format]),
    help="Default: by the file's suffix.",
)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.PUBLIC.value,
    show_default=True,
    help="Who may read it: reviewer sees all, analyst no personal fact and ids of this export, public only envelopes.",
)
@query_options
@click.option("--limit", type=COUNT, help="Maximum results.")
@click.option(
    "--alike",
    type=click.IntRange(2, 1_000_000),
    help=f"How many people at least share what a row for an analyst shows.  [default: {AUDIT.alike}]",
)
@click.option("--bom", is_flag=True, help="Begin a CSV with a byte order mark, which Excel needs.")
@click.option("--replace", is_flag=True, help="Replace the file if it exists.")
@legal_claim_option
@reader_options
@json_option("Print the counts as JSON.")
@click.pass_obj
def export_command(
    call: Invocation,
    /,
    file: Path,
    format_name: str | None,
    role: str,
    limit: int | None,
    alike: int | None,
    bom: bool,
    replace: bool,
    legal_claim: str | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Write entries to FILE as JSON Lines, CSV, XLSX or Parquet, as one role may see them.

    The file appears once it is whole; only its owner may read it. An export that holds or was chosen by what is
    personal goes on record before that.

    Exit codes: 0 written, 2 bad input or the file cannot be written, 3 the ledger cannot be read, or the reading
    not recorded.
    """
    settings = load_settings(call.config)
    by = access(settings, name, purpose, legal_claim)
    query, format = make_query(settings.zone, limit, **given), _format(file, format_name)
    if bom and format is not Format.CSV:
        raise MalformedRequest("--bom is of CSV", "leave it out")
    seen, looked = Role(role), Looked()
    if alike is not None and seen is not Role.ANALYST:
        raise MalformedRequest("--alike is of exports for analysts", "leave it out, or add --role analyst")
    personal = seen is not Role.PUBLIC or query.is_personal
    with (
        opened_ledger(call.config, restricted=legal_claim is not None) as opened,
        progress_bar("exporting") as (bar, task),
    ):

        def confirm(exported: Exported) -> None:
            check_found(exported.entries + looked.unreadable, opened.reader, query, settings)
            if personal:
                told = {"role": str(seen), "file": exported.path.name}
                note_search(opened, "export", by, query, exported.ids, exported.entries, exported.places, **told)

        def show(at: int, total: int) -> None:
            bar.update(task, completed=at, total=total)

        records = records_for(seen, opened.reader, query, show, looked)
        shared = AUDIT.alike if alike is None else alike
        done = export(
            records, opened.reader, file, format, seen, replace=replace, mark=bom, alike=shared, confirm=confirm
        )
    counts = {"file": str(file), "entries": done.entries, "unreadable": looked.unreadable, "export": done.made_for}
    if personal:
        counts["statuses"] = dict(done.statuses)
    if as_json:
        OUT.print(json.dumps(counts, ensure_ascii=False), markup=False)
    else:
        said = ", ".join(f"{count:,} {status}" for status, count in sorted(done.statuses.items()))
        OUT.print(
            f"{counted(done.entries, 'entry', 'entries')} in {file}" + (f" ({said})" if personal and said else ""),
            markup=False,
        )
        if seen is Role.ANALYST:
            OUT.print(_how_alike(done.made_for), markup=False)


def _how_alike(made_for: dict[str, Any]) -> str:
    coarser, masked, unlinked = (counted(made_for[name], "row") for name in ("coarser", "masked", "unlinked"))
    return (
        f"so that at least {made_for['alike']} people share what a row shows: {coarser} made coarser, {masked} masked, "
        f"{unlinked} without an id of the subject"
    )


def _format(file: Path, named: str | None) -> Format:
    suffix = {"ndjson": "jsonl"}.get(file.suffix[1:].lower(), file.suffix[1:].lower())
    try:
        return Format(named or suffix)
    except ValueError:
        raise MalformedRequest(
            f"`{file}` has no known format", "let its name end in .jsonl, .csv, .xlsx or .parquet, or give --format"
        ) from None
