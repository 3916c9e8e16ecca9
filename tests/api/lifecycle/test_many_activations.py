"""While versions are activated one after another, each decision is made by one set of versions, which its record names.

ORDAIN_TEST_ACTIVATIONS says how many activations there are; 1,000 take some minutes.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from uuid import UUID

from fees import CHEN, fees, settings_of, steps_in, write

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import Services, wire
from ordain.engine.versions import Kept

COUNT = int(os.environ.get("ORDAIN_TEST_ACTIVATIONS", "6"))
VERSIONS = 3


def test_eight_threads_decide_while_versions_are_activated(tmp_path: Path) -> None:
    """Two policies change together: `doubled` says of the fee that it got by which version it was doubled."""
    for version in range(1, VERSIONS + 1):
        write(tmp_path, version)
        file = tmp_path / f"policies/doubled/v{version}.yaml"
        file.parent.mkdir(exist_ok=True)
        text = fees(version).replace("policy: fees", "policy: doubled").replace("fee: {", "twice: {")
        file.write_text(
            text.replace("expect: {fee:", "expect: {twice:")
            .replace(f"+ {version}}}", f"+ 2 * {version}}}")
            .replace(f"{{twice: {version}}}", f"{{twice: {2 * version}}}")
        )
    services = "services:\n  quote: {purpose: Fees., policies: [fees, doubled], gives: [fee, twice]}\n"
    (tmp_path / "policies/services.yaml").write_text(services)
    settings = settings_of(tmp_path, busy_seconds=30)
    with steps_in(settings) as steps:
        steps.adopt(CHEN, "all of them")
    held = [wire(settings)]
    done = threading.Event()
    seen: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
    faults: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            while not done.is_set():
                time.sleep(0.01)  # the one who activates gets a turn, too
                use: Services = held[0]
                answer = decide(make_ask("quote", f"C-{number}", {"base": 1}, None), use).as_json()
                given, named = answer["outcome"], tuple(each["version"] for each in answer["policies"])
                seen.append((answer["decision_id"], (int(given["fee"]), int(given["twice"]) // 2), named))
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    kept = Kept()
    try:
        with steps_in(settings) as steps:
            for number in range(COUNT):
                for name in ("fees", "doubled"):
                    now = steps.life.turns.begun(name, steps.now())[0].version
                    steps.roll_back(name, now % VERSIONS + 1, CHEN, f"turn {number}")
                    use = held[0]
                    assert use.lifecycle is not None
                    held[0] = activated(use, use.lifecycle, kept)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not faults
    use = held[0]
    assert len({named for _, _, named in seen}) > 2, "it was not always the same set"
    for entry_id, decided, named in seen:
        record = use.ledger.reader.record(UUID(entry_id))
        assert record is not None
        on_record = tuple(each["version"] for each in record.envelope["policies"])
        assert decided == named == on_record
    use.close()
