"""Policies and models loaded again while the server runs, in the server's process, which tells its workers.

SIGHUP asks for it or, with the setting `reload: change`, a policy file that changed. What cannot be loaded changes
nothing: the log and `/healthz` say why, and what decided before goes on. What can is kept here, for workers that are
started again, and written on the board, where those that run find it (`api/http/following.py`).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from contextvars import copy_context
from queue import SimpleQueue

from ordain.api.access.gate import Gate
from ordain.api.http.news import Board, News
from ordain.api.lifecycle.governing import warn_of_missing
from ordain.api.limits import LIMITS
from ordain.api.services import Services, reloaded
from ordain.api.watching import Stamps, changes
from ordain.engine.catalog import Catalog, Texts, load_catalog, read_texts
from ordain.engine.errors import Issue, OrdainError, counted
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")
Asked = SimpleQueue[None]


class Reloads:
    """`use` is what was loaded at the start, its ledger closed, and `kept` what its policies were compiled to.

    `gate` has to find in new policies what roles may do, if callers are known: see `Gate.check`.
    `asked` has something in it when somebody asked for a reload already. `seen` are the stamps of the policies' files
    from before they were read, if they are to be watched.
    """

    def __init__(
        self, use: Services, kept: Kept, asked: Asked, seen: Stamps | None = None, gate: Gate | None = None
    ) -> None:
        self.board, self.kept = Board(), kept
        self._use, self._seen = use, seen
        self._news = News(0, 0, None)
        self._asked, self.gate = asked, gate
        self._lock = threading.Lock()

    @property
    def catalog(self) -> Catalog:
        """What the newest policies that could be loaded make."""
        return self._use.catalog

    def start(self) -> None:
        """Begins to reload, and to watch.

        No worker is forked while something is being loaded: it would wait for ever for what the loading thread held.
        """
        release = self._lock.release
        os.register_at_fork(before=self._lock.acquire, after_in_parent=release, after_in_child=release)
        threading.Thread(target=copy_context().run, args=(self._run,), name="reloads", daemon=True).start()
        if self.gate is not None:  # a worker that is started again begins with what is known by then
            self.gate.follow(tokens=False)
        if self._seen is not None:
            threading.Thread(target=self._watch, args=(self._seen,), name="watching", daemon=True).start()

    def ask(self, *_: object) -> None:
        """Asks for a reload. It handles a signal, so it uses a `SimpleQueue`, which may be interrupted anywhere."""
        self._asked.put(None)

    def reload(self) -> None:
        """Loads everything again, and tells the workers what came of it."""
        number, texts = self._news.number + 1, self._news.texts
        try:
            new = read_texts(self._use.settings.policies, self._use.settings.zone)
            use, new = _closed(self._use, new, self.kept)
            if self.gate is not None:
                if self.gate.configured:
                    self.gate.check(use)
                self.gate.take(use)
            self._use = use
        except Exception as error:  # whatever it is, nothing is to stop what decides now
            faults = _faults(error)
            _LOG.error("%s", "\n".join(faults), exc_info=None if isinstance(error, OrdainError) else error)
            self._news = News(number, self._news.reload, texts, faults)
        else:
            policies = counted(len(new.policies), "policy file")
            _LOG.info("reloaded: %s, of which %d had changed", policies, len(self.kept.compiled))
            self._news = News(number, number, new)
        try:
            self.board.write(self._news)
        except OSError as error:
            _LOG.error("the workers could not be told of the reload: %s; free some room and ask again", error)

    def _run(self) -> None:
        while True:
            self._asked.get()
            while not self._asked.empty():  # those who asked meanwhile get the same reload
                self._asked.get()
            with self._lock:
                self.reload()

    def _watch(self, seen: Stamps) -> None:
        for _ in changes(self._use.settings.policies, seen):
            self.ask()


def _closed(use: Services, texts: Texts, kept: Kept) -> tuple[Services, Texts]:
    """As `reloaded`, with the ledger open only for as long as that takes; and which of the texts decide."""
    life = use.lifecycle
    try:
        if life is None:
            return reloaded(use, load_catalog(texts, kept=kept)), texts
        life.look()
        now = life.now()
        warn_of_missing(now, texts)
        texts = now.governed(texts)
        return reloaded(use, now.loaded(texts, kept)), texts
    finally:
        use.ledger.store.close()


def _faults(error: Exception) -> tuple[str, ...]:
    head = f"the reload of {dt.datetime.now(dt.UTC).isoformat(timespec='seconds')} failed, what decided before goes on"
    issues = error.issues if isinstance(error, OrdainError) else (Issue("a fault of Ordain's own: see the log"),)
    lines = [_line(issue) for issue in issues[: LIMITS.listed_faults]]
    more = len(issues) - len(lines)
    return (f"{head}: {lines[0]}", *lines[1:], *([f"and {more:,} more: run `ordain check`"] if more else []))


def _line(issue: Issue) -> str:
    place = f"{issue.span}: " if issue.span else ""
    return f"{place}{issue.message}{f' ({issue.hint})' if issue.hint else ''}"
