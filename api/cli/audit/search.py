"""`ordain audit search`: entries by what they say."""

from __future__ import annotations

import json
from typing import Any

import click

from ordain.api.cli.audit.query import check_found, make_query, query_options
from ordain.api.cli.audit.readers import access, reader_options
from ordain.api.cli.audit.rows import print_rows
from ordain.api.cli.finite import COUNT
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.records.export import places_with
from ordain.audit.records.readings import check_purpose, note_search
from ordain.audit.records.search import Looked, matching, search
from ordain.audit.records.shown import entry_shown, found_shown


@click.command("search")
@query_options
@click.option("--open", "opened", is_flag=True, help="Show what is private of each, too.")
@click.option("--oldest-first", is_flag=True, help="In the order of the log. Default: the newest first.")
@click.option("--limit", type=COUNT, default=100, show_default=True, help="Maximum results.")
@reader_options
@json_option("Print one JSON object per line.")
@click.pass_obj
def search_command(
    call: Invocation,
    /,
    limit: int,
    oldest_first: bool,
    name: str | None,
    purpose: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Find entries. All conditions given must hold.

    No more is told of a decision than verdict, rules and policies, and not about whom, unless a condition asks for more
    of what is sealed: --subject, --decision, --denied-by, --review, --at-since, --at-until, --outcome, --where; or
    --open. Then the reading itself goes on record, before anything is shown.

    Exit codes: 0 done, found or not; 2 bad input, a name that is not known among it; 3 the ledger cannot be read, or
    the reading not recorded.
    """
    settings = load_settings(call.config)
    query, by = make_query(settings.zone, limit, newest=not oldest_first, **given), access(settings, name, purpose)
    looked = Looked()
    if query.is_personal:
        check_purpose(by)
    with opened_ledger(call.config) as opened, progress_bar("searching") as (progress, task):

        def show_progress(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if query.is_personal:
            records, places = list(search(opened.reader, query, show_progress, looked)), None
            for record in records:
                places = places_with(places, record)
            note_search(opened, "search", by, query, [str(each.entry.id) for each in records], places=places)
            rows = list(map(found_shown, records))
        else:
            told = matching(opened.reader, query, show_progress, looked)
            rows = [entry_shown(record.entry, record.envelope) for record in told]
        check_found(len(rows) + looked.unreadable, opened.reader, query, settings)
    if as_json:
        for row in rows:
            OUT.print(json.dumps(row, ensure_ascii=False), markup=False)
    else:
        print_rows(rows, personal=query.is_personal)
        OUT.print(f"{len(rows):,} found" + (f" (the maximum is {limit:,}: see --limit)" if len(rows) == limit else ""))
    if looked.unreadable:
        ERR.print(
            f"{looked.unreadable:,} more can no longer be read, or are restricted: what was decided in them is unknown"
        )
