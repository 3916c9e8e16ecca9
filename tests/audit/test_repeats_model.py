"""Whatever is sent in whatever order, under whichever keys: the ledger answers as a dictionary with times would."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledgers import DOCUMENTS, decision, make_ledger

from ordain.audit.entry.once import Once
from ordain.audit.ledger.repeats import Found
from ordain.audit.store.store import AskedBefore

DAY = dt.timedelta(days=1)
KEYS, BODIES = st.sampled_from("abcd"), st.sampled_from([b"1", b"2"])
ASKED = st.tuples(KEYS, BODIES)


class Machine(RuleBasedStateMachine):
    """`known` is the model: of each key the body that was decided under it, the entry, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.time = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
        self.known: dict[str, tuple[bytes, UUID, dt.datetime]] = {}
        self.decided = 0
        self.open()

    def open(self) -> None:
        url = f"sqlite:///{Path(self.folder.name)}/ledger.db"
        self.use = make_ledger(url, at=lambda: self.time)

    def teardown(self) -> None:
        self.use.close()
        self.folder.cleanup()

    def once(self, key: str, body: bytes) -> Once:
        return self.use.repeats.once("", key, "retention", body)

    def holds(self, key: str) -> bool:
        return key in self.known and self.time - self.known[key][2] < DAY

    @rule(asked=st.lists(ASKED, min_size=1, max_size=5))
    def write(self, asked: list[tuple[str, bytes]]) -> None:
        """Without a look before, as those do who are asked at the same time."""
        entries = [decision(number, self.time) for number, _ in enumerate(asked)]
        came = self.use.ledger.append_each(entries, DOCUMENTS, [self.once(*each) for each in asked])
        for (key, body), entry, receipt in zip(asked, entries, came, strict=True):
            assert isinstance(receipt, AskedBefore) == self.holds(key)
            if not isinstance(receipt, Exception):
                self.known[key] = (body, entry.id, self.time)
                self.decided += 1

    @rule(asked=ASKED)
    def send(self, asked: tuple[str, bytes]) -> None:
        key, body = asked
        once = self.once(key, body)
        found = self.use.repeats.find([once]).get(once)
        if self.holds(key):
            told, entry_id, _ = self.known[key]
            assert found == Found(entry_id, told == body)
        else:
            assert found is None
            self.write([asked])

    @rule(minutes=st.sampled_from([1, 60, 719, 720, 1440]))
    def wait(self, minutes: int) -> None:
        self.time += dt.timedelta(minutes=minutes)

    @rule()
    def beat(self) -> None:
        self.use.settle()

    @rule()
    def reopen(self) -> None:
        self.use.close()
        self.open()

    @invariant()
    def one_entry_for_each_decision(self) -> None:
        assert self.use.reader.size() == self.decided + 1


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
