"""Decisions tried out, which are not recorded: side by side, along one number, or for the rows of a table."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from itertools import islice
from typing import Any

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.fact_fields import PREFIX, fields_of, read_facts, value_of
from ordain.api.console.page_shape import Json, Names, Part, Query
from ordain.api.limits import LIMITS


def try_out(asked: Asked, names: Names, form: Query) -> Part:
    """By what is in force and, beside it, by each set of versions that was named."""
    service, ask = names["service"], _request(asked, names, form)
    sets = [each.strip() for each in form.getlist("try") if each.strip()]
    if not sets:
        answer = asked.post(f"/v1/decisions/{service}/dry-run", ask)
        return Part("whatif_tried", {"tried": [{"versions": "in force", "answer": answer}], "differs": []})
    return Part("whatif_tried", asked.post(f"/v1/decisions/{service}/dry-run/versions", ask, **{"try": sets}))


def sweep(asked: Asked, names: Names, form: Query) -> Part:
    """The same with one number from end to end of what it may be: where the answer changes."""
    service, name = names["service"], form.get("along", "")
    ask = _request(asked, names, form)
    low, high = _end(form, "low"), _end(form, "high")
    points = [low + (high - low) * step / (LIMITS.swept - 1) for step in range(LIMITS.swept)]
    rows: list[Json] = []
    for point in points:
        text = f"{point.normalize():f}"
        facts = {**ask["facts"], name: value_of("number", text)}
        try:
            answer = asked.post(f"/v1/decisions/{service}/dry-run", {**ask, "facts": facts})
            rows.append({"at": text, "verdict": answer["verdict"], "outcome": answer.get("outcome")})
        except Refused as refused:
            if refused.status in (403, 404):
                raise
            rows.append({"at": text, "verdict": None, "outcome": None, "refused": refused.error["message"]})
    return Part("whatif_swept", {"along": name, "stretches": _stretches(rows), "plots": _plots(name, rows)})


def try_table(asked: Asked, names: Names, form: Query) -> Part:
    """Each row of a pasted table, whose first line names facts; a column `subject` is whom it is about."""
    fields = fields_of(asked.get(f"/v1/services/{names['service']}")["facts"], {})
    text = form.get("table", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    first = text.partition("\n")[0]
    between = max("\t;,", key=first.count)  # spreadsheets of many countries write semicolons; of none the first counts
    reader = csv.DictReader(io.StringIO(text), delimiter=between)
    try:
        header, given = list(reader.fieldnames or []), list(islice(reader, LIMITS.tried_rows + 1))
    except csv.Error as error:
        message = f"line {reader.line_num + 1} of the table cannot be read: {error}"
        raise Refused(400, {"code": "MalformedRequest", "message": message, "details": []}) from None
    known = {field["name"] for field in fields} | {"subject"}
    unknown = [name for name in header if name not in known]
    rows: list[Json] = []
    more = len(given) > LIMITS.tried_rows
    for number, row in enumerate(given[: LIMITS.tried_rows]):
        said = {PREFIX + name: value or "" for name, value in row.items() if name in known}
        subject = (row.get("subject") or "").strip() or f"row {number + 1}"
        try:
            answer = asked.post(
                f"/v1/decisions/{names['service']}/dry-run",
                {"subject": subject, "facts": read_facts(fields, said)},
            )
            rows.append({"subject": subject, "verdict": answer["verdict"], "outcome": answer.get("outcome")})
        except Refused as refused:
            if refused.status in (403, 404):
                raise
            rows.append({"subject": subject, "verdict": None, "outcome": None, "refused": refused.error["message"]})
    return Part("whatif_rows", {"rows": rows, "unknown": unknown, "more": more, "most": LIMITS.tried_rows})


def _request(asked: Asked, names: Names, form: Query) -> Json:
    fields = fields_of(asked.get(f"/v1/services/{names['service']}")["facts"], {})
    at = form.get("at", "").strip()
    ask: Json = {"subject": form.get("subject", "").strip() or "somebody", "facts": read_facts(fields, form)}
    return ask | ({"at": at} if at else {})


def _end(form: Query, name: str) -> Decimal:
    value = value_of("number", form.get(name, "").strip())
    if isinstance(value, str):
        message = f"`{name}` is not a number" if value else f"say where `{name}` is"
        raise Refused(400, {"code": "MalformedRequest", "message": message, "details": []})
    return Decimal(form[name].strip())


def _stretches(rows: list[Json]) -> list[Json]:
    """Neighbours with the same answer, as one."""
    stretches: list[Json] = []
    for row in rows:
        said = {name: value for name, value in row.items() if name != "at"}
        if stretches and stretches[-1]["said"] == said:
            stretches[-1]["to"] = row["at"]
        else:
            stretches.append({"from": row["at"], "to": row["at"], "said": said})
    return stretches


def _plots(along: str, rows: list[Json]) -> list[Json]:
    """A line for each number of the outcome that changes; drawn, so as floating point."""
    numbers: dict[str, list[float | None]] = {}
    for at, row in enumerate(rows):
        for path, value in _numbers("", row["outcome"] or {}):
            numbers.setdefault(path, [None] * len(rows))[at] = value
    xs = [float(row["at"]) for row in rows]
    return [
        {"x": xs, "xlabel": along, "series": [{"label": path, "values": values}]}
        for path, values in numbers.items()
        if len(set(values)) > 1
    ]


def _numbers(before: str, value: Any) -> list[tuple[str, float]]:
    match value:
        case {"amount": amount, **rest} if set(rest) <= {"currency"}:
            return [(before, float(amount))]
        case dict():
            return [each for name, part in value.items() for each in _numbers(f"{before}.{name}".strip("."), part)]
        case bool() | None:
            return []
        case int() | float():
            return [(before, float(value))]
        case str():
            number = value_of("number", value)
            return [] if isinstance(number, str) else [(before, float(value))]
    return []
