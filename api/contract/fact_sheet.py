"""What an app has to know of one fact: whether to send it, what its absence means, and what it may be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ordain.api.late_model import LateModel
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.needs import Need
from ordain.engine.policy.facts import FEATURES, LEDGER, REQUEST, TIME, Fact, FactSource
from ordain.engine.values.types import Kind, Type, plain

Json = dict[str, Any]
Models = Mapping[str, FactSource | ModelDegradationDetected]

REQUIRED, OPTIONAL, FOR_A_SCORE, COMPUTED = "required", "optional", "for a score", "computed"
"""What `need` says: for a score means needed only where a model is to give another fact; computed, never sent."""


def type_sheet(type: Type) -> Json:
    """A type in plain words: `type`, and where they apply `unit`, `values`, `range`, `fields` (those of its items)."""
    sheet: Json = {"type": str(type)}
    inner = type.item if type.kind is Kind.LIST and type.item is not None else type
    if inner.unit or type.unit:
        sheet["unit"] = inner.unit or type.unit
    if inner.values:
        sheet["values"] = list(inner.values)
    if inner.limits is not None:
        sheet["range"] = str(inner.limits)
    if inner.fields:
        sheet["fields"] = {name: type_sheet(part) for name, part in inner.fields.items()}
    return sheet


def sent_fact(need: Need, models: Models, readers: Iterable[str], stores: Collection[str]) -> Json:
    """A fact that a request may hold; `readers` are the labels of the policies that read it, `stores` are there."""
    return _sheet(need.fact, _absence(need, models, stores), readers)


def scored_by(name: str, models: Models) -> FactSource | None:
    """The model of that name, if it can score as far as is known."""
    model = models.get(name)
    if isinstance(model, LateModel) and model.fault is not None:
        return None
    return None if isinstance(model, ModelDegradationDetected) else model


def model_input(feature: Fact, scores: str) -> Json:
    """A fact that only a model reads, so that it can give the fact `scores`."""
    if feature.optional:
        absent, says = "null", f"the model scores `{scores}` without it"
    else:
        absent, says = "refused", f"needed where `{scores}` is left out"
    return _sheet(feature, {"need": FOR_A_SCORE, "absent": absent, "if_absent": says, "scores": scores}, ())


def computed_fact(fact: Fact, readers: Iterable[str]) -> Json:
    """A fact that an earlier policy of the service gives, or the engine itself; a request that holds it is refused."""
    giver = f"the policy {fact.given_by}" if fact.given_by else "the engine, of the personal facts that were read"
    says = f"given by {giver}; a request that holds it is refused"
    return _sheet(fact, {"need": COMPUTED, "absent": "computed", "if_absent": says}, readers)


def _sheet(fact: Fact, absence: Json, readers: Iterable[str]) -> Json:
    sheet: Json = {"fact": fact.name, "meaning": fact.meaning, **absence, **type_sheet(fact.type)}
    if fact.limits is not None:
        sheet["range"] = str(fact.limits)
    if fact.precision is not None:
        sheet["precision"] = fact.precision
    if fact.time_zone:
        sheet["format"] = "time zone"
    return {**sheet, "personal": fact.personal, "read_by": list(readers)}


def _absence(need: Need, models: Models, stores: Collection[str]) -> Json:
    """`absent` in a word for programs, `if_absent` in a sentence: the same cases as in `engine/gather.py`."""
    fact, otherwise = need.fact, _without_stores(need, models)
    known = [store for store in fact.stores if store in stores]
    if not known:
        return otherwise
    says = f"{' or '.join(_STORES[store] for store in known)}; if nothing is there: {otherwise['if_absent']}"
    need_it = OPTIONAL if REQUEST in fact.sources else COMPUTED
    return {**otherwise, "need": need_it, "absent": "on file", "if_absent": says}


_STORES = {
    FEATURES: "read from the feature store",
    LEDGER: "counted from the decisions on record",
    TIME: "the moment that is decided for",
}


def _without_stores(need: Need, models: Models) -> Json:
    """The same for what no store knows."""
    fact, source = need.fact, need.fact.model
    not_sent = OPTIONAL if REQUEST in fact.sources else COMPUTED
    if (model := scored_by(source, models)) is not None:
        inputs = [feature.name for feature in model.reads]
        says = f"scored by the model {source}@{model.version} from {', '.join(inputs)}"
        says += "; should that fail, it is its fallback" if fact.fallback is not None else ""
        scored = {"model": source, "version": model.version, "inputs": inputs}
        return {"need": not_sent, "absent": "scored", "if_absent": says, "scored_by": scored}
    if source and fact.fallback is not None:
        says = f"it is its fallback, as the model {source}, which would score it, cannot now"
        return {"need": not_sent, "absent": "fallback", "if_absent": says}
    if source and (source in models or REQUEST not in fact.sources):
        says = f"refused: the model {source}, which would score it, cannot now"
        return {"need": REQUIRED if REQUEST in fact.sources else COMPUTED, "absent": "refused", "if_absent": says}
    if fact.default is not None:
        default = plain(fact.default)
        says = f"it counts as {_shown(default)}"
        return {"need": OPTIONAL, "absent": "default", "if_absent": says, "default": default}
    if fact.optional:
        return {"need": OPTIONAL, "absent": "null", "if_absent": "it is null, which the rules provide for"}
    if need.may_miss:
        says = "a rule of compliance that needs it asks for a review or denies"
        return {"need": OPTIONAL, "absent": "review", "if_absent": says}
    says = "the request is refused"
    if source:
        says += f", as no model {source} is trained"
    return {"need": REQUIRED, "absent": "refused", "if_absent": says}


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
