"""A decision as a person reads it in a terminal.

Written without rich, which takes as long to load as a decision takes to make and record.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import click

_COLOURS = {"permit": "green", "review": "yellow", "deny": "red"}
_INDENT, _BETWEEN = 2, 2
_LEAST_WIDTH = 20  # a terminal narrower than that is left to break the lines itself

Row = tuple[str, str, dict[str, Any]]
"""What a line is about, its text, and how click is to style the text."""


def show_decision(answer: Mapping[str, Any]) -> None:
    """Prints outcome, verdict, reasons, obligations, and where it is on record.

    A terminal gets its lines broken at its width; a file or a pipe gets one line for each.
    """
    rows = list(_rows(answer))
    left = max(len(label) for label, _, _ in rows)
    room = shutil.get_terminal_size().columns - _INDENT - left - _BETWEEN if sys.stdout.isatty() else 0
    for label, text, style in rows:
        lines = textwrap.wrap(text, room) if room > _LEAST_WIDTH else [text]
        for number, line in enumerate(lines or [""]):
            start = click.style((label if number == 0 else "").ljust(left), dim=True)
            click.echo(f"{' ' * _INDENT}{start}{' ' * _BETWEEN}{click.style(line, **style)}")


def _rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    for name, value in (answer["outcome"] or {}).items():
        yield name, value_text(value), {"bold": True}
    if answer["outcome"] is None:
        yield "status", "in review: a person is to look at it first, so what it gives is withheld", {"bold": True}
    if answer["verdict"]:
        yield "verdict", answer["verdict"], {"bold": True, "fg": _COLOURS[answer["verdict"]]}
    for model in answer["models"]:
        top = ", ".join(f"{r['feature']} {_signed(r['contribution'])}" for r in model["reasons"][:3])
        score = f"{model['fact']} {_score(model['score'])}" + (f", most by {top} (log-odds)" if top else "")
        yield f"{model['model']}@{model['version']}", score, {}
    for each in answer.get("fallbacks", ()):
        yield "fallback", f"{each['fact']}, as the model {each['model']} gave none: {each['why']}", {"fg": "yellow"}
    for number, reason in enumerate(answer["reasons"]):
        yield "because" if number == 0 else "", _reason(reason), {}
    for number, missing in enumerate(answer["missing"]):
        needed = ", ".join(rule["rule"] for rule in missing["rules"])
        yield "missing" if number == 0 else "", f"{missing['fact']}, needed by {needed}", {}
    for number, unknown in enumerate(answer["not_known"]):
        yield "not known" if number == 0 else "", f"{unknown['fact']}, skipped {_skipped(unknown['skipped'])}", {}
    for number, obligation in enumerate(answer["obligations"]):
        due = ", ".join(
            f"{key}: {value}" for key, value in obligation.items() if key not in ("policy", "version", "rule")
        )
        yield "you must" if number == 0 else "", f"{due}  [{obligation['rule']}]", {}
    yield "policies", ", ".join(f"{policy['policy']}@{policy['version']}" for policy in answer["policies"]), {}
    if answer.get("dry_run"):
        yield "dry run", "nothing is on record", {}
        return
    leaf = answer["receipt"]["leaf_hash"]
    yield "on record", f"{answer['decision_id']}, leaf hash {leaf[:16]}...", {}


def _reason(reason: Mapping[str, Any]) -> str:
    verdict = f"{reason['verdict']}: " if reason.get("verdict") else ""
    said = f"{verdict}{' - '.join(filter(None, (reason.get('because'), reason.get('source'))))}"
    return f"{said}  [{reason.get('rule') or reason['decision']}]".lstrip()


def _score(value: Any) -> str:
    """A number in few digits; a class, a day or a flag as it is."""
    try:
        return f"{Decimal(value):.4f}" if isinstance(value, str) else value_text(value)
    except InvalidOperation:
        return value_text(value)


def _skipped(named: list[Mapping[str, Any]]) -> str:
    return ", ".join(each.get("rule") or each.get("must_hold") or each["decision"] for each in named)


def _signed(number: str) -> str:
    return number if number.startswith("-") else f"+{number}"


def value_text(value: Any) -> str:
    """A JSON value of an answer in one line, as policies and examples write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return ", ".join(f"{name} {value_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or "none"
    return str(value)
