"""`ordain audit export`: records as a file for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.audit.query import make_query, query_options
from ordain.api.cli.audit.readers import Access, access, legal_claim_option, note_reading, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Record
from ordain.audit.records.export import Exported, Format, export
from ordain.audit.records.masking import Role
from ordain.audit.records.search import Looked, Progress, Query, public_records, search
from ordain.engine.errors import MalformedRequest


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
    help="Who may read it: reviewer sees all, analyst no personal fact and a pseudonym, public only envelopes.",
)
@query_options
@click.option("--limit", type=click.IntRange(min=1), help="Maximum results.")
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
    replace: bool,
    legal_claim: str | None,
    name: str | None,
    purpose: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Write entries to FILE as JSON Lines, CSV or Parquet, as one role may see them.

    The file appears once it is whole; only its owner may read it. An export that holds or was chosen by what is
    personal goes on record before that.

    Exit codes: 0 written, 2 bad input or the file cannot be written, 3 the ledger cannot be read, or the reading
    not recorded.
    """
    by = access(name, purpose, legal_claim)
    query, format = make_query(load_settings(call.config).zone, limit, **given), _format(file, format_name)
    seen, looked = Role(role), Looked()
    personal = seen is not Role.PUBLIC or query.is_personal
    with (
        opened_ledger(call.config, restricted=legal_claim is not None) as opened,
        progress_bar("exporting") as (bar, task),
    ):

        def confirm(exported: Exported) -> None:
            if personal:
                _note(opened, query, seen, by, exported)

        def show(at: int, total: int) -> None:
            bar.update(task, completed=at, total=total)

        records = _records(opened, query, personal, show, looked)
        done = export(records, opened.reader, file, format, seen, replace=replace, confirm=confirm)
    counts = {"file": str(file), "entries": done.entries, "unreadable": looked.unreadable}
    if personal:
        counts["statuses"] = dict(done.statuses)
    if as_json:
        OUT.print(json.dumps(counts, ensure_ascii=False), markup=False)
    else:
        said = ", ".join(f"{count:,} {status}" for status, count in sorted(done.statuses.items()))
        OUT.print(f"{done.entries:,} entries in {file}" + (f" ({said})" if personal and said else ""), markup=False)


def _records(opened: OpenLedger, query: Query, personal: bool, progress: Progress, looked: Looked) -> Iterator[Record]:
    if personal:
        return search(opened.reader, query, progress, looked)
    return public_records(opened.reader, query, progress)


def _note(opened: OpenLedger, query: Query, role: Role, by: Access, exported: Exported) -> None:
    asked = {**query.as_json(), "role": str(role), "file": exported.path.name}
    subject = query.subject if exported.entries else None
    if subject is None:
        asked.pop("subject", None)
    note_reading(opened, "export", by, exported.ids, entries=exported.entries, query=asked, subject=subject)


def _format(file: Path, named: str | None) -> Format:
    suffix = {"ndjson": "jsonl"}.get(file.suffix[1:].lower(), file.suffix[1:].lower())
    try:
        return Format(named or suffix)
    except ValueError:
        raise MalformedRequest(
            f"`{file}` has no known format", "let its name end in .jsonl, .csv or .parquet, or give --format"
        ) from None
