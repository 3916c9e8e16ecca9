"""The table of rights on the page about callers is what the policy says, and what the routes ask for."""

from __future__ import annotations

import datetime as dt
import os

from doc_fragments import ROOT

from ordain.api.access.rights import ROLES, Right
from ordain.api.access.role_rights import catalog_of_access, plan_in_force, rights_by
from ordain.api.contract.operations import OPERATIONS
from ordain.api.settings import Settings

PAGE = ROOT / "docs/access.md"
_BESIDE = {
    Right.DECIDE_AT: "`at` in a request, or in a line of a batch",
    Right.HEALTH: "all of `GET /healthz`, `GET /readyz`",
}


def table() -> list[str]:
    at = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
    catalog = catalog_of_access(Settings(policies=ROOT / "policies"))
    of = rights_by(plan_in_force(catalog, at), catalog.vocabulary, at).of
    lines = [f"| right | {' | '.join(ROLES)} | routes |", "|---" * (len(ROLES) + 2) + "|"]
    for right in Right:
        marks = " | ".join("yes" if right in of[role] else "" for role in ROLES)
        routes = [f"`{method} {rule}`" for (method, rule), each in OPERATIONS.items() if each.right == right]
        routes += [_BESIDE[right]] if right in _BESIDE else []
        lines.append(f"| {right} | {marks} | {', '.join(routes)} |")
    return lines


def test_the_table_of_rights_is_what_the_policy_says() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("| right |"))
    end = next(number for number, line in enumerate(lines) if number > at and not line.startswith("|"))
    if os.environ.get("ORDAIN_WRITE_TABLE"):  # how it was made
        PAGE.write_text("\n".join([*lines[:at], *table(), *lines[end:]]) + "\n", encoding="utf-8")
        return
    assert lines[at:end] == table()
