"""`python -m bench.tamper [ENTRIES]`: what somebody with write access may do to a ledger, and whether it is found.

Each row is a class of tampering with a copy of one ledger: how many different changes were made, how many of them the
verifier found, and what it called them. Printed as a Markdown table, for the documentation.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ordain.audit.verifier.findings import Failure

_FORGE = Path(__file__).parent.parent / "tests" / "audit" / "verifier"
_ROWS, _POSITIONS = 4, 5


@dataclass(slots=True)
class Tally:
    """Of one class of tampering. `told` counts the classes that led the reports, `needs` what it takes to see it."""

    made: int = 0
    detected: int = 0
    told: dict[Failure, int] = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)


def run(entries: int = 10_000, rows: int = _ROWS, positions: int = _POSITIONS) -> dict[str, Tally]:
    """Makes a ledger of that size and tampers with copies of it; by the name of the class."""
    sys.path.insert(0, str(_FORGE))
    forge: Any = importlib.import_module("forge")
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder, "one"), Path(folder, "two"))
        made = forge.sample_ledger(entries, places)
        path = made.write(Path(folder, "ledger.db"))
        return tally(path, made, places, Path(folder, "copy.db"), rows, positions)


def tally(path: Path, secrets: Any, places: Iterable[Path], copy: Path, rows: int, positions: int) -> dict[str, Tally]:
    """`secrets`: what has the `master` key, the `origin`, the `key` and the `signers` of the ledger at `path`."""
    tampering: Any = importlib.import_module("tampering")
    one_case: Any = importlib.import_module("tamper_case")
    ledger = one_case.Ledger(path, secrets.master, secrets.origin, secrets.key, secrets.signers, list(places))
    tallies: dict[str, Tally] = {}
    for case in tampering.cases(ledger, rows, positions):
        one = tallies.setdefault(case.group, Tally())
        evidence = one_case.run(case, ledger, copy)
        one.made += 1
        one.needs.add("the master key" if case.master else "an anchor" if case.anchors else "the database alone")
        if not evidence:
            one.detected += 1
            failure = Failure(evidence.exit_code)
            one.told[failure] = one.told.get(failure, 0) + 1
        print(f"\r{sum(each.made for each in tallies.values())} changes", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return tallies


def markdown(tallies: Mapping[str, Tally]) -> str:
    """The table."""
    lines = ["| What was changed | Changes | Found | Told as | With |", "| --- | ---: | ---: | --- | --- |"]
    for name, one in tallies.items():
        told = ", ".join(f"{failure.word} {count}" for failure, count in sorted(one.told.items()))
        needs = " or ".join(sorted(one.needs))
        lines.append(f"| {name} | {one.made} | {one.detected} | {told} | {needs} |")
    made, detected = (sum(getattr(one, name) for one in tallies.values()) for name in ("made", "detected"))
    lines.append(f"| **all** | **{made}** | **{detected}** | | |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table; exit code 1 when something was not found."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tallies = run(entries)
    print(f"A ledger of {entries:,} entries.\n\n{markdown(tallies)}")
    sys.exit(any(one.detected < one.made for one in tallies.values()))


if __name__ == "__main__":
    main()
