"""An export for a reviewer as tables of SQL, read by nothing of ours: what a search says is held against them.

entry    entry_id, leaf_index, kind, service, jurisdiction, outcome_class, status, subject, private_part, recorded_at
         (UTC), at, recorded and decided (seconds since 1970), month and at_month (of the zone), data (JSON)
reason   entry_id, code (policy@version/rule), verdict
rule     entry_id, code    policy  entry_id, label, digest    model  entry_id, label
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_COLUMNS = (
    *("entry_id", "leaf_index", "kind", "service", "jurisdiction", "outcome_class", "status", "subject"),
    *("private_part", "recorded_at", "at"),
)
_MORE = ("recorded", "decided", "month", "at_month", "data")


def tables(export: Path, zone: dt.tzinfo) -> sqlite3.Connection:
    """A database in memory. Close it."""
    made = sqlite3.connect(":memory:")
    made.create_function("sha256", 1, lambda text: hashlib.sha256(text.encode()).hexdigest(), deterministic=True)
    made.execute(f"create table entry ({', '.join((*_COLUMNS, *_MORE))}, primary key (entry_id))")
    made.execute("create table reason (entry_id, code, verdict)")
    made.execute("create table rule (entry_id, code)")
    made.execute("create table policy (entry_id, label, digest)")
    made.execute("create table model (entry_id, label)")
    with export.open(encoding="utf-8") as lines:
        for line in lines:
            _add(made, json.loads(line), line, zone)
    return made


def _add(made: sqlite3.Connection, row: dict[str, Any], line: str, zone: dt.tzinfo) -> None:
    recorded, at = dt.datetime.fromisoformat(row["recorded_at"]), row.get("at") if row["kind"] == "decision" else None
    decided = None if at is None else dt.datetime.fromisoformat(at)
    times = [
        *(
            recorded.timestamp(),
            None if decided is None else decided.timestamp(),
            recorded.astimezone(zone).strftime("%Y-%m"),
        ),
        None if decided is None else decided.astimezone(zone).strftime("%Y-%m"),
    ]
    values = [row.get(name) for name in _COLUMNS[:-1]]
    _insert(made, "entry", [(*values, at, *times, line)])
    entry_id = row["entry_id"]
    if row["kind"] != "decision":
        return
    reasons = [reason for reason in row.get("reasons", ()) if "rule" in reason]
    _insert(made, "reason", ((entry_id, f"{each['policy']}/{each['rule']}", each.get("verdict")) for each in reasons))
    _insert(made, "rule", ((entry_id, code) for code in dict.fromkeys(row["reason_codes"])))
    _insert(made, "policy", ((entry_id, f"{p['policy']}@{p['version']}", p["digest"]) for p in row["policies"]))
    _insert(made, "model", ((entry_id, f"{m['model']}@{m['version']}") for m in row["models"]))


def _insert(made: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        made.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
