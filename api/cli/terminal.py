"""What people see in a terminal: decisions and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import uuid_utils
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ordain.api.problems import exit_code_of, shape_of
from ordain.engine.errors import OrdainError

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
_COLOURS = {"permit": "green", "review": "yellow", "deny": "red"}


def report(error: OrdainError, *, as_json: bool = False) -> int:
    """Shows an error on standard error, as text or in the HTTP service's shape; gives the exit code."""
    if as_json:
        ERR.print(json.dumps(shape_of(error, str(uuid_utils.uuid7())), ensure_ascii=False), markup=False)
    else:
        ERR.print(f"[bold red]{error.code}[/]")
        for issue in error.issues:
            ERR.print(Text(str(issue)))
    return exit_code_of(error)


def show_decision(answer: Mapping[str, Any]) -> RenderableType:
    """A decision as a person reads it: outcome, verdict, reasons, obligations, where it is on record."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in answer["outcome"].items():
        table.add_row(Text(name), Text(_value(value), style="bold"))
    if answer["verdict"]:
        table.add_row("verdict", Text(answer["verdict"], style=f"bold {_COLOURS[answer['verdict']]}"))
    for model in answer["models"]:
        top = ", ".join(f"{r['feature']} {_signed(r['contribution'])}" for r in model["reasons"][:3])
        score = f"{model['fact']} {Decimal(model['score']):.4f}, most by {top} (log-odds)"
        table.add_row(f"{model['model']}@{model['version']}", Text(score))
    for number, reason in enumerate(answer["reasons"]):
        table.add_row("because" if number == 0 else "", Text(_reason(reason)))
    for number, obligation in enumerate(answer["obligations"]):
        due = ", ".join(f"{key}: {value}" for key, value in obligation.items() if key not in ("policy", "rule"))
        table.add_row("you must" if number == 0 else "", Text(f"{due}  [{obligation['rule']}]"))
    policies = ", ".join(f"{policy['policy']}@{policy['version']}" for policy in answer["policies"])
    table.add_row("policies", policies)
    receipt = answer["receipt"]
    table.add_row("on record", Text(f"{answer['decision_id']}, leaf hash {receipt['leaf_hash'][:16]}..."))
    return Group(Padding(table, (0, 0, 0, 2)))


def _reason(reason: Mapping[str, Any]) -> str:
    verdict = f"{reason['verdict']}: " if reason.get("verdict") else ""
    missing = f" (`{reason['missing']}` is missing)" if reason.get("missing") else ""
    source = f" - {reason['source']}" if reason.get("source") else ""
    said = f"{verdict}{reason['because']}{missing}{source}"
    return f"{said}  [{reason.get('rule') or reason['decision']}]".lstrip()


def _signed(number: str) -> str:
    return number if number.startswith("-") else f"+{number}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return ", ".join(f"{name} {_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    return str(value)
