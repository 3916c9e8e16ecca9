"""`ordain decide SERVICE --table FILE`: a decision for each row, and a run that can be gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ordain.api.ask import Ask
from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.report import report
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_tables.answers_file import is_same
from ordain.api.cli.whole_tables.asks_file import Table, read_asks
from ordain.api.cli.whole_tables.batch_run import BatchRun, Ran
from ordain.api.cli.whole_tables.seen_table import SeenTable
from ordain.api.cli.whole_tables.several_processes import Helpers, Work, helpers
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.api.settings import Settings, load_settings
from ordain.engine.errors import ExportFailed, MalformedRequest, OrdainError, counted

EXIT_HALF_WAY = 5
"""A process of the run was killed, or its answers cannot be written: `--resume` goes on."""


def decide_table(
    call: Invocation,
    service: str,
    table: Path,
    as_json: bool,
    *,
    out: Path | None,
    resume: bool,
    subject_column: str,
    ignore_column: tuple[str, ...],
    processes: int | None,
) -> int:
    """Gives the exit code: 1 when some rows were refused, 5 when the run ended half way for no fault of the table.

    Raises as `BatchRun.run` and `read_asks` do, and Ended.
    """
    with ending_interrupts() as look:
        out = out or table.with_name(f"{table.name}.decisions.jsonl")
        seen = SeenTable.counted(table)
        if is_same(out, table):
            raise MalformedRequest(f"`{out}` is the table itself", "name another file with --out")
        asked = Table(table, subject_column, frozenset(ignore_column))
        began = perf_counter()
        settings = _patient(load_settings(call.config))
        with _wired(settings, service, asked, seen, processes or _worth(seen.rows)) as (use, helping):
            run = BatchRun(out, service, use, seen, helping)
            try:
                ran = _ran(run, read_asks(asked, service, use.vocabulary), seen, resume, look)
            except ExportFailed as error:
                if not run.begun:
                    raise
                report(error, as_json=as_json)
                return EXIT_HALF_WAY
        _show(ran, out, perf_counter() - began, as_json)
        return 1 if ran.errors else 0


def _ran(
    run: BatchRun,
    asks: Iterator[tuple[int, Ask | OrdainError]],
    seen: SeenTable,
    resume: bool,
    look: Callable[[], None],
) -> Ran:
    """Runs with a progress bar, and says how to go on when it is stopped."""

    def told(done: int) -> None:
        bar.update(task, completed=done)
        look()

    try:
        with progress_bar(run.service) as (bar, task):
            bar.update(task, total=seen.rows)
            return run.run(asks, resume=resume, progress=told)
    except BaseException:  # an interrupt, too, leaves something to go on with
        if run.begun:
            ERR.print(f"stopped; what was decided stands in `{run.out}`: go on with --resume", markup=False)
        raise


def _patient(settings: Settings) -> Settings:
    """A table has time to wait for a database that has much to do, where a request has not."""
    return replace(settings, busy_seconds=max(settings.busy_seconds, LIMITS.table_waits))


def _worth(rows: int) -> int:
    """How many processes so many rows are worth: to begin one takes as long as to decide some thousand rows."""
    return min(os.cpu_count() or 1, 1 + rows // LIMITS.rows_a_process)


@contextmanager
def _wired(
    settings: Settings, service: str, table: Table, seen: SeenTable, processes: int
) -> Iterator[tuple[Services, Helpers | None]]:
    """All that decides, and the processes that help if there are to be several."""
    use = wire(settings, service)
    if processes == 1:
        try:
            yield use, None
        finally:
            use.close()
        return
    use.close()  # what is forked must not hold the ledger's file: see `SqliteStore`
    with helpers(Work(settings, service, table, seen, use.catalog, processes)) as (helping, write_for_them):
        use = wire(settings, service, catalog=use.catalog)
        write_for_them(use.ledger)
        try:
            yield use, helping
        finally:
            helping.end()
            use.close()


def _show(ran: Ran, out: Path, seconds: float, as_json: bool) -> None:
    if as_json:
        decided = dict(ran.decided) | ({"recorded before": ran.before} if ran.before else {})
        told = {"found": ran.found, "decided": decided, "refused": ran.errors, "out": str(out)}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    OUT.print(f"{_summary(ran, seconds)}; the answers are in `{out}`", markup=False)
    for number, error in ran.refused:
        OUT.print(f"row {number}: {error.issues[0]}", markup=False)
    if ran.errors > len(ran.refused):
        OUT.print(f"and {ran.errors - len(ran.refused):,} more rows were refused; each has its error in the file")


def _summary(ran: Ran, seconds: float) -> str:
    """`8 rows decided (5 permit, 3 deny), 40 a second; 1 row refused; 4 rows answered by an earlier run`."""
    count = sum(ran.decided.values())
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in ran.decided.most_common() if kind != "decided")
    rate = f", {count / seconds:,.0f} a second" if count and seconds > 0 else ""
    parts = [f"{counted(count, 'row')} decided{f' ({kinds})' if kinds else ''}{rate}"]
    if ran.errors:
        parts.append(f"{counted(ran.errors, 'row')} refused")
    if ran.found:
        parts.append(f"{counted(ran.found, 'row')} answered by an earlier run")
    if ran.before:
        parts.append(f"{counted(ran.before, 'row')} recorded by an earlier run and answered now")
    return "; ".join(parts)
