"""What a feature store asks of its database: SQLite (`store.sqlite`) and PostgreSQL (`store.postgresql`) do it alike.

What is asked for every event and every decision goes to the driver; all else goes through SQLAlchemy, which costs a
tenth of a millisecond a statement.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

import sqlalchemy as sa

from ordain.engine.errors import FeaturesUnavailable, SettingsError
from ordain.models.features.computing import Record
from ordain.models.store.rows import FEATURES, STORE, VERSION

T = TypeVar("T")


class EventLine(NamedTuple):
    """A row of `event`; times in microseconds, `fields` canonical JSON."""

    subject: str
    id: str
    kind: str
    happened: int
    known: int
    fields: str


class SnapshotLine(NamedTuple):
    """A row of `snapshot`."""

    subject: str
    source: str
    happened: int
    known: int
    fields: str


class EntityLine(NamedTuple):
    """A row of `entity`."""

    subject: str
    first_known: int
    last_known: int
    stamp: int


class KeptLine(NamedTuple):
    """A row of `kept`."""

    subject: str
    stamp: int
    definitions: str
    as_of: int
    records: int
    features: str


class Known(NamedTuple):
    """What one statement tells of a subject: its entity, and what is kept of it; `kept_stamp` is None for nothing."""

    first_known: int
    stamp: int
    kept_stamp: int | None
    definitions: str
    as_of: int
    records: int
    features: str


class Writing(Protocol):
    """One write transaction. Inserts return how many rows they made; what is there already is left as it is."""

    def events(self, ids: Sequence[str]) -> dict[str, EventLine]: ...

    def snapshots(self, keys: Sequence[tuple[str, str, int]]) -> list[SnapshotLine]: ...

    def touch(self, entities: Sequence[EntityLine]) -> None: ...

    def insert_events(self, rows: Sequence[EventLine]) -> int: ...

    def insert_snapshots(self, rows: Sequence[SnapshotLine]) -> int: ...


class Moved(Exception):
    """Somebody else has written what this transaction found missing: it is to be begun again."""


class Database(ABC):
    """Safe between threads. `name` is how errors call it; `failures` are the exceptions of its drivers."""

    name: str
    engine: sa.Engine
    failures: tuple[type[Exception], ...]
    schema: str | None = None
    """Where its tables are, if not where everything is."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Writing]:
        """Committed at the end, durably; rolled back when an exception leaves it."""

    @abstractmethod
    def known(self, subject: str) -> Known | None:
        """None for a subject of whom nothing is known."""

    @abstractmethod
    def records(self, subject: str, sources: Sequence[str]) -> list[Record]:
        """All events and snapshots of a subject from those sources, in no order."""

    @abstractmethod
    def keep(self, rows: Sequence[KeptLine], *, wait: bool = False) -> None:
        """Keeps those whose subject still has that stamp. It need not be durable.

        Unless told to wait for other writers, it rather keeps nothing: a reading is under way.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """A write transaction through SQLAlchemy."""

    @abstractmethod
    def bulk_records(self, sources: Sequence[str], subjects: Sequence[str]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The records of those subjects as rows (subject, source, happened, known, id, fields), many at once."""

    @abstractmethod
    def entities(self, subjects: Sequence[str]) -> list[EntityLine]:
        """Those of them of whom something is known."""

    @abstractmethod
    def scrub(self) -> None:
        """Takes what was deleted out of the files, too. Raises FeaturesUnavailable."""

    @abstractmethod
    def lock_founding(self, connection: sa.Connection) -> None:
        """Until the transaction ends nobody else makes the tables."""

    @abstractmethod
    def explain(self, error: Exception) -> FeaturesUnavailable: ...

    @abstractmethod
    def close(self) -> None: ...

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Through SQLAlchemy. Raises FeaturesUnavailable."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except self.failures as error:
            raise self.explain(error) from None

    def guarded(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises FeaturesUnavailable for what the driver raises."""
        try:
            try:
                return work()
            except self.failures as error:
                if not self.forget(error):
                    raise
                return work()  # all that is asked of a store may be asked twice
        except self.failures as error:
            raise self.explain(error) from None

    def forget(self, error: Exception) -> bool:
        """Whether a connection that waited was lost meanwhile; then all that wait are given up."""
        return False

    def ensure_tables(self) -> None:
        """Makes the tables in an empty database; several processes may ask at once, and one does it.

        Raises SettingsError for tables that a newer Ordain made, or another program; FeaturesUnavailable.
        """
        try:
            with self.engine.connect() as connection:
                names = set(sa.inspect(connection).get_table_names(self.schema))
            if STORE.name not in names:
                with self.transaction() as connection:
                    self.lock_founding(connection)
                    self._found(connection)
            with self.engine.connect() as connection:
                version = connection.execute(sa.select(STORE.c.version)).scalar()
        except self.failures as error:
            raise self.explain(error) from None
        if version is None or version > VERSION:
            said = "none" if version is None else f"{version}"
            raise SettingsError(
                f"the feature store `{self.name}` was written by a newer Ordain: its version is {said}, this one"
                f" knows {VERSION}",
                "use that Ordain, or name another database for features",
            )

    def _found(self, connection: sa.Connection) -> None:
        names = set(sa.inspect(connection).get_table_names(self.schema))
        if STORE.name in names:
            return
        if names:
            raise SettingsError(
                f"`{self.name}` has tables that are no feature store's: {', '.join(sorted(names)[:3])}",
                "name a database of its own for features",
            )
        FEATURES.create_all(connection)
        connection.execute(sa.insert(STORE), {"version": VERSION})
