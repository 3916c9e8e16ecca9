"""The backlog against a model: whatever fails, comes and is killed, nothing is lost and each line stays in order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.api.events.backlog import Backlog
from ordain.api.events.state import Waits

LINES = [b"a", b"b", b"c"]


@dataclass
class World:
    """A ledger (of each leaf its line, None for an unwanted entry), a state on disk, a receiver, and a deliverer."""

    ledger: list[bytes | None]
    cursor: int = 0
    rows: dict[int, Waits] = field(default_factory=dict)
    received: list[int] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """As after a kill: all that is known is the state."""
        self.backlog, self.under_way = Backlog(self.cursor), list[Waits]()
        for leaf, waits in sorted(self.rows.items()):
            self.backlog.restore(waits, self.ledger[leaf] or b"")

    def read(self, count: int) -> None:
        ahead = min(self.backlog.ahead + count, len(self.ledger))
        for leaf in range(self.backlog.ahead, ahead):
            line = self.ledger[leaf]
            if line is not None:
                self.backlog.take(leaf, line)
        self.backlog.read_to(ahead)

    def begin(self) -> None:
        if waits := self.backlog.start(self.now):
            line = self.ledger[waits.leaf]
            assert all(self.ledger[each.leaf] != line for each in self.under_way), "two of a line at once"
            self.under_way.append(waits)

    def end(self, accepted: bool, tries: int) -> None:
        if not self.under_way:
            return
        waits = self.under_way.pop(0)
        if accepted:
            self.received.append(waits.leaf)
            self.backlog.delivered(waits.leaf)
        elif waits.tries + 1 >= tries:
            self.backlog.gave_up(waits.leaf, "no")
        else:
            self.backlog.failed(waits.leaf, "no", self.now + 2, waits.tries + 1)

    def keep(self) -> None:
        changes = self.backlog.changes()
        self.cursor = changes.cursor
        for leaf in changes.drop:
            self.rows.pop(leaf, None)
        self.rows |= {each.leaf: each for each in changes.keep}

    def drain(self) -> None:
        """Everything is accepted from here on."""
        self.read(len(self.ledger))
        for _ in range(10 * len(self.ledger) + 10):
            self.now += 10
            self.begin()
            self.end(True, 99)
        assert len(self.backlog) == 0
        self.keep()


DOINGS = ["read", "begin", "begin", "accept", "accept", "fail", "fail", "keep", "keep", "later", "kill"]
steps = st.lists(st.tuples(st.sampled_from(DOINGS), st.integers(1, 4)), min_size=20, max_size=80)
ledgers = st.lists(st.sampled_from([None, *LINES]), min_size=6, max_size=20)


def _run(world: World, doings: list[tuple[str, int]], tries: int) -> None:
    for what, number in doings:
        match what:
            case "read":
                world.read(number)
            case "begin":
                world.begin()
            case "accept" | "fail":
                world.end(what == "accept", tries)
            case "keep":
                world.keep()
            case "later":
                world.now += number
            case _:
                world.start()


@settings(max_examples=600)
@given(ledgers, steps)
def test_every_event_arrives_and_first_in_the_order_of_its_line(
    ledger: list[bytes | None], doings: list[tuple[str, int]]
) -> None:
    world = World(ledger)
    _run(world, doings, tries=99)
    world.drain()
    wanted = [leaf for leaf, line in enumerate(ledger) if line is not None]
    assert sorted(set(world.received)) == wanted
    by_line = defaultdict(list)
    for leaf in dict.fromkeys(world.received):
        by_line[ledger[leaf]].append(leaf)
    assert all(leaves == sorted(leaves) for leaves in by_line.values())
    assert (world.cursor, world.rows) == (len(ledger), {})


@settings(max_examples=200)
@given(ledgers, steps)
def test_an_event_is_received_or_dead_and_a_dead_one_holds_up_nothing(
    ledger: list[bytes | None], doings: list[tuple[str, int]]
) -> None:
    world = World(ledger)
    _run(world, doings, tries=2)
    world.drain()
    dead = {leaf for leaf, waits in world.rows.items() if waits.dead}
    assert dead == world.rows.keys()
    assert {*world.received, *dead} == {leaf for leaf, line in enumerate(ledger) if line is not None}


def test_an_event_that_is_no_longer_wanted_leaves_the_state() -> None:
    world = World([b"a"])
    world.rows[0] = Waits(0, 1, 0.0, "no")
    world.start()
    world.ledger[0] = None
    world.drain()
    assert world.rows == {}
