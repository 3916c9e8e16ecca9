"""`ordain decide SERVICE --table FILE`: a decision for each row, and a run that can be gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ordain.api.cli.ending import ending_interrupts
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_tables.answers_file import is_same
from ordain.api.cli.whole_tables.asks_file import Table, count_rows, read_asks
from ordain.api.cli.whole_tables.batch_run import BatchRun, Ran
from ordain.api.cli.whole_tables.several_processes import Helpers, Work, helpers
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.api.settings import Settings, load_settings
from ordain.engine.errors import MalformedRequest


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
    """Gives the exit code: 1 when some rows were refused. Raises as `BatchRun.run` and `read_asks` do."""
    out = out or table.with_name(f"{table.name}.decisions.jsonl")
    total = count_rows(table)
    if is_same(out, table):
        raise MalformedRequest(f"`{out}` is the table itself", "name another file with --out")
    asked = Table(table, subject_column, frozenset(ignore_column))
    began = perf_counter()
    with _wired(_patient(load_settings(call.config)), service, asked, processes or _worth(total)) as (use, helping):
        run = BatchRun(out, service, use, helping)
        try:
            asks = read_asks(asked, service, use.vocabulary)
            with ending_interrupts(), progress_bar(service) as (bar, task):
                bar.update(task, total=total)
                ran = run.run(asks, resume=resume, progress=lambda done: bar.update(task, completed=done))
        except BaseException:  # an interrupt, too, leaves something to go on with
            if run.begun:
                ERR.print(f"stopped; what was decided stands in `{out}`: go on with --resume", markup=False)
            raise
    _show(ran, out, perf_counter() - began, as_json)
    return 1 if ran.errors else 0


def _patient(settings: Settings) -> Settings:
    """A table has time to wait for a database that has much to do, where a request has not."""
    return replace(settings, busy_seconds=max(settings.busy_seconds, LIMITS.table_waits))


def _worth(rows: int) -> int:
    """How many processes so many rows are worth: to begin one takes as long as to decide some thousand rows."""
    return min(os.cpu_count() or 1, 1 + rows // LIMITS.rows_a_process)


@contextmanager
def _wired(settings: Settings, service: str, table: Table, processes: int) -> Iterator[tuple[Services, Helpers | None]]:
    """All that decides, and the processes that help if there are to be several."""
    use = wire(settings, service, late_models=processes > 1)
    if processes == 1:
        try:
            yield use, None
        finally:
            use.close()
        return
    use.close()  # what is forked must not hold the ledger's file: see `SqliteStore`
    with helpers(Work(settings, service, table, use.catalog, processes)) as (helping, write_for_them):
        use = wire(settings, service, late_models=True, catalog=use.catalog)
        write_for_them(use.ledger)
        try:
            yield use, helping
        finally:
            helping.end()
            use.close()


def _show(ran: Ran, out: Path, seconds: float, as_json: bool) -> None:
    decided = sum(ran.decided.values())
    if as_json:
        told = {"found": ran.found, "decided": dict(ran.decided), "refused": ran.errors, "out": str(out)}
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in ran.decided.most_common())
    earlier = f" after {ran.found:,} of an earlier run" if ran.found else ""
    rate = f", {decided / seconds:,.0f} a second" if seconds > 0 else ""
    OUT.print(f"{decided:,} decided{earlier} ({kinds or 'none'}){rate}; the answers are in `{out}`", markup=False)
    for number, error in ran.refused:
        OUT.print(f"row {number}: {error.issues[0]}", markup=False)
    if ran.errors > len(ran.refused):
        OUT.print(f"and {ran.errors - len(ran.refused):,} more rows were refused; each has its error in the file")
