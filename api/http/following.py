"""A worker takes over what the server's process reloaded: from the next request on that decides.

Nothing waits for it: another thread compiles what changed, and reads models, and only then is the new put in the place
of the old, in one step. A request that is under way, and a batch, end with what they began with.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from ordain.api.http.news import Board, News
from ordain.api.lifecycle.taking_over import activated, promoted, with_models
from ordain.api.limits import LIMITS
from ordain.api.services import Services, reloaded
from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.errors import OrdainError
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")
Take = Callable[[Services], None]


def follow_reloads(board: Board, use: Services, kept: Kept, take: Take) -> None:
    """Never ends. `use` is what decides now, `kept` what its policies were compiled to; `take` is given what will."""
    seen, at, looked = 0, 0, 0.0
    while True:
        time.sleep(LIMITS.news_seconds)
        news = board.read(seen)
        if news is not None:
            seen = news.number
            use, at = after(news, use, at, kept)
            take(use)
        if time.monotonic() - looked >= LIMITS.stopped_looks:
            looked = time.monotonic()
            new = use if use.lifecycle is None else activated(use, use.lifecycle, kept)
            if (new := promoted(new)) is not use:
                use = new
                take(use)


def after(news: News, use: Services, at: int, kept: Kept) -> tuple[Services, int]:
    """What decides after the news, and of which reload it is; `use` is of the reload `at`.

    When this worker cannot follow, it is `use` as it was, and says why.
    """
    if news.texts is not None and news.reload != at:
        try:
            use, at = _loaded(replace(news.texts, zone=use.settings.zone), use, kept), news.reload
        except Exception as error:  # whatever it is, what decides now goes on
            why = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own: see the log"
            _LOG.error("a worker cannot take over what was reloaded, and goes on as before: %s", why, exc_info=error)
            return replace(use, not_reloaded=(f"a worker could not take over the last reload: {why}",)), at
    return replace(use, not_reloaded=news.faults), at


def _loaded(texts: Texts, use: Services, kept: Kept) -> Services:
    """Raises what `reloaded` does. The examples have been decided in the server's process."""
    life = use.lifecycle
    if life is None:
        return with_models(reloaded(use, load_catalog(texts, kept=kept, run_examples=False)), use)
    life.look()
    now = life.now()
    catalog = now.loaded(now.governed(texts), kept, run_examples=False)
    return replace(with_models(reloaded(use, catalog), use), not_activated=None)
