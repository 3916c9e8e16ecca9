"""A removal by jurisdiction opens private parts, as envelopes no longer tell it, and takes no other's."""

from __future__ import annotations

from pathlib import Path

from ledgers import MASTER
from reading_sample import CALL, sample

from ordain.audit.ledger.reader import Status
from ordain.audit.privacy.retention import retain
from ordain.audit.verifier.check import verify

EU_CALL = CALL.replace('"jurisdiction": "IN"', '"jurisdiction": "EU"')


def test_only_decisions_under_that_law_go_and_the_verifier_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with sample(f"sqlite:///{path}") as made:
        indian, european = made.decide("C-1", CALL), made.decide("C-2", EU_CALL)
        advice = made.decide("C-3", '{"usage_gb": 40, "plan_gb": 100}', "plan-advice")
        restricted, gone = made.decide("C-4", EU_CALL), made.decide("C-5", EU_CALL)
        made.restrict("C-4")
        made.erase("C-5")
        made.use.settle()
        before = made.clock.tick()
        counted = retain(made.use, before, private={}, jurisdiction="EU", dry_run=True)
        assert (counted.payloads, counted.erased) == (1, 0)
        assert retain(made.use, before, private={}, jurisdiction="EU") == counted
        assert retain(made.use, before, private={}, jurisdiction="EU").payloads == 0
        statuses = [made.record(each).status for each in (indian, european, advice, gone)]
        assert statuses == [Status.READABLE, Status.EXPIRED, Status.READABLE, Status.ERASED]
        assert made.record(restricted).status is Status.RESTRICTED, "not before its day"
        made.use.settle()
    evidence = verify(path, master_key=MASTER)
    assert evidence, evidence
