"""What is found, a row each: whole words at whatever width the terminal has, one line an entry for other programs."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.console import Console

from ordain.api.cli.terminal import OUT
from ordain.api.limits import LIMITS
from ordain.audit.entry.entry import Kind
from ordain.audit.explain.plain_words import one_line, words
from ordain.audit.ledger.reader import Status
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.engine.policy.model import Status as Answered

Json = dict[str, Any]

_NOT_GIVEN = {Answered.REFUSED: "refused, not offered:", Answered.IN_REVIEW: "in review, not offered:"}
_RULES = LIMITS.listed_rules


def print_rows(rows: list[Json], *, personal: bool, console: Console = OUT) -> None:
    """Found entries as `found_shown` and `entry_shown` give them."""
    for row in rows:
        text = _line(row, personal=personal)
        console.print(wrapped(text, console.width) if console.is_terminal else text, markup=False)


def wrapped(text: str, width: int) -> str:
    """The text in lines of that many columns, further ones indented; a word stays whole, even if it is longer."""
    lines = textwrap.wrap(text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def _line(row: Json, *, personal: bool) -> str:
    decided = [_decided(row)] if row["kind"] == Kind.DECISION else []
    said = [row["service"] or row["kind"], *([row["kind"]] if row["service"] and not decided else []), *decided]
    if not personal:
        rules = [code.rpartition("/")[2] for code in row["reason_codes"]]
        said += [", ".join(rules[:_RULES]) + (f" and {len(rules) - _RULES} more" if len(rules) > _RULES else "")]
        said += [_about(row)]
    elif row["private_part"] not in (Status.READABLE, Status.RESTRICTED):
        said += [_about(row), row["private_part"]]
    elif row["kind"] != Kind.DECISION:
        private = {name: part for name, part in (row.get("private") or {}).items() if name not in ("ids", "subject")}
        said += [_about(row), words(private, "") if private else row["private_part"]]
    elif row["outcome"] is None and row["private_part"] != Status.READABLE:
        said += [row["private_part"]]
    elif row["outcome"] is None and NOT_RESTORED in row:
        said += ["cannot be read any more"]
    else:
        outcome = f"{_NOT_GIVEN.get(row['status'], '')} {words(row['outcome'], '')}".strip()
        said += [row["subject"] or "", outcome]
        said += [f"as of {row['at']}" if row["about"].get("as_of") and row.get("at") else ""]
    return one_line("  ".join([row["entry_id"], f"{row['recorded_at'][:19]}Z", *filter(None, said)]))


def _decided(row: Json) -> str:
    if row["status"] is None:
        return "erased, or cannot be read"
    return str(row["verdict"] or "decided")


def _about(row: Json) -> str:
    return ", ".join(f"{name} {words(value, '')}" for name, value in row["about"].items())
