"""`ordain audit package`: what a person gets who asks for their data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.audit.readers import access, own_request_option, reader_options
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import opened_ledger
from ordain.api.letters import sender_of
from ordain.api.settings import Settings, load_settings
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.package import package_of
from ordain.audit.records.query import Query
from ordain.audit.records.readings import note_reading, note_search
from ordain.audit.records.search import search
from ordain.audit.records.target import check_target
from ordain.engine.errors import UnknownSubject, counted

PURPOSE = "the person asked for their data (GDPR Articles 15 and 20)"


@click.command("package")
@click.argument("subject")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Replace the file if it exists.")
@own_request_option
@reader_options
@json_option("Print the counts as JSON.")
@click.pass_obj
def package_command(
    call: Invocation,
    subject: str,
    file: Path,
    replace: bool,
    own_request: bool,
    name: str | None,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Write all that is kept about SUBJECT to FILE, a ZIP archive for that person.

    In it are a letter for each decision, the same as data (GDPR Article 15), the facts that came with the requests in a
    form that can be taken elsewhere (Article 20), and what the feature store has. The reading goes on record before the
    file is there; only its owner may read it.

    Exit codes: 0 written, 2 nobody is known by that name or the file cannot be written, 3 the ledger or the
    feature store cannot be read, or the reading not recorded.
    """
    check_target(file, replace, ".zip")
    settings = load_settings(call.config)
    by = access(settings, name, purpose or PURPOSE, own_request=own_request)
    sender, query = sender_of(settings), Query(subject=subject, kind=Kind.DECISION)
    with opened_ledger(call.config, restricted=own_request) as opened:
        known = _known(settings, subject)
        package = package_of(search(opened.reader, query), opened.reader, sender, own_request, known)
        if not package.ids and known is None:
            raise UnknownSubject(
                f"there is no decision about `{subject}`, and nothing in the feature store",
                "a subject that was erased is not known either",
            )
        if package.ids:
            note_search(opened, "package", by, query, package.ids)
        else:
            note_reading(opened, "package", by, [], query={"subject": subject}, subject=subject, known=False)
        write_whole(file, package.archive)
        file.chmod(0o600)
    counts: dict[str, Any] = {"file": str(file), "decisions": len(package.ids), "unreadable": package.unreadable}
    counts["events"] = 0 if known is None else len(known["events"])
    if as_json:
        OUT.print(json.dumps(counts, ensure_ascii=False), markup=False)
        return
    rest = f", {package.unreadable:,} of them without their private part" if package.unreadable else ""
    OUT.print(f"{counted(len(package.ids), 'decision')} in {file}{rest}", markup=False)


def _known(settings: Settings, subject: str) -> dict[str, Any] | None:
    """What the feature store has of a person; None for nothing. Raises FeaturesUnavailable: a part is not all."""
    with LateStore(settings) as features:
        if not features.is_there:
            return None
        known: dict[str, Any] = features.opened().export(subject)
    return known if known["first_known"] is not None or known["quarantined"] else None
