"""An explanation as a letter to the customer: plain sentences, in Markdown."""

from __future__ import annotations

from typing import Any

from ordain.audit.explain.explanation import Explanation
from ordain.audit.explain.plain_words import NOT_KNOWN, date_words, escaped, moment_words, spaced, words
from ordain.audit.ledger.restoring import NOT_RESTORED

Json = dict[str, Any]

_GONE = {
    "erased": (
        "The personal part of this record was erased: the key to it was destroyed, and nobody can read it any more. "
        "What follows is all that is left."
    ),
    "expired": (
        "The personal part of this record was removed when the time for keeping it was over. "
        "What follows is all that is left."
    ),
    "restricted": (
        "The use of this record is restricted: its erasure was asked for, and the law has it kept until then. "
        "The personal part is not shown."
    ),
}
_VERDICTS = {
    "permit": "The rules allow it.",
    "deny": "The rules do not allow it, so it may not be done.",
    "review": "The rules ask for a person to look at it first.",
}
_RULES_LOST = "the text of the rules is no longer kept, or cannot be read."
_DUTIES_UNTOLD = "## What we had to do or show\n\nThis can no longer be told."
_SOURCES = {"request": "given with the request", "default": "assumed, because nothing else was given"}


def letter(explanation: Explanation) -> str:
    """The text, ending in a newline."""
    data = explanation.data
    parts = [_opening(data)]
    if NOT_RESTORED in data:
        parts += [_given(data), *map(_model, data.get("models", ())), _rules_named(data), _DUTIES_UNTOLD, _review(data)]
    elif "outcome" in data:
        parts += [
            _facts(data),
            *map(_model, data["models"]),
            _reasons(data),
            _duties(data),
            _review(data),
        ]
    else:
        parts.append(_codes(data))
    parts.append(_record(data))
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(data: Json) -> str:
    when = moment_words(data.get("at") or data["recorded_at"])
    lines = [f"# Decision of {when}", "", f"Decision number: `{data['decision_id']}`"]
    if data.get("purpose"):
        lines += ["", f"What it was about: {escaped(data['purpose'])}"]
    if NOT_RESTORED in data:
        lines += ["", f"This record can no longer be told in full: {escaped(data[NOT_RESTORED])}."]
    elif "outcome" not in data:
        lines += ["", _GONE.get(data["status"], "")]
    if data["restricted"] and "facts" in data:
        lines += ["", "The use of this record is restricted. It is shown for a legal claim."]
    lines += ["", "## What was decided", ""]
    outcome = data.get("outcome") or {}
    lines += [f"- {escaped(spaced(name))}: **{escaped(words(value, 'none'))}**" for name, value in outcome.items()]
    if data.get("verdict") in _VERDICTS:
        lines.append(f"- {_VERDICTS[data['verdict']]}")
    if lines[-1] == "":
        lines.append("This can no longer be told.")
    return "\n".join(lines)


def _facts(data: Json) -> str:
    known = [fact for fact in data["also_looked_at"] if fact["value"] is not None]
    unknown = len(data["also_looked_at"]) - len(known)
    if data["rules_kept"]:
        lines = ["## What counted", *_sorted(data["facts"], "Nothing about you counted.")]
    else:
        lines = ["## What was looked at", "", f"Which of this counted can no longer be told: {_RULES_LOST}"]
        lines += _sorted(data["facts"], "Nothing about you was looked at.")
    if known:
        lines += ["", "This was looked at too, but no rule that applied depended on it:", ""]
        lines += [_fact_line(fact) for fact in known]
    if unknown:
        lines += ["", f"{unknown} more facts were not known. No rule that applied depended on them."]
    return "\n".join(lines)


def _given(data: Json) -> str:
    """All facts of a record that does not say which of them counted."""
    lines = ["## What it was decided from", ""]
    if "facts" not in data:
        return "\n".join([*lines, "The facts can no longer be read, nor which of them counted."])
    lines.append("These are all facts on record, as they were given. Which of them counted can no longer be told.")
    return "\n".join(lines + _sorted(data["facts"], "None of them is about you."))


def _sorted(facts: list[Json], none: str) -> list[str]:
    """Facts about the person, then the others; `none` is said when there are none about the person."""
    about_you = [_fact_line(fact) for fact in facts if fact["personal"] is not False]
    others = [_fact_line(fact) for fact in facts if fact["personal"] is False]
    lines = ["", "About you:", "", *about_you] if about_you else ["", none]
    return [*lines, "", "Besides:", "", *others] if others else lines


def _fact_line(fact: Json) -> str:
    if fact["value"] is None:
        return f"- {_short(fact)}: {NOT_KNOWN}"
    source = str(fact["source"])
    model, at, version = source.partition("@")
    said = f"computed by the model {model}, version {version}" if at else _SOURCES.get(source, f"from {source}")
    return f"- {_short(fact)}: **{escaped(fact['shown'])}** ({escaped(said)})"


def _short(fact: Json) -> str:
    """A fact's meaning without what the vocabulary adds for those who write policies."""
    return escaped(str(fact["meaning"]).partition(";")[0])


def _model(model: Json) -> str:
    lines = [
        f"## How the model {escaped(model['model'])} was used",
        "",
        f"A computer model, {escaped(model['model'])}, version {escaped(model['version'])}, estimated "
        f"{escaped(model['meaning'])}. Its result: **{escaped(model['shown'])}**.",
    ]
    if model["drivers"]:
        lines += ["", "These moved the result most, the strongest first:", ""]
        lines += [
            f"- {_short(driver)}, {escaped(driver['shown'])}: {driver['effect']} it" for driver in model["drivers"]
        ]
    if model["more"]:
        lines += ["", f"{model['more']} more played a smaller part."]
    return "\n".join(lines)


def _reasons(data: Json) -> str:
    lines = ["## Which rules applied", ""]
    for number, reason in enumerate(data["reasons"], start=1):
        lines.append(f"{number}. {_reason(reason)}")
        lines += [f"   - {line}" for line in _details(reason)]
    if not data["reasons"]:
        lines.append("No rule matched, so the default applied." if data["by_default"] else "None that gives a reason.")
    return "\n".join(lines)


def _reason(reason: Json) -> str:
    decision = escaped(spaced(str(reason.get("decision"))))
    made = f"the calculation of {decision}"
    if reason.get("rule"):
        made = f"rule `{reason['rule']}`" + (f" for {decision}" if reason.get("decision") else "")
    because = escaped(reason.get("because") or "").strip()
    if not because and reason.get("source"):
        because = f"It follows from {escaped(reason['source'])}."
    said = f"{because} " if because else ""
    return f"{said}({made}, policy {escaped(reason['policy'])}, version {escaped(reason['version'])})"


def _details(reason: Json) -> list[str]:
    lines = [f"its condition on {_short(part)}: `{part['is']}`" for part in reason.get("conditions", ())]
    lines += [f"for you, {_short(fact)}: {escaped(fact['shown'])}" for fact in reason.get("looked_at", ())]
    if reason.get("calculated_as"):
        lines.append(f"calculated as `{reason['calculated_as']}`")
    if reason.get("missing"):
        lines.append(f"it could not be settled, because {escaped(spaced(reason['missing']))} was not known")
    if reason.get("source"):
        lines.append(f"source: {escaped(reason['source'])}")
    if reason.get("verdict"):
        lines.append(f"it says: {escaped(reason['verdict'])}")
    return lines


def _duties(data: Json) -> str:
    lines = []
    for duty in data["obligations"]:
        due = "; ".join(
            f"{escaped(spaced(name))}: {escaped(words(value))}"
            for name, value in duty.items()
            if name not in ("policy", "rule")
        )
        lines.append(f"- {due} (rule `{duty.get('rule')}` of {escaped(duty.get('policy'))})")
    told = [f"- {escaped(words(shown))}" for shown in data["disclosures"]]
    parts = ["## What we had to do or show", "", *lines] if lines else []
    if told:
        parts += [*([""] if parts else []), "## What you were shown", "", *told]
    return "\n".join(parts)


def _review(data: Json) -> str:
    if data["verdict"] == "review":
        said = "The rules asked for a person to look at this decision. This record does not say whether one did."
    else:
        said = "This was decided by rules, automatically. This record names no person who took part."
    return f"## Whether a person took part\n\n{said}"


def _codes(data: Json) -> str:
    if not data["reasons"]:
        return ""
    return "\n".join(["## Which rules applied", "", *(f"- `{reason['code']}`" for reason in data["reasons"])])


def _rules_named(data: Json) -> str:
    """The codes alone, of a record that does not hold what they stand for."""
    named = [f"- `{reason['code']}`" for reason in data["reasons"]] or ["The record names none."]
    return "\n".join(["## Which rules applied", "", *named, "", "What they said can no longer be told."])


def _record(data: Json) -> str:
    lines = ["## The record", ""]
    for policy in data["policies"]:
        line = f"- policy {escaped(policy.get('policy'))}, version {escaped(policy.get('version'))}"
        if policy.get("effective"):
            line += f", in force from {date_words(policy['effective']['from'])}"
        lines.append(f"{line}: {escaped(policy['purpose'])}" if policy.get("purpose") else line)
    place = "" if data["leaf_index"] is None else f" as entry {data['leaf_index']}"
    lines.append(f"- recorded on {moment_words(data['recorded_at'])}{place}, by {escaped(data['engine'])}")
    lines.append(f"- its fingerprint: `{data['leaf_hash']}`")
    lines += [f"- {escaped(note)}" for note in data["notes"]]
    return "\n".join(lines)
