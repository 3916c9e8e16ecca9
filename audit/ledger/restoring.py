"""A decision's record made whole: reasons, obligations and trace, from its steps and the policies' texts of that day.

What comes out is what was on record in full until 0.1.0 was released, so that readers know one form. The answer that
is made on the way must have the digest that was recorded with the decision: otherwise nothing is told as said that is
not known to have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.decision import SETTLED_FORMS, version_number
from ordain.audit.entry.decision import reason_told as score_reason_told
from ordain.audit.entry.decision_form import duty_told, reason_told
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.told import is_untold
from ordain.engine.errors import LedgerUnavailable, OrdainError, TextLost
from ordain.engine.evaluate import Outcome, Plan
from ordain.engine.policy.facts import REQUEST
from ordain.engine.policy.model import Verdict
from ordain.engine.step import Trail
from ordain.engine.values.money import with_currency

Json = dict[str, Any]

NOT_RESTORED = "not_restored"
"""In a record that could not be made whole: why. It has no reasons, obligations, disclosures and trace then, and of the
rest what it holds itself: what is not there is not known, which is something else than none."""

_IF_THERE = ("caller", "fallbacks", "rollouts", "shadows", "shadow_scores")
"""What some entries have, and others have not: who asked, what models failed at, where versions were rolled out, or
tried beside, and what models that are tried beside made of the rows."""

_BEFORE = 2
"""The form whose answers are made as they were then."""

_MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def restored(private: Json, envelope: Json, past: Past) -> Json:
    """The private part of a decision in full; as it is when it has been on record in full. `envelope` tells what its
    private part has to say, too (`audit.ledger.told`).

    Raises LedgerUnavailable when the database cannot be read.
    """
    form = private.get("form")
    if form is None:
        return private
    if form not in (*SETTLED_FORMS, _BEFORE):
        return not_restored(private, envelope, f"it was recorded in form {form}, which this version cannot read")
    try:
        plan = past.plan(envelope)
    except TextLost as error:
        return not_restored(private, envelope, error.message)
    except LedgerUnavailable:
        raise
    except (OrdainError, *_MALFORMED) as error:
        reason = error.message if isinstance(error, OrdainError) else "the entry does not name its texts"
        return not_restored(private, envelope, f"its policies do not load with this version: {reason}")
    try:
        whole, answer = _whole(private, envelope, plan)
    except _MALFORMED:
        return not_restored(private, envelope, "its steps do not fit the policies as this version reads them")
    if sha256(answer).hexdigest() != private.get("answer"):
        return not_restored(private, envelope, "made again by this version, the answer is not the one that was given")
    return whole


def _whole(private: Json, envelope: Json, plan: Plan) -> tuple[Json, bytes]:
    """The record in full, and the canonical bytes of the answer without its receipt."""
    verdict = _verdict(envelope)
    trail, asked = list(_trail(private["steps"], plan)), None if verdict is None else Verdict(verdict)
    outcome = Outcome(plan, private["facts"], trail, asked)
    reasons, obligations = outcome.reasons(), outcome.obligations()
    nulls = [
        {"policy": label, "nulls": [{"message": message, "at": at} for message, at in told]}
        for label, told in private.get("nulls", ())
    ]
    whole: Json = {
        "at": private["at"],
        "disclosures": [due["disclose"] for due in obligations if "disclose" in due],
        "facts": _facts(private, plan),
        "models": _scores(private, envelope),
        "obligations": obligations,
        "outcome": private["outcome"],
        "reasons": reasons,
        "subject": private["subject"],
        "trace": [*outcome.trace(), *nulls],
        "verdict": verdict,
        **_if_there(private),
    }
    if private["form"] in SETTLED_FORMS:
        gaps = {"missing": outcome.missing(), "not_known": outcome.not_known()}
        whole |= {"form": private["form"], "status": str(outcome.status), "withheld": outcome.withheld, **gaps}
    return whole, canonical(_answer(envelope, whole))


def _if_there(private: Json) -> Json:
    return {name: private[name] for name in _IF_THERE if name in private}


def answer_of(envelope: Json, whole: Json, leaf_hash: str) -> bytes:
    """The answer that was given, byte for byte, from a record that has been made whole."""
    receipt = {"entry_id": envelope["id"], "leaf_hash": leaf_hash}
    return canonical({**_answer(envelope, whole), "receipt": receipt})


def _answer(envelope: Json, whole: Json) -> Json:
    models = [_answered(score) for score in whole["models"]]
    answer = {
        **{name: whole[name] for name in ("at", "obligations", "outcome", "reasons", "verdict")},
        "decision_id": envelope["id"],
        "models": models,
        "policies": envelope["policies"],
        "service": envelope["service"],
    }
    if "fallbacks" in whole:
        answer["fallbacks"] = [_answered(each) for each in whole["fallbacks"]]
    if "form" not in whole:
        return answer
    return {
        **answer,
        **{name: whole[name] for name in ("missing", "not_known", "status")},
        "models": [{**model, "version": version_number(model["version"])} for model in models],
        "obligations": [duty_told(duty) for duty in whole["obligations"]],
        "outcome": None if whole["withheld"] else whole["outcome"],
        "reasons": [reason_told(reason) for reason in whole["reasons"]],
    }


def _answered(part: Json) -> Json:
    """A score, or a fallback, without what it was made from."""
    return {name: value for name, value in part.items() if name not in ("inputs", "from")}


def _trail(steps: list[list[Any]], plan: Plan) -> Iterator[Any]:
    """The steps as compiled code left them, but for values, which are JSON."""
    decisions = plan.by_number
    trail: Trail = []
    for number, value, *table in steps:
        looked_at, fired, *rest = table or (0, ())
        lacked, said = (tuple((position, text) for position, text in part) for part in (*rest, (), ())[:2])
        trail.append((decisions[number], looked_at, tuple(fired), value, lacked, said))
    return iter(trail)


def _facts(private: Json, plan: Plan) -> Json:
    """Each with its source; money with its currency, in the digits that are on record."""
    facts = _as_given(private["facts"], private["sources"])
    for need in plan.needs:
        source = private["sources"].get(need.fact.name, "missing")
        fact = facts.setdefault(need.fact.name, {"source": source, "value": None})
        fact["value"] = with_currency(need.fact.type, fact["value"])
    return dict(sorted(facts.items()))


def _as_given(given: Json, sources: Json) -> Json:
    return {name: {"source": sources.get(name, REQUEST), "value": value} for name, value in given.items()}


def _scores(private: Json, envelope: Json) -> list[Json]:
    return [
        {
            "digest": model["digest"],
            "fact": score["fact"],
            "inputs": score["inputs"],
            "model": model["model"],
            "reasons": [score_reason_told(*reason) for reason in score["reasons"]],
            "score": score["score"],
            "version": model["version"],
            **({"from": score["from"]} if "from" in score else {}),
        }
        for model, score in zip(envelope["models"], private["scores"], strict=True)
    ]


def _verdict(envelope: Json) -> str | None:
    verdict = envelope["outcome_class"]
    return None if verdict == "decided" else verdict


def not_restored(private: Json, envelope: Json, why: str) -> Json:
    """What is known without the texts, and why there is no more."""
    known: Json = {name: private[name] for name in ("at", "outcome", "subject") if name in private}
    with suppress(*_MALFORMED):  # a form that this version cannot read may hold them otherwise
        known["facts"] = dict(sorted(_as_given(private["facts"], private["sources"]).items()))
    with suppress(*_MALFORMED):
        known["models"] = _scores(private, envelope)
    if not is_untold(envelope):
        known["verdict"] = _verdict(envelope)
    return {**known, **_if_there(private), NOT_RESTORED: why}
