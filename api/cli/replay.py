"""`ordain replay`: recorded decisions made again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from ordain.api.cli.audit.readers import HINT, parsed_id
from ordain.api.cli.finite import PLACE
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import opened_ledger
from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.reader import Status
from ordain.audit.records.fallen_back import Difference
from ordain.audit.records.replay import Replay, Replayer
from ordain.engine.errors import LedgerUnavailable, UnknownDecision


@dataclass(slots=True)
class _Counts:
    """`skipped` by status: what can no longer be read cannot be replayed. `parts`: what the differing differ in."""

    replayed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    differing: list[Replay] = field(default_factory=list)

    def add(self, result: Replay) -> None:
        if not result.replayed:
            self.skipped[str(result.status)] += 1
            return
        self.replayed += 1
        if not result:
            self.differing.append(result)
            self.parts.update({difference.part for difference in result.differs})


@click.command()
@click.argument("decision_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Replay every decision on record.")
@click.option("--from", "start", type=PLACE, help="From this entry on, by its number in the log.")
@click.option("--to", "end", type=PLACE, help="Up to this entry, excluded, by its number in the log.")
@json_option("Print the result as JSON.")
@click.pass_obj
def replay(
    call: Invocation,
    decision_id: str | None,
    everything: bool,
    start: int | None,
    end: int | None,
    as_json: bool,
) -> None:
    """Decide DECISION_ID again from the record alone: same outcome and trace, byte for byte, or what differs.

    What differs is the policy, the facts, the model's score, the engine, or the record itself. Entries that are
    erased, expired or restricted cannot be replayed; they are counted apart and are not a difference.

    Exit codes: 0 all agree, 1 one differs, 2 bad input, 3 the ledger cannot be read.
    """
    ranged = start is not None or end is not None
    if (decision_id is not None) + everything + ranged != 1:
        raise click.UsageError("name one decision, or say --all, or --from and --to")
    counts = _Counts()
    with opened_ledger(call.config) as opened:
        results = _range(opened, start or 0, end) if decision_id is None else _one(opened, decision_id)
        for result in results:
            counts.add(result)
    if as_json:
        OUT.print(json.dumps(_data(counts), ensure_ascii=False), markup=False)
    else:
        _print(counts)
    if counts.differing:
        raise click.exceptions.Exit(1)


def _one(opened: OpenLedger, decision_id: str) -> Iterator[Replay]:
    entry_id = parsed_id(decision_id)
    try:
        record = opened.reader.record(entry_id)
    except LedgerUnavailable as damaged:
        if opened.reader.entry(entry_id) is None:  # raises when it is the database that cannot be read
            raise
        yield Replay(str(entry_id), None, Status.READABLE, (Difference("record", damaged.message),))
        return
    if record is None or record.envelope.get("kind") != Kind.DECISION:
        raise UnknownDecision(f"there is no decision `{decision_id}`", HINT)
    yield Replayer(opened.reader).replay(record)


def _range(opened: OpenLedger, start: int, end: int | None) -> Iterator[Replay]:
    with progress_bar("replaying") as (progress, task):
        yield from Replayer(opened.reader).range(
            start, end, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _data(counts: _Counts) -> dict[str, object]:
    return {
        "replayed": counts.replayed,
        "agreeing": counts.replayed - len(counts.differing),
        "skipped": dict(counts.skipped),
        "parts": dict(counts.parts),
        "differing": {
            result.entry_id: [{"part": part, "message": message} for part, message in result.differs]
            for result in counts.differing
        },
    }


def _print(counts: _Counts) -> None:
    for result in counts.differing[: LIMITS.listed]:
        OUT.print(f"{result.entry_id}: {'; '.join(map(str, result.differs))}", markup=False)
    if len(counts.differing) > LIMITS.listed:
        OUT.print(f"and {len(counts.differing) - LIMITS.listed:,} more: see --json")
    if not counts.replayed:
        OUT.print("nothing was replayed")
        return _print_skipped(counts)
    words = f"[bold red]{len(counts.differing):,} differ[/]" if counts.differing else "[green]all agree[/]"
    OUT.print(f"{counts.replayed:,} replayed, {words}")
    return _print_skipped(counts)


def _print_skipped(counts: _Counts) -> None:
    for status, count in sorted(counts.skipped.items()):
        OUT.print(f"{count:,} {status}: cannot be replayed")
