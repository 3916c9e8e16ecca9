"""What decides once versions that were activated meanwhile are taken over, by a server and by a watch alike."""

from __future__ import annotations

import logging
from dataclasses import replace

from ordain.api.late_model import LateModel
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.services import Services, reloaded
from ordain.engine.errors import LedgerUnavailable, OrdainError
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")


def activated(use: Services, life: Lifecycle, kept: Kept) -> Services:
    """What decides once activations that came meanwhile are taken over; `use` itself when there are none.

    When they cannot be, all goes on as before, and says why, until something else is activated or reloaded.
    """
    now = life.now()
    try:
        life.look()
        now = life.now()
        if now.turns in (use.catalog.turns, use.not_activated):  # of the second it is said already
            return use
        catalog = now.renewed(use.catalog, use.settings.policies.name, use.settings.zone, kept)
        return replace(with_models(reloaded(use, catalog), use), not_activated=None)
    except LedgerUnavailable as error:
        _LOG.error("whether versions were activated is not known now: %s", error.message)
        return use
    except Exception as error:  # whatever it is, what decides now goes on
        why = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own: see the log"
        _LOG.error("a worker cannot take over what was activated, and goes on as before: %s", why, exc_info=error)
        told = f"a worker could not take over what was activated: {why}"
        return replace(use, not_reloaded=(told,), not_activated=now.turns)


def with_models(new: Services, use: Services) -> Services:
    """`new` with the models that `use` has not read. Raises ModelDegradationDetected."""
    for name, model in new.models.items():
        if isinstance(model, LateModel) and model is not use.models.get(name):
            model.read()
            if model.fault is not None:
                raise model.fault
    return new
