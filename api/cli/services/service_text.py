"""Services and their sheets as lines for a terminal."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import click

Json = Mapping[str, Any]


def list_lines(told: Json) -> list[str]:
    """Each service with its purpose, what it gives and what decides."""
    lines: list[str] = []
    for each in told["services"]:
        lines += [click.style(each["service"], bold=True), f"  {each['purpose']}"]
        lines += _labelled("gives", ", ".join(each["gives"]))
        lines += _labelled("policies", each.get("fault") or ", ".join(map(_label, each["policies"])))
    return lines


def sheet_lines(sheet: Json) -> list[str]:
    """The whole sheet: facts by what is needed of them, outputs, policies, a request that works."""
    lines = [f"{click.style(sheet['service'], bold=True)}  {sheet['purpose']}"]
    for (need, reviewed), title in _TITLES.items():
        facts = [fact for fact in sheet["facts"] if fact["need"] == need and (fact["absent"] == "review") == reviewed]
        lines += ["", click.style(title, bold=True)] if facts else []
        for fact in facts:
            lines += _fact(fact)
    lines += ["", click.style("It gives", bold=True)]
    for name, value in sheet["gives"].items():
        lines += _labelled(name, _kind(value))
    lines += _labelled("verdict", "permit, review or deny") if sheet["gives_verdict"] else []
    if sheet["gives_verdict"] and sheet["if_review"] == "withhold":
        lines.append("  what it gives is withheld while it is in review")
    lines += (
        ["  a denial is on record, and answered with ComplianceViolation"] if sheet["if_denied"] == "refuse" else []
    )
    lines += ["  it decides for the moment it is asked, and takes no `at`"] if sheet["at"] == "refused" else []
    if sheet["scores"] is not None:
        kept = ", ".join(sheet["scores"]["withholds"]) or "no score, as none is read"
        lines.append(f"  where {sheet['scores']['unless']}, it makes and reads no score: {kept}")
    lines += [f"  further events are made of {', '.join(sheet['tells'])}"] if sheet["tells"] else []
    lines += ["", click.style(f"Policies in force on {sheet['in_force_on']}, in their order", bold=True)]
    for policy in sheet["policies"]:
        lines += _policy(policy)
    return [*lines, "", *_example(sheet)]


def _policy(policy: Json) -> Iterator[str]:
    """One policy: its days, what comes after this version, and what each of its decisions gives."""
    until = f" until {policy['effective']['until']}" if policy["effective"]["until"] else ""
    until += ", then the version before" if "then" in policy["effective"] else ""
    yield f"  {_label(policy)}  from {policy['effective']['from']}{until}, {policy['kind']}"
    if policy["next"] is not None:
        version = policy["next"]["version"]
        then = "no version is in force" if version is None else f"version {version} decides"
        yield f"      from {policy['next']['from'].partition('T00:00:00')[0]} on {then}"
    for each in policy["decides"]:
        if policy["kind"] != "compliance":  # each of them gives findings and their verdict
            yield from _wrapped(f"{each['decision']}: {_kind(each['gives'])}")


_TITLES: Mapping[tuple[str, bool], str] = {
    ("required", False): "Facts to send",
    ("optional", False): "Facts that may be left out",
    ("optional", True): "Facts for compliance: without one that a rule needs, it asks for a review or denies",
    ("for a score", False): "Facts for a model, where its score is not sent",
    ("computed", False): "Facts that are computed: not to be sent",
}


def _fact(fact: Json) -> Iterator[str]:
    yield f"  {click.style(fact['fact'], fg='cyan')}  {_kind(fact)}"
    yield from _wrapped(fact["meaning"])
    if fact["absent"] in ("null", "default", "scored", "on file", "fallback"):
        yield from _wrapped(f"if left out: {fact['if_absent']}")


def _kind(value: Json) -> str:
    parts = [str(value["type"]), *(str(value[name]) for name in ("unit", "range") if name in value)]
    parts += [f"to {value['precision']} digits"] if "precision" in value else []
    parts += [f"a {value['format']}"] if "format" in value else []
    parts += ["personal"] if value.get("personal") else []
    text = ", ".join(parts)
    text += f": {', '.join(value['values'])}" if "values" in value else ""
    fields = [f"{name} ({_kind(part)})" for name, part in value.get("fields", {}).items()]
    return f"{text} of {', '.join(fields)}" if fields else text


def _example(sheet: Json) -> list[str]:
    if sheet["example"] is None:
        return ["No request that works was found in the examples of its policies."]
    request, answer = sheet["example"]["request"], sheet["example"]["answer"]
    verdict = f", verdict {answer['verdict']}" if answer["verdict"] else ""
    return [
        click.style(f"A request that works: POST /v1/decisions/{sheet['service']}", bold=True),
        *(f"  {line}" for line in json.dumps(request, indent=2, ensure_ascii=False).splitlines()),
        click.style(f"Its outcome{verdict}", bold=True),
        *(f"  {line}" for line in json.dumps(answer["outcome"], indent=2, ensure_ascii=False).splitlines()),
    ]


def _label(policy: Json) -> str:
    return f"{policy['policy']}@{policy['version']}"


def _labelled(label: str, text: str) -> list[str]:
    return [f"  {click.style(label.ljust(9) + ' ', dim=True)}{text}"]


def _wrapped(text: str) -> list[str]:
    room = max(40, shutil.get_terminal_size().columns)
    return textwrap.wrap(text, room, initial_indent="      ", subsequent_indent="      ")
