"""Explanation: one decision, told from its record to the person it is about.

GDPR Article 15(1)(h) gives a person "meaningful information about the logic involved"; the Court of Justice reads it as
the procedure and principles actually applied to that person's data, told so that it can be understood; a formula
alone is not enough (C-203/22, Dun & Bradstreet Austria, 27 February 2025).

Everything here comes from the ledger: the record, and the texts kept from that day for meanings and purposes. What is
not on record is not said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ordain.audit.entry.decision import version_number
from ordain.audit.explain.counterfactual import WhatIf
from ordain.audit.explain.known_then import unknown_then
from ordain.audit.explain.plain_words import fact_words, spaced, words
from ordain.audit.explain.waterfall import waterfalls
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Reader, Record, Status
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.limits import LIMITS
from ordain.audit.records.follow_ups import FOLLOW_UPS, follow_ups, status_after
from ordain.audit.records.older_forms import in_todays_form
from ordain.audit.records.replay import recorded_facts
from ordain.audit.records.shown import as_text, is_as_of, status_told, verdict_of
from ordain.engine.errors import OrdainError
from ordain.engine.evaluate import Plan, by_name
from ordain.engine.feel.syntax import tree
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.model import BACK, Decision, Formula, Rule, Table, Verdict
from ordain.engine.score_gate import WITHHELD
from ordain.engine.values.types import Type, plain

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is on record of one decision, in order and with its meanings, as JSON. See docs/letters.md for its keys.

    `data["private_part"]` other than "readable" says why there may be no more than the public part. `vocabulary` and
    `gives` have the types of the facts and of the outcome, as far as they can still be read.
    """

    data: Json
    vocabulary: Vocabulary
    gives: Mapping[str, Type]


def explain(record: Record, reader: Reader, past: Past | None = None) -> Explanation:
    """The explanation of a decision; of one that can no longer be read, what its envelope says.

    Whoever explains many gives `past`, so that each text is read once.
    """
    envelope = record.envelope
    told = _Told(envelope, past or reader.past.reread())
    data: Json = {
        "decision_id": envelope["id"],
        "private_part": str(record.status),
        "status": status_told(envelope),
        "service": envelope.get("service"),
        "purpose": told.purpose(),
        "recorded_at": envelope["time"],
        "as_of": is_as_of(envelope),
        "jurisdiction": envelope.get("jurisdiction"),
        "verdict": verdict_of(envelope),
        "policies": told.policies(),
        "engine": envelope.get("engine"),
        "leaf_index": record.entry.leaf_index,
        "leaf_hash": record.entry.leaf_hash.hex(),
    }
    if record.private is None:
        data["reasons"] = told.codes()
    elif NOT_RESTORED in record.private:
        data |= told.not_restored(record.private)
    else:
        data |= told.private(in_todays_form(record.private))
        if record.private.get("rollouts"):
            data["rollouts"] = record.private["rollouts"]
    data["unknown_then"] = _unknown_then(data, reader, envelope)
    followed = follow_ups(reader, record)
    data |= {kind: [each.shown() for each in followed if each.kind == kind] for kind in FOLLOW_UPS}
    data["status"] = as_text(status_after(record, followed))
    data["restricted"] = record.status is Status.RESTRICTED
    data["notes"] = list(dict.fromkeys(told.notes))
    return Explanation(data, told.vocabulary, told.plan.gives if told.plan is not None else {})


def _unknown_then(data: Json, reader: Reader, envelope: Json) -> list[Json]:
    """The policies that the ledger did not know at the earlier time that was decided for, if it is one."""
    if not (data["as_of"] and data.get("at")):
        return []
    at = dt.datetime.fromisoformat(data["at"])
    return unknown_then(reader, envelope, at) if at < dt.datetime.fromisoformat(data["recorded_at"]) else []


class _Told:
    def __init__(self, envelope: Json, past: Past) -> None:
        self.envelope, self.past = envelope, past
        self.notes: list[str] = []
        self.facts: Json = {}
        self.vocabulary = self._read("the meanings of the facts", past.vocabulary) or Vocabulary({})
        self.plan: Plan | None = self._read("the rules themselves", past.plan)

    def purpose(self) -> str | None:
        service = self._read("the purpose of the service", self.past.service)
        return None if service is None else service.purpose

    def policies(self) -> list[Json]:
        policies = [dict(policy) for policy in self.envelope.get("policies", ())]
        for compiled, said in zip(self.plan.policies if self.plan else (), policies, strict=False):
            policy = compiled.policy
            effective = {"from": policy.effective.start.isoformat()}
            if policy.effective.end is not None:
                effective["until"] = policy.effective.end.isoformat()
            if policy.effective.season:
                effective["then"] = BACK
            said |= {"purpose": policy.purpose, "owner": policy.owner, "kind": policy.kind, "effective": effective}
        return policies

    def private(self, private: Json) -> Json:
        facts, trace = private.get("facts") or {}, private.get("trace") or []
        self.facts = facts
        counted = set(self._counted(trace))
        looked_at = {name for step in trace for name in step.get("reads", ())}
        values = {name: fact.get("value") for name, fact in facts.items()}
        values |= {step["decision"]: step.get("gives") for step in trace if "decision" in step}
        amounts = self._amounts(trace, private.get("reasons") or ())
        told: Json = {
            "at": private.get("at"),
            "subject": private.get("subject"),
            "outcome": private.get("outcome"),
            "verdict": private.get("verdict"),
            "facts": [self._fact(name, fact) for name, fact in facts.items() if name in counted],
            "rules_kept": self.plan is not None,
            "by_default": [step.get("decision") for step in trace if step.get("fired") == []],
            "also_looked_at": [
                self._fact(name, fact) for name, fact in facts.items() if name in looked_at and name not in counted
            ],
            "models": [self._model(model) for model in private.get("models") or ()],
            "not_scored": self._not_scored(facts),
            "fallbacks": [self._fallback(each) for each in private.get("fallbacks") or ()],
            "reasons": [self._reason(reason, values) for reason in private.get("reasons") or ()],
            "obligations": private.get("obligations") or [],
            "disclosures": private.get("disclosures") or [],
            "amounts": amounts,
        }
        for reason in told["reasons"]:
            reason["counted"] = self._changed_it(reason, amounts)
        return told | self._what_if(private, amounts)

    def _amounts(self, trace: list[Json], reasons: Sequence[Json]) -> list[Json]:
        if self.plan is None:
            return []
        facts = {name: fact.get("value") for name, fact in self.facts.items()}
        return list(waterfalls(self.plan, trace, facts, reasons))

    def _changed_it(self, reason: Json, amounts: list[Json]) -> bool:
        """Whether the result would be another without a rule: it moved the amount, or gave the verdict or a part."""
        verdict = verdict_of(self.envelope)
        if "verdict" in reason:
            return verdict != Verdict.PERMIT and reason["verdict"] == verdict
        decision = reason.get("decision")
        if any(line.get("decision") == decision for amount in amounts for line in amount["lines"]):
            return True
        rule = self._rule(str(reason.get("label")), reason)
        if isinstance(rule, tuple) and rule[1].derived:  # it says how the others went together
            return False
        return not any(decision in amount["through"] for amount in amounts)

    def _what_if(self, private: Json, amounts: list[Json]) -> Json:
        """What another value of one fact would have changed, confirmed by deciding again; nothing where that fails."""
        if self.plan is None or not private.get("at"):
            return {}
        try:
            facts, at = recorded_facts(private, self.vocabulary), dt.datetime.fromisoformat(private["at"])
            law = self.envelope.get("jurisdiction")
            fixed = {name for name, value in facts.values.items() if law is not None and value == law}
            for model in (*(private.get("models") or ()), *(private.get("fallbacks") or ())):
                # with another input its score, or its fallback, would be another too
                fixed |= set(model.get("inputs") or ())
            if withheld := {name for name, source in facts.sources.items() if source == WITHHELD}:
                gate = self.plan.needs.gate  # with another fact of its own a score would have been made, and which?
                fixed |= withheld | {fact.name for fact in (gate.facts if gate is not None else ())}
            what_if = WhatIf(self.plan, self.vocabulary, facts, at, frozenset(fixed))
            if verdict_of(self.envelope) in (None, Verdict.PERMIT) and amounts:
                moved = {
                    of: self._named(what_if.moved(lines) or what_if.nearest(of))
                    for of, lines in ((amount["of"], amount["lines"]) for amount in amounts)
                }
                return {"what_if": {name: each for name, each in moved.items() if each is not None}}
            return {"otherwise": self._named(what_if.counterfactual())}
        except (OrdainError, KeyError, TypeError, ValueError, AttributeError) as error:
            said = error.message if isinstance(error, OrdainError) else f"{type(error).__name__}"
            self.notes.append(f"what would have changed it cannot be told: {said}")
            return {}

    def _named(self, change: Json | None) -> Json | None:
        return None if change is None else {**change, "meaning": self._meaning(change["fact"])}

    def not_restored(self, private: Json) -> Json:
        """What a record that could not be made whole holds itself: all facts, and not which of them counted."""
        why = private[NOT_RESTORED]
        self.notes.append(f"reasons and steps cannot be told: {why}")
        data: Json = {NOT_RESTORED: why, "verdict": private.get("verdict"), "reasons": self.codes()}
        data |= {name: private[name] for name in ("at", "subject", "outcome") if name in private}
        if "facts" in private:
            data["facts"] = [self._fact(name, fact) for name, fact in private["facts"].items()]
        if "models" in private:
            data["models"] = [self._model(model) for model in private["models"]]
        return data

    def codes(self) -> list[Json]:
        """What gave the reasons, as the envelope names it."""
        return [{"code": code} for code in self.envelope.get("reason_codes", ())]

    def _read(self, what: str, read: Any) -> Any:
        try:
            return read(self.envelope)
        except (OrdainError, KeyError, TypeError) as error:
            reason = error.message if isinstance(error, OrdainError) else "the entry does not name its texts"
            self.notes.append(f"{what} cannot be read from the ledger: {reason}")
            return None

    def _counted(self, trace: list[Json]) -> Iterator[str]:
        """What the fired rules read; of a table in which none fired, of a formula, and without the kept rules: all.

        Of law that is said to be for others (`where`), and of which no rule fired, only what says so.
        """
        for step in trace:
            decision = self._decision(str(step.get("policy")), str(step.get("decision")))
            fired = set(step.get("fired", ()))
            if isinstance(decision, Table) and (fired or _has_where(decision)):
                for place, rule in enumerate(decision.rules):
                    if rule.id in fired or (not fired and place == 0):
                        yield from _reads(decision, rule)
            else:
                yield from step.get("reads", ())

    def _decision(self, label: str, name: str) -> Decision | None:
        for compiled in self.plan.policies if self.plan else ():
            if compiled.policy.label == label:
                # First: beside a table that is called stands the function of its name, which no step is of.
                tables = (function.table for function in compiled.policy.functions)
                decisions = (*tables, *compiled.policy.decisions)
                return next((decision for decision in decisions if decision.name == name), None)
        return None

    def _fact(self, name: str, recorded: Json) -> Json:
        fact = self.vocabulary.facts.get(name)
        return {
            "name": name,
            "meaning": _meaning(fact, name),
            "value": recorded.get("value"),
            "shown": fact_words(fact, recorded.get("value")),
            "source": recorded.get("source"),
            "personal": fact.personal if fact is not None else None,
        }

    def _model(self, model: Json) -> Json:
        fact = self.vocabulary.facts.get(str(model.get("fact")))
        reasons = sorted(model.get("reasons") or (), key=lambda reason: -abs(_size(reason)))
        return {
            **{name: model.get(name) for name in ("model", "version", "digest", "fact", "score")},
            "version": version_number(str(model.get("version"))),
            "meaning": _meaning(fact, str(model.get("fact"))),
            "shown": fact_words(fact, model.get("score")),
            "drivers": [self._driver(reason, model) for reason in reasons[: LIMITS.drivers] if _size(reason)],
            "more": max(0, len(reasons) - LIMITS.drivers),
        }

    def _not_scored(self, facts: Json) -> list[Json]:
        """The estimates that were not made of this person, and why, as the service says it."""
        names = [name for name, fact in facts.items() if fact.get("source") == WITHHELD]
        service = self._read("why no score was made", self.past.service) if names else None
        because = service.scores.because if service is not None and service.scores is not None else None
        return [{"fact": name, "meaning": self._meaning(name), "because": because} for name in names]

    def _fallback(self, each: Json) -> Json:
        """What stood in the place of an estimate, since the model failed."""
        name = str(each.get("fact"))
        fact, recorded = self.vocabulary.facts.get(name), self.facts.get(name) or {}
        told: Json = {"fact": name, "meaning": self._meaning(name), "value": recorded.get("value")}
        told |= {"shown": fact_words(fact, recorded.get("value")), "model": each.get("model"), "why": each.get("why")}
        return told

    def _driver(self, reason: Json, model: Json) -> Json:
        name = str(reason.get("feature"))
        fact = self.vocabulary.facts.get(name)
        more: Json = {"usual": reason["usual"]} if "usual" in reason else {}
        if source := (model.get("from") or {}).get(name):
            more["source"] = source
        return more | {
            "feature": name,
            "meaning": _meaning(fact, name),
            "value": reason.get("value"),
            "shown": fact_words(fact, reason.get("value")),
            "contribution": reason.get("contribution"),
            "effect": "raised" if _size(reason) > 0 else "lowered",
        }

    def _reason(self, reason: Json, values: Mapping[str, Any]) -> Json:
        label = str(reason.get("policy"))
        explained: Json = {"label": label, **reason}
        explained |= by_name(label)
        rule = self._rule(label, reason)
        if isinstance(rule, Formula):
            explained["calculated_as"] = rule.expression.tree.span.text
            reads = set(rule.expression.reads)
        elif rule is not None:
            table, row = rule
            explained["conditions"] = [
                {"on": column.text, "meaning": self._meaning(column.text), "is": text}
                for column, cell in zip(table.columns, row.cells, strict=True)
                if cell is not None and (text := cell.tree.span.text)
            ]
            reads = set(_reads(table, row))
        else:
            return explained
        if constants := self._constants(label, _names(rule)):
            explained["constants"] = constants
        explained["looked_at"] = [self._looked_at(name, values[name]) for name in values if name in reads]
        return explained

    def _constants(self, label: str, names: set[str]) -> Json:
        """The constants among these names, each as its value is written: what a named range begins and ends with."""
        policies = self.plan.policies if self.plan is not None else ()
        policy = next((each.policy for each in policies if each.policy.label == label), None)
        known = policy.constants if policy is not None else {}
        return {name: plain(known[name][1]) for name in sorted(names) if name in known}

    def _looked_at(self, name: str, value: Any) -> Json:
        fact = self.vocabulary.facts.get(name)
        shown = words(value, "none") if value is None and name not in self.facts else fact_words(fact, value)
        return {"name": name, "meaning": _meaning(fact, name), "value": value, "shown": shown}

    def _meaning(self, name: str) -> str:
        return _meaning(self.vocabulary.facts.get(name), name)

    def _rule(self, label: str, reason: Json) -> Formula | tuple[Table, Rule] | None:
        """What gave a reason: the rule of that id in the decision that it names, or the formula of that name."""
        decision = self._decision(label, str(reason.get("decision")))
        if not isinstance(decision, Table):
            return decision
        rule = next((rule for rule in decision.rules if rule.id == reason.get("rule")), None)
        return None if rule is None else (decision, rule)


def _has_where(table: Table) -> bool:
    """Whether its first rule is the one that speaks when it is not known whose law this is."""
    return bool(table.rules) and table.rules[0].derived and table.rules[0].missing is not None


def _reads(table: Table, rule: Rule) -> Iterator[str]:
    """The names that one rule reads, its columns' included."""
    parts = [part for part in (rule.condition, *rule.gives) if part is not None]
    for column, cell in zip(table.columns, rule.cells, strict=True):
        if cell is not None:
            parts += [column.expression, cell]
    for part in parts:
        yield from part.reads


def _names(rule: Formula | tuple[Table, Rule]) -> set[str]:
    """All names in a formula, or in the cells, the condition and the outputs of a rule."""
    if isinstance(rule, Formula):
        return set(tree.names(rule.expression.tree))
    row = rule[1]
    return {
        name for part in (*row.cells, row.condition, *row.gives) if part is not None for name in tree.names(part.tree)
    }


def _meaning(fact: Fact | None, name: str) -> str:
    return fact.meaning if fact is not None and fact.meaning else spaced(name)


def _size(reason: Json) -> Decimal:
    try:
        return Decimal(str(reason.get("contribution")))
    except InvalidOperation:
        return Decimal(0)
