"""`ordain audit erase`, `hold` and `retain`: what may no longer be kept, and what must be."""

from __future__ import annotations

import datetime as dt
import json

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.audit.query import check_found
from ordain.api.cli.finite import DAYS
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.erasing import from_features
from ordain.api.facts.late_store import LateStore
from ordain.api.ledger import opened_ledger
from ordain.api.settings import load_settings
from ordain.audit.privacy.erasure import Erased, Erasure, erase, erase_due, hold
from ordain.audit.privacy.retention import retain
from ordain.audit.records.query import Query
from ordain.audit.rows.recorded_runs import count_runs
from ordain.engine.errors import UnknownSubject, counted

_AS = click.option("--as", "name", help="Who asks for it. Default: the user of this machine.")
_REASON = click.option("--reason", default="", help="The reason; goes on record, encrypted. No personal data.")
_JSON = json_option("Print the result as JSON.")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("erase")
@click.argument("subject", required=False)
@click.option("--due", is_flag=True, help="Erase everybody whose erasure was requested earlier and is allowed now.")
@click.option("--not-before", type=_DAY, help="Do not erase before this date: the law requires the records.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@_REASON
@_AS
@_JSON
@click.pass_obj
def erase_command(
    call: Invocation,
    subject: str | None,
    due: bool,
    not_before: dt.datetime | None,
    yes: bool,
    reason: str,
    name: str | None,
    as_json: bool,
) -> None:
    """Erase SUBJECT: destroy the key of everything on record about that customer. This cannot be undone.

    What the feature store has of SUBJECT is erased first and at once, unless a legal hold stands. If the store cannot
    be reached, nothing is erased: ask again.

    While a legal hold stands, or the records must be kept, the subject is restricted instead: kept, and not shown.
    Run `ordain audit erase --due` each day to erase those whose day has come.

    The outputs of runs over tables (`ordain batch`) are files of yours: `ordain audit rows erase` erases from them.

    Exit codes: 0 erased, 4 restricted for now, 2 bad input, 3 not recorded, or the feature store cannot be reached.
    """
    if due == (subject is not None):
        raise click.UsageError("name one subject, or give --due")
    if subject is not None and not (yes or as_json):
        click.confirm(f"Erase everything on record about `{subject}`, for good?", abort=True, err=True)
    private = {"actor": actor(name), "reason": reason}
    settings = load_settings(call.config)
    with opened_ledger(call.config) as opened, LateStore(settings) as features:
        keep, beside = dt.timedelta(days=settings.keep_days), from_features(features)
        runs = count_runs(opened)
        if subject is None:
            erasure = erase_due(opened, private=private, keep=keep, beside=beside)
        else:
            day = None if not_before is None else not_before.date()
            try:
                erasure = erase(opened, subject, private=private, keep=keep, not_before=day, beside=beside)
            except UnknownSubject as error:
                hint = f"; {_of_runs(runs)}" if runs else ""
                raise UnknownSubject(error.message, error.issues[0].hint + hint) from None
    if as_json:
        OUT.print(json.dumps(erasure.data() | ({"runs": runs} if runs else {})), markup=False)
    else:
        OUT.print(_describe(erasure), markup=False)
        if erasure.receipt is not None:
            OUT.print(f"on record: {erasure.receipt.entry_id}, leaf hash {erasure.receipt.leaf_hash}", markup=False)
        if erasure.left:
            OUT.print(f"bytes of the destroyed key may still be in the database's files: {erasure.left}", markup=False)
        if runs:
            OUT.print(_of_runs(runs), markup=False)
    if erasure.status is not Erased.DONE:
        raise click.exceptions.Exit(4)


def _of_runs(runs: int) -> str:
    those = "one run over a table is" if runs == 1 else f"{runs:,} runs over tables are"
    return f"{those} on record, whose outputs this does not touch: ordain audit rows erase OUTPUT --key ..."


def _describe(erasure: Erasure) -> str:
    number = counted(erasure.entries, "entry", "entries")
    if erasure.status is not Erased.DONE:
        number += " is" if erasure.entries == 1 else " are"
    match erasure.status:
        case Erased.DONE:
            return f"erased: nobody can read the private parts of {number}; their proofs still hold"
        case Erased.HELD:
            return f"restricted by a legal hold: {number} kept and not shown"
        case Erased.RESTRICTED:
            return f"restricted: {number} kept until {erasure.not_before} and not shown"


@click.command("hold")
@click.argument("subject")
@click.option("--release", is_flag=True, help="End the hold.")
@_REASON
@_AS
@_JSON
@click.pass_obj
def hold_command(call: Invocation, subject: str, release: bool, reason: str, name: str | None, as_json: bool) -> None:
    """Put a legal hold on SUBJECT: nothing on record about that customer is erased, or removed by age."""
    with opened_ledger(call.config) as opened:
        receipt = hold(opened, subject, not release, private={"actor": actor(name), "reason": reason})
    if as_json:
        told = {"entry_id": receipt.entry_id, "leaf_hash": receipt.leaf_hash}
        OUT.print(json.dumps({"held": not release, "receipt": told}), markup=False)
        return
    OUT.print("the hold is released" if release else "held: nothing about this subject is erased until --release")
    OUT.print(f"on record: {receipt.entry_id}, leaf hash {receipt.leaf_hash}", markup=False)


@click.command("retain")
@click.option("--days", type=DAYS, help="Keep entries younger than this many days.")
@click.option("--before", type=_DAY, help="Keep entries recorded on this date (UTC) or later.")
@click.option("--service", help="Only decisions of this service.")
@click.option("--jurisdiction", help="Only decisions under this law, as the envelope names it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@_REASON
@_AS
@_JSON
@click.pass_obj
def retain_command(
    call: Invocation,
    days: int | None,
    before: dt.datetime | None,
    service: str | None,
    jurisdiction: str | None,
    dry_run: bool,
    yes: bool,
    reason: str,
    name: str | None,
    as_json: bool,
) -> None:
    """Remove the private parts of old entries; their envelopes stay, and all proofs hold.

    What a legal hold protects stays, and so do what is about nobody and all that is younger than `keep_days`. On
    PostgreSQL whole months are dropped.

    Exit codes: 0 done, 2 bad input, a service or law that is not known among it, 3 not recorded.
    """
    settings = load_settings(call.config)
    if (days is None) == (before is None):
        raise click.UsageError("give --days or --before")
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(days=days) if days is not None else before
    assert limit is not None  # noqa: S101 - one of both is given
    limit = limit.astimezone(dt.UTC) if limit.tzinfo else limit.replace(tzinfo=dt.UTC)
    if not (yes or as_json or dry_run):
        click.confirm(f"Remove what was recorded before {limit:%Y-%m-%d %H:%M} UTC, for good?", abort=True, err=True)
    with opened_ledger(call.config) as opened:
        retained = retain(
            opened,
            limit,
            private={"actor": actor(name), "reason": reason},
            keep=dt.timedelta(days=settings.keep_days),
            service=service,
            jurisdiction=jurisdiction,
            dry_run=dry_run,
        )
        check_found(retained.payloads, opened.reader, Query(service=service, jurisdiction=jurisdiction), settings)
    number = counted(retained.payloads, "entry", "entries")
    if as_json:
        OUT.print(
            json.dumps(
                {
                    "payloads": retained.payloads,
                    "erased": retained.erased,
                    "partitions": retained.partitions,
                    "dry_run": dry_run,
                }
            ),
            markup=False,
        )
    elif dry_run:
        OUT.print(f"would be removed: the private parts of {number}; nothing was removed")
    else:
        OUT.print(f"removed: the private parts of {number}; their proofs still hold")
