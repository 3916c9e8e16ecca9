"""What decides once versions that were activated meanwhile are taken over, by a server and by a watch alike; and what
scores once a model was promoted, rolled back or retired."""

from __future__ import annotations

import logging
from dataclasses import replace

from ordain.api.late_model import LateModel
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.services import Services, reloaded
from ordain.api.stages.model_record import live_of
from ordain.engine.errors import LedgerUnavailable, OrdainError
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")
_NOT_PROMOTED = "a worker could not take over which models are live"


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


def promoted(use: Services) -> Services:
    """What decides once the versions of models that are live by now are taken over; `use` itself when it has them.

    When they cannot be, all goes on as before, and says why, until others are live or all is reloaded.
    """
    live = use.live
    others = tuple(fault for fault in use.not_reloaded if not fault.startswith(_NOT_PROMOTED))
    try:
        live = live_of(use.record.now())
        if live == use.not_live or (live == use.live and use.not_live is None):  # of the first it is said already
            return use
        if live == use.live:  # what could not be taken over has been taken back
            return replace(use, not_live=None, not_reloaded=others)
        return replace(with_models(reloaded(use, use.catalog), use), not_live=None, not_reloaded=others)
    except LedgerUnavailable as error:
        _LOG.error("whether models were promoted is not known now: %s", error.message)
        return use
    except Exception as error:  # whatever it is, what decides now goes on
        why = error.message if isinstance(error, OrdainError) else "a fault of Ordain's own: see the log"
        _LOG.error("a worker cannot take over which models are live, and goes on as before: %s", why, exc_info=error)
        return replace(use, not_reloaded=(*others, f"{_NOT_PROMOTED}: {why}"), not_live=live)


def with_models(new: Services, use: Services) -> Services:
    """`new` with the models that `use` has not read; shadows are read meanwhile. Raises ModelDegradationDetected."""
    for name, model in new.models.items():
        if isinstance(model, LateModel) and model is not use.models.get(name):
            model.read()
            if model.fault is not None:
                raise model.fault
    for beside in new.shadows.values():
        for shadow in beside:
            shadow.read_meanwhile()
    return new
