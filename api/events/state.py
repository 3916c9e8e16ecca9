"""What is kept of deliveries: of each endpoint how far it is, what waits for another try, what was given up.

Nothing else: the events themselves are in the ledger. It says nothing about persons, only places in the log. A ledger
in SQLite has it in a file beside, so that no decision waits for a delivery; one in PostgreSQL in a schema of its own,
so that several servers share it. It is no part of the log: lost, it is begun anew (docs/events.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from ordain.api.beside_ledger import BesideLedger
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.store.sqlite import SqliteStore

SCHEMA = "ordain_events"
"""Of the tables in PostgreSQL."""

_TABLES = sa.MetaData()
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENDPOINT = sa.Table(
    "endpoint",
    _TABLES,
    sa.Column("ledger", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("cursor", _COUNT, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("owner", sa.String),
    sa.Column("until", sa.Float, nullable=False),
    sa.Column("disabled", sa.String),
)
"""`cursor` is the leaf to go on with; `epoch` grows when a command moves it; `owner` has it `until` then."""

WAITING = sa.Table(
    "waiting",
    _TABLES,
    sa.Column("ledger", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("leaf_index", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due", sa.Float, nullable=False),
    sa.Column("fault", sa.String, nullable=False),
    sa.Column("dead", sa.Boolean, nullable=False),
)
"""Events that wait for a try, those behind them for order's sake, and with `dead` those that nobody tries any more."""


class Waits(NamedTuple):
    """An event that is kept: `due` is when it may be tried, in seconds since 1970; `fault` why the last try failed."""

    leaf: int
    tries: int = 0
    due: float = 0.0
    fault: str = ""
    dead: bool = False


class Place(NamedTuple):
    """Where an endpoint is. `disabled` says why nothing is sent to it, empty when something is."""

    name: str
    cursor: int
    epoch: int
    owner: str | None
    until: float
    disabled: str


@dataclass(slots=True)
class Changes:
    """What is to be kept at once: the cursor, rows that are new or others, leaves without a row from now on."""

    cursor: int
    keep: list[Waits] = field(default_factory=list)
    drop: list[int] = field(default_factory=list)
    disabled: str = ""


class State:
    """Opened for a ledger; its tables are made when they are not there. Every method raises LedgerUnavailable."""

    def __init__(self, opened: OpenLedger) -> None:
        self._ledger = str(opened.identity.ledger)
        store = opened.store
        place = store.path.with_name(f"{store.path.name}.events") if isinstance(store, SqliteStore) else store.engine
        self._beside = BesideLedger(place, _TABLES, SCHEMA, "the state of deliveries")
        self._transaction, self.close = self._beside.transaction, self._beside.close

    def begin(self, name: str, cursor: int) -> None:
        """A new endpoint begins at that leaf; one that is known stays where it is."""
        with self._transaction() as connection:
            self._begin(connection, name, cursor)

    def claim(self, name: str, owner: str, now: float, until: float, ended: Sequence[str] = ()) -> Place | None:
        """Makes an endpoint this owner's until then; None while it is another's whose time is not over.

        The time of who is among `ended` is over.
        """
        free = sa.or_(ENDPOINT.c.owner.is_(None), ENDPOINT.c.owner.in_([owner, *ended]), ENDPOINT.c.until < now)
        with self._transaction() as connection:
            done = connection.execute(
                sa.update(ENDPOINT).where(*self._is(ENDPOINT, name), free).values(owner=owner, until=until)
            )
            return self._place(connection, name) if done.rowcount else None

    def settle(self, place: Place, until: float, changes: Changes) -> bool:
        """Keeps what came of deliveries, and goes on owning. False, with nothing kept, for who owns it no more."""
        held = (ENDPOINT.c.owner == place.owner, ENDPOINT.c.epoch == place.epoch)
        values = {"cursor": changes.cursor, "until": until, "disabled": changes.disabled or None}
        with self._transaction() as connection:
            moved = sa.update(ENDPOINT).where(*self._is(ENDPOINT, place.name), *held).values(**values)
            if not connection.execute(moved).rowcount:
                return False
            self._drop(connection, place.name, [*changes.drop, *(each.leaf for each in changes.keep)])
            if changes.keep:
                common = {"ledger": self._ledger, "name": place.name}
                rows = [{**common, **each._asdict(), "leaf_index": each.leaf} for each in changes.keep]
                connection.execute(sa.insert(WAITING), [{k: v for k, v in row.items() if k != "leaf"} for row in rows])
        return True

    def release(self, place: Place) -> None:
        """Lets another process have it at once."""
        own = (*self._is(ENDPOINT, place.name), ENDPOINT.c.owner == place.owner)
        with self._transaction() as connection:
            connection.execute(sa.update(ENDPOINT).where(*own).values(owner=None))

    def place(self, name: str) -> Place | None:
        """Where an endpoint is; None for one that has not begun."""
        with self._transaction() as connection:
            return self._place(connection, name)

    def kept(self, name: str) -> list[Waits]:
        """The events that wait, and the dead ones, in the order of the log."""
        columns = WAITING.c
        wanted = sa.select(columns.leaf_index, columns.tries, columns.due, columns.fault, columns.dead)
        with self._transaction() as connection:
            rows = connection.execute(wanted.where(*self._is(WAITING, name)).order_by(columns.leaf_index))
            return [Waits(*row) for row in rows]

    def replay(self, name: str, start: int) -> None:
        """Goes back to that leaf, or on to it: what waits or is dead from there on is taken up as it comes."""
        with self._transaction() as connection:
            self._begin(connection, name, start)
            self._move(connection, name, cursor=start)
            later = (*self._is(WAITING, name), WAITING.c.leaf_index >= start)
            connection.execute(sa.delete(WAITING).where(*later))

    def use_again(self, name: str, start: int) -> None:
        """An endpoint that was disabled goes on where it was; one that has not begun begins at `start`."""
        with self._transaction() as connection:
            self._begin(connection, name, start)
            self._move(connection, name)

    def revive(self, name: str) -> int:
        """The dead events wait for their first try again. Returns how many."""
        with self._transaction() as connection:
            self._move(connection, name)
            dead = (*self._is(WAITING, name), WAITING.c.dead)
            return connection.execute(sa.update(WAITING).where(*dead).values(dead=False, tries=0, due=0.0)).rowcount

    def _move(self, connection: sa.Connection, name: str, **values: Any) -> None:
        moved = {"epoch": ENDPOINT.c.epoch + 1, "disabled": None, **values}
        connection.execute(sa.update(ENDPOINT).where(*self._is(ENDPOINT, name)).values(**moved))

    def _begin(self, connection: sa.Connection, name: str, cursor: int) -> None:
        self._beside.lock(connection)
        if self._place(connection, name) is None:
            row = {"ledger": self._ledger, "name": name, "cursor": cursor, "epoch": 0, "until": 0.0}
            connection.execute(sa.insert(ENDPOINT), row)

    def _place(self, connection: sa.Connection, name: str) -> Place | None:
        columns = ENDPOINT.c
        wanted = sa.select(columns.name, columns.cursor, columns.epoch, columns.owner, columns.until, columns.disabled)
        row = connection.execute(wanted.where(*self._is(ENDPOINT, name))).first()
        return None if row is None else Place(*row[:5], row[5] or "")

    def _drop(self, connection: sa.Connection, name: str, leaves: Sequence[int]) -> None:
        for at in range(0, len(leaves), 500):
            some = WAITING.c.leaf_index.in_(leaves[at : at + 500])
            connection.execute(sa.delete(WAITING).where(*self._is(WAITING, name), some))

    def _is(self, table: sa.Table, name: str) -> tuple[sa.ColumnElement[bool], ...]:
        return table.c.ledger == self._ledger, table.c.name == name
