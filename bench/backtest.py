"""How fast recorded decisions are decided again under another version, and in how much memory.

`python -m bench.backtest [DECISIONS]`. The ledger is made first: decisions of `retention` about SYNTHETIC customers,
each with its own facts, recorded as a batch records them.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench import asks
from bench.tables import OUT, Result
from ordain.api.ask import read_ask
from ordain.api.backtest.recorded_decisions import Redecider, recorded_pairs
from ordain.api.backtest.rows_file import RowsFile
from ordain.api.backtest.tally import Tally
from ordain.api.batch import decide_many, record_many
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.records.query import Query

DECISIONS = 100_000
_TRIED = {'"> 0.80"': '"> 0.70"', '"[0.50..0.80]"': '"[0.50..0.70]"'}
"""What is written otherwise in the version that is tried."""


def run(decisions: int = DECISIONS) -> Result:
    """One ledger, gone through twice: counted alone, and with a row of CSV for each decision."""
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        settings = Settings(
            database_url=f"sqlite:///{folder}/ledger.db",
            policies=_policies(folder),
            models=folder / "models",
            keys=folder / "keys",
            time_zone="Asia/Kolkata",
        )
        use = wire(settings)
        try:
            return _measured(use, decisions, folder)
        finally:
            use.close()


def _policies(folder: Path) -> Path:
    """The shipped policies and a second version of `retention-offer`, without the examples of the first."""
    policies = Path(shutil.copytree("policies", folder / "policies"))
    text = (policies / "retention-offer" / "v1.yaml").read_text(encoding="utf-8").partition("\nexamples:")[0]
    for old, new in {"version: 1\n": "version: 2\n", "2026-01-01": "2099-01-01", **_TRIED}.items():
        assert old in text
        text = text.replace(old, new)
    example = "examples:\n  - given: {churn_risk: 0.75, clv_tier: high, offers_last_90_days: 0}\n    at: 2099-06-01\n"
    expect = "    expect: {offer.action: personal call}\n"
    (policies / "retention-offer" / "v2.yaml").write_text(f"{text}\n{example}{expect}", encoding="utf-8")
    return policies


def _measured(use: Services, decisions: int, folder: Path) -> Result:
    rows: dict[str, dict[str, Any]] = {}

    def row(name: str, work: Callable[[], object]) -> None:
        began, began_cpu = perf_counter(), process_time()
        work()
        seconds, cpu = perf_counter() - began, process_time() - began_cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rates = {"rate": decisions / seconds, "cpu rate": decisions / cpu}
        rows[name] = {"seconds": seconds, "cpu": cpu, **rates, "peak": peak}

    changed = 0

    def counted() -> None:
        nonlocal changed
        changed = _backtest(use, None)

    def with_rows() -> None:
        with RowsFile(folder / "rows.csv", ("offer.action",)) as file:
            _backtest(use, file)
            file.finish()

    row("decide and record, 500 a commit", lambda: _fill(use, decisions))
    row("backtest", counted)
    row("backtest with --csv", with_rows)
    return Result(
        f"Backtest of {decisions:,} recorded decisions",
        {
            **{"seconds": "seconds", "rate": "decisions/s", "cpu": "CPU seconds", "cpu rate": "decisions/CPU s"},
            "peak": "highest memory so far, MB",
        },
        rows,
        (
            f"`retention` about SYNTHETIC customers in SQLite; {changed:,} decisions come out otherwise.",
            "The memory is that of the whole process: the requests, which are made first, are in it.",
        ),
    )


def _fill(use: Services, decisions: int) -> None:
    waiting = iter(asks.retentions(decisions))
    while window := list(islice(waiting, 500)):
        record_many(decide_many([read_ask("retention", body) for body in window], use), use)
    use.ledger.settle()


def _backtest(use: Services, file: RowsFile | None) -> int:
    """How many changed; all were compared."""
    chosen = {"retention-offer": use.catalog.versions["retention-offer"][0].policy}
    redecider = Redecider(use.ledger.reader.past, chosen, use.catalog.vocabulary.text)
    facts = use.catalog.vocabulary.facts
    tally = Tally([facts["clv_tier"], facts["jurisdiction"]], [facts["marketing_objection"]])
    for _, pair in recorded_pairs(use.ledger.reader, redecider, Query(kind="decision", policy="retention-offer")):
        changed = tally.add(pair)
        if file is not None:
            file.add(pair, changed)
    assert tally.compared == tally.decisions > 0, "a decision could not be compared"
    return tally.changed


if __name__ == "__main__":
    OUT.print(run(int(sys.argv[1]) if len(sys.argv) > 1 else DECISIONS).as_table())
