"""`python -m bench [NAME] [--json FILE]`: all benchmarks, or one; `--help` has their names."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import click

from bench import (
    analysis,
    batches,
    catalogue,
    console,
    console_table,
    customer,
    decision,
    features,
    front,
    guardrails,
    http,
    idle,
    ingest,
    ledger,
    limits,
    models,
    money,
    parts,
    proofs,
    repeats,
    scores,
    serve_start,
    slow_disk,
    sql_table,
    start,
    tables_at_scale,
    telling,
)
from bench.tables import OUT, Result, machine

BENCHMARKS: dict[str, Callable[[], Result]] = {
    "decision": decision.run,
    "tables": tables_at_scale.run,
    "analysis": analysis.run,
    "money": money.run,
    "parts": parts.run,
    "proofs": proofs.run,
    "sql": sql_table.run,
    "ledger": ledger.run,
    "http": http.run,
    "batches": batches.run,
    "front": front.run,
    "repeats": repeats.run,
    "slow-disk": slow_disk.run,
    "idle": idle.run,
    "start": start.run,
    "telling": telling.run,
    "limits": limits.run,
    "serve": serve_start.run,
    "catalogue": catalogue.run,
    "guardrails": guardrails.run,
    "features": features.run,
    "models": models.run,
    "scores": scores.run,
    "customer": customer.run,
    "console": console.run,
    "console-table": console_table.run,
    "ingest": ingest.run,
}


@click.command()
@click.argument("which", required=False, type=click.Choice(list(BENCHMARKS)))
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Keep the results there as well.")
def main(which: str | None, file: Path | None) -> None:
    """Runs the benchmarks and prints tables. Ratios are of this run; do nothing else on the machine meanwhile."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no server outlives this process
    kept = []
    OUT.print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine().items()), style="dim")
    for name in [which] if which else BENCHMARKS:
        result = BENCHMARKS[name]()
        kept.append({"benchmark": name, **result.data()})
        OUT.print(result.as_table())
    if file is not None:
        file.write_text(json.dumps({"machine": machine(), "results": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
