"""The life of a version on PostgreSQL: the same steps, by several who take them at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import database
from fees import ASHA, BELA, CHEN, activate, settings_of, steps_in, write

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import wire
from ordain.api.settings import Settings
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.engine.errors import StepRefused
from ordain.engine.lifecycle.bucket import bucket
from ordain.engine.versions import Kept


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Version 1 is active, 2 approved."""
    with database() as url:
        write(tmp_path, 1)
        settings = settings_of(tmp_path, database_url=url)
        activate(settings, 1)
        write(tmp_path, 2)
        with steps_in(settings) as steps:
            steps.submit("fees@2", ASHA)
            steps.approve("fees@2", BELA)
        yield settings


def test_a_version_is_rolled_out_activated_and_rolled_back(settings: Settings) -> None:
    use = wire(settings)
    assert use.lifecycle is not None
    try:
        with steps_in(settings) as steps:
            Rolling(steps).start("fees@2", CHEN, Asked(shares=(5_000,)))
        rolled = activated(use, use.lifecycle, Kept())
        for number in range(8):
            answer = decide(make_ask("quote", f"C-{number}", {"base": 1}, None), rolled)
            wanted = "2" if bucket("fees@2", f"C-{number}") < 5_000 else "1"
            assert answer.as_json()["outcome"] == {"fee": wanted}
            record = use.ledger.reader.record(answer.entry.id)
            assert record is not None
            assert Replayer(use.ledger.reader).replay(record)
        with steps_in(settings) as steps:
            steps.activate("fees@2", CHEN)
        assert activated(use, use.lifecycle, Kept()).catalog.pick("quote", use.now()).policies[0].policy.version == 2
        with steps_in(settings) as steps:
            steps.roll_back("fees", 1, CHEN, "an emergency")
        assert activated(use, use.lifecycle, Kept()).catalog.pick("quote", use.now()).policies[0].policy.version == 1
    finally:
        use.close()
    evidence = verify(settings.database_url)
    assert evidence, evidence.findings


def test_of_several_who_activate_it_at_once_one_does(settings: Settings) -> None:
    told: list[str] = []

    def take() -> None:
        with steps_in(settings) as steps, steps.opened.store.alone():
            steps.life.look()
            try:
                steps.activate("fees@2", CHEN)
            except StepRefused:
                told.append("refused")
            else:
                told.append("done")

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["done", "refused", "refused", "refused"]
