"""The annex of a letter: all that is on record, for whoever wants to check what the letter says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ordain.audit.explain.language import Language
from ordain.audit.explain.plain_words import code, escaped, short, spaced, words
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.engine.lifecycle.bucket import BUCKETS
from ordain.engine.policy.facts import FALLBACK, LEDGER, STORES, TIME, Vocabulary
from ordain.engine.score_gate import WITHHELD

Json = dict[str, Any]


def annex(data: Json, language: Language, vocabulary: Vocabulary) -> str:
    """Rules, facts and the record itself, in Markdown; `data` as an explanation has it."""
    told = _Annex(data, language, vocabulary)
    parts = [f"## {language.say('annex')}\n\n{language.say('annex_about')}", told.rules(), told.facts(), told.record()]
    return "\n\n".join(part for part in parts if part)


class _Annex:
    def __init__(self, data: Json, language: Language, vocabulary: Vocabulary) -> None:
        self.data, self.language, self.vocabulary, self.say = data, language, vocabulary, language.say

    # --- rules

    def rules(self) -> str:
        reasons, head = self.data.get("reasons", ()), [f"### {self.say('all_rules')}", ""]
        if NOT_RESTORED in self.data:
            named = [f"- {code(reason['code'])}" for reason in reasons] or [self.say("rules_none_named")]
            return "\n".join([*head, *named, "", self.say("rules_named_only")])
        if "outcome" not in self.data:
            return "\n".join([*head, *(f"- {code(reason['code'])}" for reason in reasons)]) if reasons else ""
        lines = head
        for number, reason in enumerate(reasons, start=1):
            lines.append(f"{number}. {self.place(reason)}")
            lines += [f"   - {line}" for line in self.details(reason)]
        if not reasons:
            lines.append(self.say("by_default" if self.data["by_default"] else "no_reason"))
        return "\n".join(lines)

    def place(self, reason: Json) -> str:
        put_in = {
            "decision": escaped(spaced(_written(str(reason.get("decision"))))),
            "policy": escaped(reason["policy"]),
            "version": escaped(reason["version"]),
        }
        if reason.get("rule"):
            return self.say("rule_place", rule=code(reason["rule"]), **put_in)
        return self.say("formula_place", **put_in)

    def details(self, reason: Json) -> list[str]:
        lines = [escaped(reason["because"])] if reason.get("because") else []
        lines += [
            self.say("rule_condition", fact=short(part["meaning"]), **{"is": code(part["is"])})
            for part in reason.get("conditions", ())
        ]
        lines += [f"{code(name)}: {code(words(value))}" for name, value in _named_in_conditions(reason)]
        looked_at = {fact["name"]: fact for fact in reason.get("looked_at", ()) if _is_written(fact["name"])}
        lines += [
            self.say("fact_value", fact=short(fact["meaning"]), value=self.value(name, fact["value"]))
            for name, fact in looked_at.items()
        ]
        if reason.get("calculated_as") and not self.is_told_by_lines(reason["decision"]):
            lines.append(self.say("rule_calculated", text=code(reason["calculated_as"])))
        if reason.get("missing") and reason["missing"] not in looked_at:
            lines.append(f"{escaped(spaced(reason['missing']))}: {self.say('not_known')}")
        if reason.get("source"):
            lines.append(escaped(reason["source"]))
        if reason.get("verdict"):
            lines.append(self.say("rule_says", verdict=escaped(reason["verdict"])))
        return lines

    def is_told_by_lines(self, decision: str) -> bool:
        """Whether an amount came through that decision: its lines say what each fact did, in money."""
        return any(decision in amount["through"] for amount in self.data["amounts"])

    # --- facts

    def facts(self) -> str:
        data, head = self.data, [f"### {self.say('facts')}", ""]
        if NOT_RESTORED in data:
            given = [f"### {self.say('facts_given')}", ""]
            if "facts" not in data:
                return "\n".join([*given, self.say("not_restored_none")])
            return "\n".join(
                [*given, self.say("not_restored_facts"), *self.sorted(data["facts"], "not_restored_not_you")]
            )
        if "outcome" not in data:
            return ""
        lines = head if data["rules_kept"] else [*head, self.say("facts_unknown_which")]
        lines += self.sorted(data["facts"])[0 if not data["rules_kept"] else 1 :]
        known = [fact for fact in data["also_looked_at"] if fact["value"] is not None or fact["source"] == WITHHELD]
        if known:
            lines += ["", f"{self.say('other_facts')}:", "", *map(self.fact, known)]
        unknown = len(data["also_looked_at"]) - len(known)
        if unknown:
            lines += ["", self.say("not_known_count", count=str(unknown))]
        return "\n".join(lines)

    def sorted(self, facts: list[Json], nothing: str = "nothing_about_you") -> list[str]:
        """Facts about the person, then the others; `nothing` is said when there are none about the person."""
        about_you = [self.fact(fact) for fact in facts if fact["personal"] is not False]
        others = [self.fact(fact) for fact in facts if fact["personal"] is False]
        lines = ["", self.say("about_you"), "", *about_you] if about_you else ["", self.say(nothing)]
        return [*lines, "", self.say("besides"), "", *others] if others else lines

    def fact(self, fact: Json) -> str:
        meaning = short(fact["meaning"])
        if fact["source"] == WITHHELD:
            return f"- {self.say('withheld', fact=meaning)}"
        if fact["value"] is None:
            return f"- {self.say('fact_value', fact=meaning, value=self.say('not_known'))}"
        source = str(fact["source"])
        model, at, version = source.partition("@")
        store, _, as_of = source.partition(" as of ")
        as_of, stale, _ = as_of.partition(", stale")
        if at:
            said = self.say("from_model", model=escaped(model), version=escaped(version))
        elif source in ("request", "default"):
            said = self.say(f"from_{source}")
        elif source.startswith(FALLBACK):
            said = self.say("from_fallback", model=escaped(source.removeprefix(FALLBACK).partition(":")[0]))
        elif store in STORES and as_of:
            date = self.language.moment(as_of)
            texts = {LEDGER: "from_ledger", TIME: "from_time"}.get(store)
            said = self.say(texts or ("from_features_stale" if stale else "from_features"), date=date)
        else:
            said = self.say("from_other", source=escaped(source))
        return f"- {self.say('fact_line', fact=meaning, value=self.value(fact['name'], fact['value']), source=said)}"

    def rollout(self, own: Json) -> str:
        """Whether the customer was among those to whom a version was given first; nothing of a trial without them."""
        share = self.say("percent", number=self.language.percent(Decimal(own["share"]) / BUCKETS))
        put_in = {"policy": escaped(own["policy"]), "version": escaped(str(own["version"])), "share": share}
        if own.get("shadow"):
            return self.say("tried_beside", **put_in) if own["arm"] == "challenger" else ""
        return self.say(f"introduced_{own['arm']}", **put_in)

    def value(self, name: str, value: Any) -> str:
        fact = self.vocabulary.facts.get(name)
        return self.language.value(fact.type if fact is not None else None, value)

    # --- the record

    def record(self) -> str:
        data, lines = self.data, [f"### {self.say('record')}", ""]
        for policy in data["policies"]:
            put_in = {"policy": escaped(policy.get("policy")), "version": escaped(policy.get("version"))}
            days = policy.get("effective") or {}
            text = "policy_season" if "then" in days else "policy_until" if "until" in days else "policy_from"
            dates = {name: self.language.date(days[key]) for name, key in _DAYS.items() if key in days}
            line = self.say(text if days else "policy_line", **dates, **put_in)
            if policy.get("purpose"):
                line = self.say("policy_purpose", policy=line, purpose=escaped(policy["purpose"]))
            lines.append(f"- {line}")
        lines += [f"- {told}" for told in map(self.rollout, data.get("rollouts", ())) if told]
        if data.get("jurisdiction"):
            lines.append(f"- {self.say('law', law=escaped(data['jurisdiction']))}")
        put_in = {"moment": self.language.moment(data["recorded_at"]), "engine": escaped(data["engine"])}
        if data["leaf_index"] is None:
            lines.append(f"- {self.say('recorded', **put_in)}")
        else:
            lines.append(f"- {self.say('recorded_as', place=str(data['leaf_index']), **put_in)}")
        fingerprint = code(data["leaf_hash"])
        lines.append(f"- {self.say('fingerprint', hash=fingerprint)}")
        lines += [f"- {escaped(note)}" for note in data["notes"]]
        return "\n".join(lines)


_DAYS = {"date": "from", "until": "until"}
"""What a text about a version's days calls them, and what the explanation does."""


def _written(decision: str) -> str:
    """The decision that somebody wrote, of one that was made of it, such as `bounded_price after step-highest`."""
    return decision.partition(" ")[0]


def _is_written(name: str) -> bool:
    return _written(name) == name


def _named_in_conditions(reason: Json) -> list[tuple[str, Any]]:
    """The constants without which a condition cannot be read. Others are weights and limits of ours: what they came to
    is told in the customer's own amounts and words, and they stand in the explanation's data, for a reviewer.
    """
    named = {name for part in reason.get("conditions", ()) for name in re.findall(r"\w+", part["is"])}
    return [(name, value) for name, value in reason.get("constants", {}).items() if name in named]
