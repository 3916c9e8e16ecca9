"""What the columns of a file are, where they are not called as the feature store calls them: a small YAML file.

    kind: usage                        # what every row is; or `snapshot: crm`; else a column `kind` says it
    columns:                           # ours: theirs
      subject: customerID
      happened_at: ts
      gb: Usage (GB)                   # any other name is a field
    leave out: [comment]               # columns that are not kept
    separator: ";"                     # default a comma
    missing: [NA, "?"]                 # what a cell says when it has no value; a blank cell always does
    time format: "%d.%m.%Y %H:%M"      # of happened_at and known_at: default ISO 8601; or `unix seconds`
    date format: "%d.%m.%Y"            # of fields that features read as dates
    time zone: Europe/Berlin           # of times without an offset; default the tenant's
    decimal comma: true                # 1.234,50 in fields that features read as numbers
    true is: [J]                       # besides true and false, in fields that features read as flags
    false is: [N]

All of it may be left out. A column that is not named keeps its name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ordain.engine.errors import PolicyError
from ordain.engine.text.source import Node, parse, read_file
from ordain.models.ingest.moments import UNIX
from ordain.models.yaml_reader import YamlReader

_KEYS = (
    *("kind", "snapshot", "columns", "leave out", "separator", "missing", "time format", "date format", "time zone"),
    *("decimal comma", "true is", "false is"),
)
_TRIED = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """`ours` are names of the store by the names in the file. Empty texts: not said."""

    ours: Mapping[str, str]
    kind: str = ""
    snapshot: str = ""
    left_out: frozenset[str] = frozenset()
    separator: str = ","
    missing: frozenset[str] = frozenset()
    time_format: str = ""
    date_format: str = ""
    time_zone: str = ""
    decimal_comma: bool = False
    true_is: frozenset[str] = frozenset()
    false_is: frozenset[str] = frozenset()


PLAIN = ColumnMapping({})
"""Every column has the store's own name, and every value its plain form."""


def read_column_mapping(path: Path) -> ColumnMapping:
    """Raises PolicyError with every finding and its place."""
    return column_mapping_from(read_file(path, path.name), path.name)


def column_mapping_from(data: bytes, file: str) -> ColumnMapping:
    """Raises PolicyError as `read_column_mapping`."""
    return _Reader().mapping(parse(data, file))


class _Reader(YamlReader):
    """Reads the whole mapping before it complains, so that all findings come at once."""

    def mapping(self, root: Node) -> ColumnMapping:
        self.known_keys(root, _KEYS, "a mapping of columns")
        if not isinstance(root.value, dict):
            raise PolicyError(self.issues)
        mapping = ColumnMapping(
            ours=self.columns(root),
            kind=self.text(root, "kind"),
            snapshot=self.text(root, "snapshot"),
            left_out=frozenset(self.texts(root, "leave out")),
            separator=self.separator(root),
            missing=frozenset(self.texts(root, "missing")),
            time_format=self.format(root, "time format"),
            date_format=self.format(root, "date format"),
            time_zone=self.zone(root),
            decimal_comma=self.flag(root, "decimal comma"),
            true_is=frozenset(self.texts(root, "true is")),
            false_is=frozenset(self.texts(root, "false is")),
        )
        if mapping.kind and mapping.snapshot:
            self.wrong(root["snapshot"], "a row is an event of a `kind`, or a `snapshot`, and not both")
        if both := mapping.true_is & mapping.false_is:
            self.wrong(root["false is"], f"`{min(both)}` is said to be true and false")
        if self.issues:
            raise PolicyError(self.issues)
        return mapping

    def columns(self, root: Node) -> dict[str, str]:
        given = root.get("columns")
        if given is None:
            return {}
        if not isinstance(given.value, dict):
            self.wrong(given, "`columns` says which of our names is which column", "such as `subject: customerID`")
            return {}
        found: dict[str, str] = {}
        for ours, node in given.items():
            theirs = self.text(given, ours)
            if not theirs:
                self.wrong(node, f"`{ours}` names no column")
            elif theirs in found:
                self.wrong(node, f"the column `{theirs}` is already `{found[theirs]}`", "use each column once")
            found[theirs] = ours
        return found

    def separator(self, root: Node) -> str:
        text = self.text(root, "separator") or ","
        if len(text) != 1 or text in '"\r\n':
            self.wrong(root["separator"], f"the separator `{text}` is not one character", 'such as ";"')
        return text

    def format(self, root: Node, key: str) -> str:
        text = self.text(root, key)
        if text and not (key == "time format" and text in UNIX):
            try:
                dt.datetime.strptime(_TRIED.strftime(text), text)
                if "%" not in text:
                    raise ValueError
            except ValueError:
                known = ", ".join(f"`{each}`" for each in UNIX) if key == "time format" else ""
                hint = 'such as "%d.%m.%Y"' + (f", or one of {known}" if known else "")
                self.wrong(root[key], f"`{text}` is no `{key}`", hint)
        return text

    def zone(self, root: Node) -> str:
        text = self.text(root, "time zone")
        if text:
            try:
                ZoneInfo(text)
            except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
                self.wrong(root["time zone"], f"`{text}` is no time zone", "such as Asia/Kolkata")
            except KeyError:
                self.wrong(root["time zone"], f"there is no time zone `{text}`", "such as Asia/Kolkata")
        return text
