"""What a person gets who asks for their data: letters, the data behind them, and those that can be taken elsewhere.

GDPR Article 15 gives access, with an explanation of each automated decision; Article 20 gives what the person provided
in a structured, commonly used and machine-readable form. Both are one archive here, made from the records alone.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.letter import letter
from ordain.audit.explain.sender import Sender
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.records.export import safe_cell

Json = dict[str, Any]

ACCESS, PORTABLE, TABLE, KNOWN = "decisions.json", "your-data.json", "your-data.csv", "what-we-know.json"
_READ_ME = """What we hold about you, as of the day on which this was made.

letters/          one letter for each decision about you: what was decided, why, what would have changed it (Markdown)
decisions.json    the same for programs, all facts, scores and rules included (GDPR Article 15)
your-data.json    the facts that came with the requests about you (GDPR Article 20)
your-data.csv     the same as a table
what-we-know.json what else is stored of you: what happened, what you are to us, and what is worked out of it
"""


@dataclass(slots=True)
class Package:
    """An archive (ZIP) and what is in it: the ids of the decisions, and how many could not be read any more."""

    archive: bytes
    ids: list[str] = field(default_factory=list)
    unreadable: int = 0


def package_of(
    records: Iterable[Record], reader: Reader, sender: Sender, own_request: bool, known: Json | None = None
) -> Package:
    """The package of the decisions about one person, oldest first, and of what else is `known` about them."""
    told: list[Json] = []
    unreadable, buffer = 0, io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("READ-ME.txt", _READ_ME)
        for number, record in enumerate(records, start=1):
            explained = explain(record, reader, reader.past)
            data = explained.data
            archive.writestr(letter_name(number, data), letter(explained, sender, own_request))
            told.append(data)
            unreadable += "facts" not in data
        archive.writestr(ACCESS, _json(told))
        rows = list(_provided(told))
        archive.writestr(PORTABLE, _json(rows))
        archive.writestr(TABLE, _table(rows))
        archive.writestr(KNOWN, _json(known or {}))
    return Package(buffer.getvalue(), [data["decision_id"] for data in told], unreadable)


def letter_name(number: int, data: Json) -> str:
    """The path of a letter in the archive: of a service's name only what a file's name may have everywhere."""
    service = re.sub(r"[^\w-]+", "-", str(data["service"]))[:100]
    return f"letters/{number:04d}-{str(data['recorded_at'])[:10]}-{service}.md"


def _provided(told: Iterable[Json]) -> Iterator[Json]:
    """Each fact that came with a request: what was not computed, assumed or made by a policy."""
    for data in told:
        for fact in (*data.get("facts", ()), *data.get("also_looked_at", ())):
            if fact["source"] == "request" and fact["value"] is not None:
                given = {"decision_id": data["decision_id"], "at": data.get("at") or data["recorded_at"]}
                yield given | {name: fact[name] for name in ("name", "meaning", "value")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _table(rows: list[Json]) -> str:
    """Values as JSON where they are no plain texts. A byte order mark, so that spreadsheets read it as UTF-8."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(["decision_id", "at", "name", "meaning", "value"])
    for row in rows:
        value = row["value"] if isinstance(row["value"], str) else json.dumps(row["value"], ensure_ascii=False)
        table.writerow([safe_cell(each) for each in (*list(row.values())[:4], value)])
    return "\ufeff" + text.getvalue()
