"""`ordain audit search`: entries by what they say."""

from __future__ import annotations

import json
from typing import Any

import click

from ordain.api.cli.audit.query import make_query, query_options
from ordain.api.cli.audit.readers import Access, access, note_reading, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.ledger import opened_ledger
from ordain.api.limits import LIMITS
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import StoredEntry
from ordain.audit.explain.plain_words import one_line, words
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.search import Looked, Query, matching, search

Json = dict[str, Any]

_RULES = LIMITS.listed_rules


@click.command("search")
@query_options
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Maximum results.")
@reader_options
@json_option("Print one JSON object per line.")
@click.pass_obj
def search_command(
    call: Invocation, /, limit: int, name: str | None, purpose: str | None, as_json: bool, **given: Any
) -> None:
    """Find entries. All conditions given must hold.

    Without --subject, --decision and --outcome only envelopes are read, which hold nothing personal. With one of them
    the reading itself goes on record, before anything is shown.

    Exit codes: 0 done, found or not; 2 bad input; 3 the ledger cannot be read, or the reading not recorded.
    """
    query = make_query(load_settings(call.config).zone, limit, **given)
    looked = Looked()
    with opened_ledger(call.config) as opened, progress_bar("searching") as (progress, task):

        def show_progress(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if query.is_personal:
            records = list(search(opened.reader, query, show_progress, looked))
            _note(opened, query, [str(record.entry.id) for record in records], access(name, purpose))
            rows = [
                {**_row(record.entry, record.envelope), "status": str(record.status), **_private(record.private)}
                for record in records
            ]
        else:
            rows = [_row(entry, envelope) for entry, envelope in matching(opened.reader, query, show_progress)]
    if as_json:
        for row in rows:
            OUT.print(json.dumps(row, ensure_ascii=False), markup=False)
    else:
        for row in rows:
            OUT.print(_line(row, personal=query.is_personal), markup=False)
        OUT.print(f"{len(rows):,} found" + (f" (the maximum is {limit:,}: see --limit)" if len(rows) == limit else ""))
    if looked.unreadable:
        ERR.print(
            f"{looked.unreadable:,} more can no longer be read, or are restricted: what was decided in them is unknown"
        )


def _note(opened: OpenLedger, query: Query, ids: list[str], by: Access) -> None:
    # A subject that the ledger does not know gets no key by being asked for: its id is left out.
    known = query.subject if ids else None
    shown = {name: value for name, value in query.as_json().items() if known or name != "subject"}
    note_reading(opened, "search", by, ids, query=shown, subject=known)


def _row(entry: StoredEntry, envelope: Json) -> Json:
    return {
        "id": str(entry.id),
        "leaf_index": entry.leaf_index,
        "time": envelope["time"],
        "kind": envelope["kind"],
        "service": envelope["service"],
        "verdict": envelope["outcome_class"],
        "policies": [f"{policy['policy']}@{policy['version']}" for policy in envelope["policies"]],
        "rules": envelope["reason_codes"],
        "about": envelope["about"],
    }


def _private(private: Json | None) -> Json:
    known = private or {}
    untold = {NOT_RESTORED: known[NOT_RESTORED]} if NOT_RESTORED in known else {}
    return {**{name: known.get(name) for name in ("subject", "outcome")}, **untold}


def _line(row: Json, *, personal: bool) -> str:
    said = [row["service"] or row["kind"], *([row["verdict"]] if row["verdict"] else [])]
    if not personal:
        rules = [code.rpartition("/")[2] for code in row["rules"]]
        said += [", ".join(rules[:_RULES]) + (f" and {len(rules) - _RULES} more" if len(rules) > _RULES else "")]
        said += [", ".join(f"{name} {words(value, '')}" for name, value in row["about"].items())]
    elif row["outcome"] is None and row["status"] != Status.READABLE:
        said += [row["status"]]
    elif row["outcome"] is None and NOT_RESTORED in row:
        said += ["cannot be read any more"]
    else:
        said += [row["subject"] or "", words(row["outcome"], "")]
    return one_line("  ".join([row["id"], f"{row['time'][:19]}Z", *filter(None, said)]))
