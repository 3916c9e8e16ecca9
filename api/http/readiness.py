"""Whether every decision is answered at once: `GET /readyz`, for what sends requests to several servers."""

from __future__ import annotations

import orjson

from ordain.api.late_model import LateModel
from ordain.api.services import Services


def loading(use: Services) -> list[LateModel]:
    """The models that are still being read."""
    scoring = (*use.models.values(), *(each.model for each in use.partly.values()))
    return [model for model in scoring if isinstance(model, LateModel) and model.loading]


def readiness(use: Services, in_full: bool = True) -> tuple[int, bytes]:
    """Status and body, which names nothing unless it is told `in_full`.

    Not ready is a server that would make decisions wait, or refuse them: models are being read, or something `lacks`
    (`api/fitness.py`). Decisions that need no model that is loading are answered before it is ready, too.

    What another server could not do better is told and is no reason not to send requests here: a reload that failed,
    since what decided before goes on; a log that is not signed, or not anchored, since entries are on record all the
    same. All is looked up in memory.
    """
    names, lacks = sorted({model.name for model in loading(use)}), use.fitness.lacks
    is_ready = not names and not lacks
    told: dict[str, object] = {"ready": is_ready}
    if in_full:
        told = {"loading": names, **told}
        signing = use.ledger.checkpointer
        faults = [f"not signed: {signing.fault}"] if signing.fault else []
        faults += [f"not anchored in {place}: {why}" for place, why in signing.unanchored.items() if why]
        further = {"lacks": lacks, "not_reloaded": use.not_reloaded, "faults": faults}
        told |= {name: list(texts) for name, texts in further.items() if texts}
    return 200 if is_ready else 503, orjson.dumps(told)
