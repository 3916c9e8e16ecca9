"""Versions of policies in a service that runs: its own ledger, the files as they are now, one step at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.signed import verifying
from ordain.api.lifecycle.steps import BY_DATES, Steps
from ordain.api.lifecycle.texts import texts_or_none
from ordain.api.lifecycle.version_states import VersionState, read_folder, version_states
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.engine.catalog import Catalog, Texts, load_catalog, read_texts
from ordain.engine.errors import PolicyError, PolicyRefused, StepRefused
from ordain.engine.versions import Kept


class Busy(Exception):
    """This process works on another step, or reads the versions, and takes long."""


class _Place:
    """Where one works at a time. What was compiled is kept: only what has changed is compiled again, and of what
    decides in this process already, nothing."""

    def __init__(self) -> None:
        self._one, self.kept = threading.Lock(), Kept()

    @contextmanager
    def alone(self, use: Services) -> Iterator[Kept]:
        """There are few threads for what is no decision, and they are not all to wait for one. Raises Busy."""
        if not self._one.acquire(timeout=LIMITS.step_waits):
            raise Busy
        try:
            self.kept.note(use.catalog.versions, use.catalog.vocabulary)
            yield self.kept
        finally:
            self._one.release()


class Workbench:
    """One of a process.

    The methods raise Busy, LedgerUnavailable, and PolicyError when the folder of policies cannot be read; `taking` and
    `reading` also StepRefused where versions decide by their dates. What is wrong with a version is a PolicyRefused.
    """

    def __init__(self) -> None:
        self._taking, self._reading = _Place(), _Place()

    @contextmanager
    def taking(self, use: Services, label: str = "") -> Iterator[Steps]:
        """To take a step: nobody else takes one meanwhile, in whatever process. What `label` names is compiled before,
        so that nobody has to wait for that."""
        life = life_of(use)
        with self._taking.alone(use) as kept:
            if label:
                _steps(use, life, kept).compile(label)
            with use.ledger.store.alone():
                steps = _steps(use, life, kept)
                with of_version():
                    yield steps

    @contextmanager
    def ending(self, use: Services) -> Iterator[Steps]:
        """To pause or to go back, which goes by the record alone and compiles nothing: so it waits for no compilation,
        and no state of the files keeps it from anything."""
        life = life_of(use)
        with use.ledger.store.alone():
            yield by_record(use, life)

    @contextmanager
    def reading(self, use: Services) -> Iterator[Steps]:
        """To see what is on record, and take none."""
        life = life_of(use)
        with self._reading.alone(use) as kept:
            steps = _steps(use, life, kept)
            with of_version():
                yield steps

    @contextmanager
    def versions(self, use: Services) -> Iterator[tuple[Catalog, list[VersionState]]]:
        """All versions with their states, and the catalog of those that load."""
        with self._reading.alone(use) as kept:
            texts = texts_of(use)
            turns = None
            if use.lifecycle is not None:
                use.lifecycle.look()
                turns = use.lifecycle.turns
            catalog = read_folder(texts, kept)
            yield catalog, version_states(texts, turns, use.settings.approvals_needed, use.now(), catalog)

    def catalog(self, use: Services, labels: Iterable[str]) -> Catalog:
        """All that decides, and these versions beside it; where versions decide by their dates, all versions."""
        if use.lifecycle is not None:
            with self.reading(use) as steps:
                return steps.loaded(labels)
        with self._reading.alone(use) as kept:
            texts = texts_of(use)
            with of_version():
                return load_catalog(texts, kept=kept)


def by_record(use: Services, life: Lifecycle) -> Steps:
    """What is on record, and files where they can be read."""
    life.look()
    return Steps(life, use.ledger, texts_or_none(use.settings), use.now, verifying(use.settings), Kept())


def texts_of(use: Services) -> Texts:
    """The files as they are now. Raises PolicyError."""
    return read_texts(use.settings.policies, use.settings.zone)


def known_of(use: Services) -> Steps:
    """What is on record, for what compiles nothing, and so waits for nobody. Raises as a Workbench's methods do."""
    return _steps(use, life_of(use), Kept())


def life_of(use: Services) -> Lifecycle:
    """What was done to versions. Raises StepRefused where they decide by their dates."""
    if use.lifecycle is None:
        raise StepRefused(*BY_DATES)
    return use.lifecycle


def _steps(use: Services, life: Lifecycle, kept: Kept) -> Steps:
    texts = texts_of(use)
    life.look()
    return Steps(life, use.ledger, texts, use.now, verifying(use.settings), kept)


@contextmanager
def of_version() -> Iterator[None]:
    """The folder itself could be read: what does not load is a version."""
    try:
        yield
    except PolicyError as error:
        raise PolicyRefused(error.issues) from None
