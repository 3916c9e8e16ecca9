"""What decisions are made under, as a text of its own that the ledger keeps once: an envelope names it by its digest.

    service    whose plan it is
    policies   [{"policy", "version", "digest"}, ...] in their order
    documents  {"vocabulary": digest, "services": digest}
    models     [{"model", "version", "digest"}, ...], those that may score its facts
    codes      of each decision, by its number: of a table the reason code of each rule, of a formula that says why its
               own, of another null; so a record's `steps` tell its reason codes without the policies' texts
    record     how the private part of a decision under it looks, without any value

The bytes of the text are also the preset dictionary that those private parts are deflated with (RFC 1951, RFC 1950
section 2.2): what all of them share, the names of facts and outcomes first of all, then costs a few bytes each time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from ordain.audit.entry.canonical import canonical
from ordain.audit.limits import LIMITS
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import ModelCard
from ordain.engine.policy.model import Table
from ordain.engine.values.types import Kind, Type

Json = dict[str, Any]

PLAN = "plan"
"""The kind of such a text among the kept ones."""

_WINDOW, _MEMORY, _LEVEL = -12, 4, 1
"""4 KiB raw, which holds the dictionary's end and a record; the fastest of what zlib offers, and little memory."""


FORM = 4
"""Of the private parts of decisions that are made today, and of the answers whose digests they hold."""


class DoesNotUnpack(Exception):
    """The bytes were not packed with this plan's text, or have been changed."""


class Packer:
    """Deflates private parts of decisions under one plan. Safe to use from several threads."""

    def __init__(self, text: bytes) -> None:
        self._prepared = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, text)

    def pack(self, private: bytes) -> bytes:
        """The deflated bytes, without a header or checksum: sealing has its own."""
        stream = self._prepared.copy()
        return stream.compress(private) + stream.flush()


def unpack(packed: bytes, text: bytes, padded: bool = False) -> bytes:
    """What `Packer(text).pack` was given; `padded` says that zeros follow (`audit.entry.padding`).

    Raises DoesNotUnpack, also for more than `LIMITS.unpacked` bytes.
    """
    stream = zlib.decompressobj(_WINDOW, zdict=text)
    try:
        private = stream.decompress(packed, LIMITS.unpacked)
    except zlib.error:
        raise DoesNotUnpack from None
    if not stream.eof or stream.unused_data.strip(b"\0" if padded else b""):
        raise DoesNotUnpack
    return private


Codes = list[str | list[str] | None]
"""By a decision's number, as at the head of this file."""


class Named(NamedTuple):
    """What a plan's text names, each with its digest."""

    policies: list[Json]
    documents: Json
    models: list[Json]


def scorers(plan: Plan, models: Iterable[ModelCard]) -> dict[str, ModelCard]:
    """By the fact's name the model that may score it, of those given."""
    scoring, facts = {model.name: model for model in models}, [need.fact for need in plan.needs]
    return {fact.name: scoring[fact.model] for fact in facts if fact.model in scoring}


def plan_text(plan: Plan, named: Named, scored: Mapping[str, ModelCard]) -> bytes:
    """The text of that plan, canonical JSON. `scored` as `scorers` gives them."""
    text = {"service": plan.service.name, **named._asdict(), "codes": _codes(plan), "record": _record(plan, scored)}
    return canonical(text)


def codes_of(steps: Iterable[Sequence[Any]], known: Codes) -> list[str]:
    """The reason codes of recorded steps, in their order. Raises LookupError, TypeError, ValueError for others."""
    codes: list[str] = []
    for number, _, *table in steps:
        here = known[number]
        if isinstance(here, str):
            codes.append(here)
        elif here:
            codes += [here[position] for position in (table[1] if table else ())]
    return codes


def named_model(model: ModelCard) -> Json:
    """A model as a plan names it, and a score whose plan does not."""
    return {"model": model.name, "version": model.version, "digest": model.digest}


def named_in(text: bytes) -> Named:
    """What a plan's text names. Raises ValueError when it is none."""
    data = orjson.loads(text)
    if isinstance(data, dict):
        named = Named(data.get("policies", ()), data.get("documents", ()), data.get("models", ()))
        if [type(part) for part in named] == [list, dict, list]:
            return named
    raise ValueError("not a plan")


def service_in(text: bytes) -> str | None:
    """Whose plan a text is; None when it is none."""
    try:
        data = orjson.loads(text)
    except ValueError:
        return None
    named = data.get("service") if isinstance(data, dict) else None
    return named if isinstance(named, str) else None


def codes_in(text: bytes) -> Codes:
    """The reason codes that a plan's text names; none of one from before format 4, whose envelopes have them."""
    codes: Codes = orjson.loads(text).get("codes", [])
    return codes


def _codes(plan: Plan) -> Codes:
    codes: Codes = []
    for decision in plan.by_number:
        policy = plan.heads[id(decision)]["policy"]
        if isinstance(decision, Table):
            codes.append([f"{policy}/{rule.id}" for rule in decision.rules])
        else:
            codes.append(f"{policy}/{decision.name}" if decision.because else None)
    return codes


def _record(plan: Plan, scored: Mapping[str, ModelCard]) -> Json:
    """A decision's private part (`audit.entry.decision`) with nothing in it but what each of them has.

    `scored` has by the fact's name the model that may score it.
    """
    facts = [need.fact for need in plan.needs]
    return {
        "answer": "",
        "at": "",
        "facts": {fact.name: _blank(fact.type) for fact in facts},
        "form": FORM,
        "jurisdiction": "",
        "outcome": {name: _blank(type) for name, type in plan.gives.items()},
        "scores": [
            {
                "fact": fact,
                "inputs": {feature.name: _blank(feature.type) for feature in model.reads},
                "reasons": [[feature.name, "", ""] for feature in model.reads],
                "score": "0.",
            }
            for fact, model in scored.items()
        ],
        "sources": {fact.name: "default" for fact in facts if fact.default is not None},
        "steps": [
            [number, _blank(decision.type), *((1, [0]) if isinstance(decision, Table) else ())]
            for number, decision in enumerate(plan.by_number)
        ],
        "subject": "",
        "verdict": "permit",
    }


def _blank(type: Type) -> Any:
    if type.is_money and type.kind is Kind.NUMBER:
        return {"amount": "", "currency": type.unit}
    if type.kind is Kind.CONTEXT:
        return {name: _blank(field) for name, field in type.fields.items()}
    if type.kind is Kind.LIST:
        return [] if type.item is None else [_blank(type.item)]
    return False if type.kind is Kind.FLAG else ""
