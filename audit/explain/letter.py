"""An explanation as a letter to the customer: what was decided, how it came about, what to do about it.

First what a person wants to know, in plain sentences; what else is on record follows in an annex. The text is Markdown;
every text of it is in the language's file (`audit/explain/languages/en.yaml`), every value is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ordain.audit.entry.entry import Kind
from ordain.audit.explain.annex import annex
from ordain.audit.explain.explanation import Explanation
from ordain.audit.explain.language import MINUS
from ordain.audit.explain.plain_words import code, escaped, short, spaced
from ordain.audit.explain.sender import Sender, nobody
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.engine.policy.model import Verdict
from ordain.engine.values.types import Kind as Kinds
from ordain.engine.values.types import Type

Json = dict[str, Any]

_GONE = ("erased", "expired", "restricted")


def letter(
    explanation: Explanation, sender: Sender | None = None, own_request: bool = False, *, with_annex: bool = True
) -> str:
    """The text, ending in a newline. `own_request`: whoever it is about asked for a restricted record.

    The annex has all else that is on record, for who wants to check it.
    """
    return _Letter(explanation, sender or nobody(), own_request).text(with_annex)


class _Letter:
    def __init__(self, explanation: Explanation, sender: Sender, own_request: bool) -> None:
        self.data, self.sender, self.language = explanation.data, sender, sender.language
        self.vocabulary, self.gives = explanation.vocabulary, explanation.gives
        self.own_request = own_request
        self.say = self.language.say
        self.is_whole = "outcome" in self.data and NOT_RESTORED not in self.data
        self.is_gone = "outcome" not in self.data and self.data["private_part"] in _GONE

    def text(self, with_annex: bool) -> str:
        data = self.data
        parts = [self.head(), self.result()]
        if self.is_whole:
            parts += [self.amount(amount) for amount in data["amounts"]]
            parts += [self.estimate(model) for model in data["models"]]
            parts += [self.not_scored(), self.fallbacks()]
            parts += [self.reasons(), self.otherwise(), self.duties()]
        elif NOT_RESTORED in data:
            parts += [self.estimate(model) for model in data.get("models", ())]
            parts += [f"## {self.say('duties')}\n\n{self.say('untold')}"]
        parts += [self.person(), self.rights()]
        parts += [annex(self.data, self.language, self.vocabulary)] if with_annex else []
        return "\n\n".join(part for part in parts if part) + "\n"

    # --- the head and the result

    def head(self) -> str:
        data = self.data
        if data.get("at"):
            title = self.say("title", date=self.language.moment(data["at"]))
        else:  # the day that was decided for can no longer be read
            title = self.say("title_recorded", date=self.language.moment(data["recorded_at"]))
        lines = [f"# {title}", "", self.say("number", id=f"`{data['decision_id']}`")]
        if data["as_of"]:
            put_in = {"recorded": self.language.moment(data["recorded_at"])}
            text = "as_of" if data.get("at") else "as_of_unknown"
            lines += ["", self.say(text, at=self.language.moment(str(data.get("at"))), **put_in)]
        if data["unknown_then"]:
            labels = ", ".join(code(f"{each['policy']}@{each['version']}") for each in data["unknown_then"])
            lines += ["", self.say("unknown_then", policies=labels)]
        if data.get("purpose"):
            lines += ["", self.say("about", purpose=escaped(data["purpose"]))]
        if NOT_RESTORED in data:
            lines += ["", self.say("in_full_no_more", why=escaped(data[NOT_RESTORED]))]
        elif self.is_gone:
            lines += ["", self.say(str(data["private_part"]))]
        if data["restricted"] and "facts" in data:
            lines += ["", self.say("restricted_for_you" if self.own_request else "restricted_for_claim")]
        return "\n".join(lines)

    def result(self) -> str:
        """What holds: by the rules, or as a person settled it whom they asked."""
        verdict, outputs = self.data.get("verdict"), list(self.outputs())
        settled = self.settled()
        given = verdict if settled is None else settled["verdict"]
        lines = [f"## {self.say('result')}", ""]
        if given == Verdict.DENY:
            lines += [self.say("refused"), *self.listed("refused_value", outputs)]
        elif given == Verdict.REVIEW and self.is_gone:  # whether a person settled it went with it
            lines.append(self.say("untold"))
        elif given == Verdict.REVIEW:
            lines += [self.say("in_review"), *self.listed("in_review_value", outputs)]
        else:
            told = [
                self.say("output", name=name, value=value) if value else self.say("nothing_applied", name=name)
                for name, value in outputs
            ]
            told += [self.say("allowed")] if verdict == Verdict.PERMIT else []
            lines.append("\n\n".join(told or [self.say("untold")]))
        if settled is not None:
            lines += ["", self.person_said()]
        elif verdict in (Verdict.DENY, Verdict.REVIEW) and (because := list(dict.fromkeys(self.of_verdict()))):
            lines += ["", self.say("refused_because" if verdict == Verdict.DENY else "in_review_because"), "", *because]
        return "\n".join(lines)

    def listed(self, text: str, outputs: list[tuple[str, str]]) -> list[str]:
        lines = [f"- {self.say(text, name=name, value=value)}" for name, value in outputs if value]
        return ["", *lines] if lines else []

    def outputs(self) -> Any:
        """Each part of the outcome with its value; "" for one that says that nothing applied.

        What an amount only came through is told by its lines, and so is which rule it was that gave a part of it.
        """
        amounts = self.data.get("amounts") or []
        through = {each for amount in amounts for each in amount["through"]} - {amount["of"] for amount in amounts}
        rules = [reason.get("rule") for reason in self.data.get("reasons", ())]
        for name, value in (self.data.get("outcome") or {}).items():
            said = escaped(spaced(name))
            if name not in through:
                yield said, self.output(name, value)
            elif isinstance(value, dict) and not self.is_amount(name):
                rest = {key: part for key, part in value.items() if not _is_money(self.gives.get(name), key)}
                told = {key: part for key, part in rest.items() if part is not None and part not in rules}
                if told or not any(part is not None for part in rest.values()):
                    yield said, self.output(name, told) if told else ""

    def of_verdict(self) -> Iterator[str]:
        """Why it was denied, or goes to a person: what the rules say that gave the verdict."""
        for reason in self.data["reasons"] if self.is_whole else ():
            if reason.get("verdict") == self.data["verdict"]:
                values = f"\n  {self.say('rule_values', facts=told)}" if (told := self.values(reason)) else ""
                yield f"- {self.because(reason)}{values}"

    def is_amount(self, name: str) -> bool:
        return name in self.gives and self.gives[name].is_money

    def output(self, name: str, value: Any) -> str:
        return self.language.value(self.gives.get(name), value)

    # --- how it came about

    def amount(self, amount: Json) -> str:
        """A waterfall from where the amount starts to what was answered, and what would have moved it."""
        name, currency = escaped(spaced(amount["of"])), amount["currency"]
        lines = [f"## {self.say('amounts', name=name)}", ""]
        lines += [f"| {self.say('line')} | {escaped(currency)} |", "|---|---:|"]
        for line in amount["lines"]:
            change = self.language.written(Decimal(line["change"]))
            sign = "" if line["moved"] == "start" or change.startswith(MINUS) else "+"
            lines.append(f"| {self.line(line)} | {sign}{change} |")
        total = self.language.written(Decimal(amount["lines"][-1]["after"]))
        lines.append(f"| **{self.say('total', name=name)}** | **{total}** |")
        otherwise = (self.data.get("what_if") or {}).get(amount["of"])
        if otherwise is not None:
            lines += ["", self.what_if(amount, otherwise)]
        return "\n".join(lines)

    def line(self, line: Json) -> str:
        facts = [self.data_fact(name) for name in line.get("facts", ())]
        if line["moved"] == "start" and len(facts) == 1 and not line.get("because"):
            return self.say("start", fact=facts[0][0])
        if line["moved"] == "rounded":
            return self.say("rounded")
        if line.get("because"):
            return escaped(line["because"])
        if len(facts) == 1:
            meaning, value, is_estimate = facts[0]
            return self.say("moved_by_estimate" if is_estimate else "moved", fact=meaning, value=value)
        return ", ".join(self.say("moved", fact=each[0], value=each[1]) for each in facts) or self.say("calculated")

    def data_fact(self, name: str) -> tuple[str, str, bool]:
        """A fact's meaning, its value, and whether a model gave it."""
        known = {fact["name"]: fact for fact in (*self.data.get("facts", ()), *self.data.get("also_looked_at", ()))}
        fact = known.get(name)
        if fact is None:
            return escaped(spaced(name)), self.say("not_known"), False
        return short(fact["meaning"]), self.value(name, fact["value"]), "@" in str(fact["source"])

    def value(self, name: str, value: Any) -> str:
        fact = self.vocabulary.facts.get(name)
        return self.language.value(fact.type if fact is not None else None, value)

    def what_if(self, amount: Json, change: Json) -> str:
        after = Decimal(change["outcome"][amount["of"]]["amount"])
        by = after - Decimal(amount["lines"][-1]["after"])
        put_in = self.change(change) | {"name": escaped(spaced(amount["of"]))}
        if not by:
            said = self.say("what_if_same", **put_in)
        else:
            put_in |= {"change": self.language.amount(abs(by), amount["currency"])}
            put_in |= {"after": self.language.amount(after, amount["currency"])}
            said = self.say("what_if_more" if by > 0 else "what_if_less", **put_in)
        return f"{said} {self.say('checked_again')}"

    def change(self, change: Json) -> dict[str, str]:
        name = change["fact"]
        fact = self.vocabulary.facts.get(name)
        type = fact.type if fact is not None else None
        was, instead = (self.language.exact(type, change[each]) for each in ("was", "instead"))
        said = short(change["meaning"])
        return {"fact": self.say("the_answer", fact=said) if _is_flag(type) else said, "was": was, "instead": instead}

    def otherwise(self) -> str:
        """The nearest change of one fact that leads to another result."""
        if "otherwise" not in self.data:
            return ""
        head, change = f"## {self.say('otherwise')}\n\n", self.data["otherwise"]
        if self.settled() is not None and (change is None or change["same"]):  # it is of what the rules said alone
            return ""
        if change is None:
            is_told = any(reason.get("missing") for reason in self.data["reasons"])  # what we would have to know
            return "" if is_told else head + self.say("otherwise_none")
        put_in = self.change(change)
        if self.data["verdict"] in (Verdict.DENY, Verdict.REVIEW) and change["same"]:
            text = "otherwise_reviewed" if change["verdict"] == Verdict.REVIEW else "otherwise_allowed"
            said = self.say(text, **put_in)
        else:
            before = self.data.get("outcome") or {}
            other = {name: value for name, value in change["outcome"].items() if before.get(name) != value}
            told = "; ".join(f"{escaped(spaced(name))}: {self.output(name, value)}" for name, value in other.items())
            said = self.say("otherwise_result", result=told, **put_in)
        return f"{head}{said} {self.say('checked_again')}"

    def estimate(self, model: Json) -> str:
        put_in = {"model": escaped(model["model"]), "version": escaped(model["version"])}
        put_in |= {"meaning": short(model["meaning"]), "value": self.value(model["fact"], model["score"])}
        lines = [f"## {self.say('estimate')}", "", self.say("estimate_is", **put_in)]
        if model["drivers"]:
            lines += ["", self.say("drivers"), ""]
            for driver in model["drivers"]:
                value = self.value(driver["feature"], driver["value"])
                lines.append(f"- {self.say(driver['effect'], fact=short(driver['meaning']), value=value)}")
        if model["more"]:
            lines += ["", self.say("drivers_more", count=str(model["more"]))]
        return "\n".join(lines)

    def not_scored(self) -> str:
        """The estimates that were not made of this person."""
        lines = [
            self.say("not_scored_because", meaning=short(each["meaning"]), because=escaped(each["because"]))
            if each["because"]
            else self.say("not_scored", meaning=short(each["meaning"]))
            for each in self.data["not_scored"]
        ]
        return "\n\n".join([f"## {self.say('estimate')}", *lines]) if lines else ""

    def fallbacks(self) -> str:
        """What stood in the place of an estimate, because the model could not make it."""
        lines = [
            self.say(
                "estimate_failed",
                meaning=short(each["meaning"]),
                model=escaped(each["model"]),
                value=self.value(each["fact"], each["value"]),
            )
            for each in self.data["fallbacks"]
        ]
        return "\n\n".join([f"## {self.say('estimate')}", *lines]) if lines else ""

    def reasons(self) -> str:
        """The rules without which it would have come out otherwise; those of the verdict stand beside it already."""
        lines = [f"## {self.say('reasons')}", ""]
        told = {line.get("decision") for amount in self.data["amounts"] for line in amount["lines"]}
        verdict = self.data.get("verdict")
        counted = [
            reason
            for reason in self.data["reasons"]
            if reason.get("counted", True) and reason["decision"] not in told and "verdict" not in reason
        ]
        for reason in counted:
            lines.append(f"- {self.because(reason)}")
            if values := self.values(reason):
                lines.append(f"  {self.say('rule_values', facts=values)}")
        if not counted:
            if self.data["amounts"] or verdict in (Verdict.DENY, Verdict.REVIEW):
                return ""
            lines.append(self.say("by_default" if self.data["by_default"] else "no_reason"))
        return "\n".join(lines)

    def because(self, reason: Json) -> str:
        because, source = escaped(reason.get("because") or "").strip(), escaped(reason.get("source") or "")
        because = because or (self.say("source_alone", source=source) if source else code(reason.get("rule")))
        if reason.get("missing"):
            fact, said = self.vocabulary.facts.get(reason["missing"]), self.data_fact(reason["missing"])[0]
            said = self.say("whether", fact=said) if fact is not None and _is_flag(fact.type) else said
            return self.say("rule_missing", because=because, fact=said)
        if source and reason.get("because"):
            return self.say("rule_source", because=because, source=source)
        return self.say("rule_because", because=because)

    def values(self, reason: Json) -> str:
        """The person's own values that a rule looked at, as far as they were known."""
        if reason.get("missing"):
            return ""
        recorded = {fact["name"] for fact in (*self.data["facts"], *self.data["also_looked_at"])}
        looked_at = [fact for fact in reason.get("looked_at", ()) if fact["name"] in recorded]
        return "; ".join(
            self.say("fact_value", fact=short(fact["meaning"]), value=self.value(fact["name"], fact["value"]))
            for fact in looked_at
            if fact["value"] is not None
        )

    # --- what follows

    def duties(self) -> str:
        lines = [
            "- "
            + "; ".join(
                self.say("duty", name=escaped(spaced(name)), value=self.language.plain(value))
                for name, value in duty.items()
                if name not in ("policy", "rule")
            )
            for duty in self.data["obligations"]
        ]
        lines = list(dict.fromkeys(lines))
        duties = "\n".join([f"## {self.say('duties')}", "", *lines]) if lines else ""
        return "\n\n".join(part for part in (duties, *self.showings()) if part)

    def showings(self) -> Iterator[str]:
        """What was shown by the word of the app that showed it; of the rest no more than that it had to be."""
        due = list(self.data["disclosures"])
        for showing in self.data.get(Kind.SHOWN, ()):
            texts = showing["texts"] or self.data["disclosures"]
            due = [text for text in due if text not in texts]
            if texts:
                yield self.texts(self.say("shown_on", date=self.language.moment(showing["at"])), texts)
        if due:
            yield self.texts(self.say("shown"), due)

    def texts(self, heading: str, texts: list[str]) -> str:
        return "\n".join([f"## {heading}", "", *(f"- {self.language.plain(each)}" for each in texts)])

    def settled(self) -> Json | None:
        """What a person said of a decision whose rules asked for one."""
        return next(iter(self.data.get(Kind.SETTLED, ())), None)

    def person(self) -> str:
        return f"## {self.say('person')}\n\n{self.person_said()}"

    def person_said(self) -> str:
        settled = self.settled()
        if settled is None:
            if self.data["status"] is None:
                return self.say("untold")
            if self.data.get("verdict") != Verdict.REVIEW:
                return self.say("person_none")
            return self.say("untold" if self.is_gone else "person_asked")
        text = "person_allowed" if settled["verdict"] == Verdict.PERMIT else "person_refused"
        return self.say(text, date=self.language.moment(settled["recorded_at"]))

    def rights(self) -> str:
        """GDPR Articles 13 to 15, 22: what one may ask for, of whom, and who is responsible for what."""
        sender, data = self.sender, self.data
        authority = sender.authority(data.get("jurisdiction"))
        lines = [f"## {self.say('rights')}", "", f"- {self.say('right_person')}", f"- {self.say('right_data')}"]
        contact, purpose = sender.contact, sender.purpose(data.get("service"))
        lines.append(f"- {self.say('contact', contact=escaped(contact)) if contact else self.say('contact_unset')}")
        lines.append(
            f"- {self.say('complaint', authority=escaped(authority)) if authority else self.say('complaint_unset')}"
        )
        for text, value in (
            ("controller", sender.controller),
            ("officer", sender.officer),
            ("purpose", purpose),
            ("recipients", sender.recipients),
            ("storage", sender.storage),
        ):
            lines += [f"- {self.say(text, **{text: escaped(value)})}"] if value else []
        return "\n".join(lines)


def _is_flag(type: Type | None) -> bool:
    """Whether its meaning is a sentence, which is so or not."""
    return type is not None and type.kind is Kinds.FLAG


def _is_money(type: Type | None, member: str) -> bool:
    return type is not None and member in type.fields and type.fields[member].is_money
