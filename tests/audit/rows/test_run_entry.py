"""A run is one entry, which says nothing of anybody and is signed and verified like any other."""

import datetime as dt
from pathlib import Path
from uuid import uuid4

import pytest
from ledgers import now, opened

from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.privacy.retention import retain
from ordain.audit.rows.run_entry import RunTold, entry_of
from ordain.audit.rows.sealed_part import EMPTY
from ordain.audit.verifier.check import verify

DIGEST = "sha256:" + "ab" * 32


def told(**other: object) -> RunTold:
    values = {"rows": 3, "decided": 2, "rejected": 1, "rejects": DIGEST, **other}
    return RunTold(run=str(uuid4()), root=EMPTY, input=DIGEST, output=DIGEST, at=now(), **values)  # type: ignore[arg-type]


def test_it_is_signed_verified_and_read(use: OpenLedger) -> None:
    run = told()
    entry = entry_of(run, now(), "retention", {"actor": "analyst", "counts": {"permit": 2}})
    use.ledger.append(entry)
    use.settle()
    record = use.reader.record(entry.id)
    assert record is not None
    assert record.private == {"actor": "analyst", "counts": {"permit": 2}}
    assert record.envelope["kind"] == Kind.BATCH
    assert record.envelope["service"] == "retention"
    assert record.envelope["about"] | {"at": ""} == {
        "run": run.run,
        "rows": 3,
        "decided": 2,
        "rejected": 1,
        "rows_root": f"sha256:{EMPTY.hex()}",
        "input": DIGEST,
        "output": DIGEST,
        "rejects": DIGEST,
        "at": "",
    }


def test_a_ledger_with_runs_holds_and_no_removal_by_age_touches_them(path: Path) -> None:
    url = f"sqlite:///{path}"
    with opened(url) as use:
        entry = entry_of(told(rejected=0, rows=2, rejects=None), now(), "retention", {"actor": "analyst"})
        use.ledger.append(entry)
        use.settle()
        retain(use, now() + dt.timedelta(days=1), private={"actor": "officer"})
        use.settle()
        record = use.reader.record(entry.id)
        assert record is not None
        assert record.private == {"actor": "analyst"}
    assert verify(url)


@pytest.mark.parametrize("counts", [{"rows": 4}, {"decided": 4, "rejected": -1}])
def test_counts_that_do_not_add_up_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="rejected of"):
        entry_of(told(**counts), now(), "retention", {})
