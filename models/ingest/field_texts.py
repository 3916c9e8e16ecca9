"""Texts in fields, read as the features that read those fields need them.

Files of separated text hold texts alone, and others write numbers as texts, too. A text that says no such value stays
what it is: the store refuses it then where a feature needs another, in the same words whoever sends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ordain.engine.errors import NotThatType
from ordain.engine.values.decimals import number
from ordain.engine.values.types import Kind, Value, format_raw
from ordain.models.features.definition import OF_NUMBERS, PICKS, SINCE, Definition, Definitions
from ordain.models.ingest.column_mapping import ColumnMapping
from ordain.models.ingest.moments import Moments

Read = Callable[[str], Value]
"""Raises NotThatType for a text that may mean two things; what says no such value stays a text."""
_WITH_COMMA = re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?")
"""1.234,50: points between groups of three digits alone."""


class FieldTexts:
    """How the texts of each source's fields are read; `moments` counts times without an offset."""

    def __init__(self, definitions: Definitions, mapping: ColumnMapping, moments: Moments) -> None:
        self._mapping, self._moments = mapping, moments
        self._true = {"true", "TRUE", "True"} | mapping.true_is
        self._false = {"false", "FALSE", "False"} | mapping.false_is
        read_as: dict[Kind, Read] = {
            Kind.NUMBER: self._number,
            Kind.FLAG: self._flag,
            Kind.DATE: self._day,
            Kind.DATE_TIME: self._day_or_moment,
        }
        self._of: dict[str, Mapping[str, Read | None]] = {}
        for source in definitions.sources:
            fields: dict[str, Read | None] = {}
            for definition in definitions.of_source(source):
                for field, kind in _read_by(definition):
                    fields[field] = fields.get(field) or read_as.get(kind)
            self._of[source] = fields

    def of(self, source: str) -> Mapping[str, Read | None] | None:
        """By field that a feature reads; None for one that is read as text. None for a source that no feature reads."""
        return self._of.get(source)

    def _number(self, text: str) -> Value:
        said = text
        if self._mapping.decimal_comma and _WITH_COMMA.fullmatch(text):
            said = text.replace(".", "").replace(",", ".")
        try:
            found = number(said)
        except NotThatType:
            return text
        if self._mapping.decimal_comma and said is text and "." in text:
            raise NotThatType(f"{format_raw(text)} has a decimal point, and the mapping says `decimal comma: true`")
        return found

    def _flag(self, text: str) -> Value:
        return True if text in self._true else False if text in self._false else text

    def _day(self, text: str) -> Value:
        try:
            return self._moments.day(text)
        except NotThatType:
            return text

    def _day_or_moment(self, text: str) -> Value:
        if len(text) == len("2026-01-31") or self._mapping.date_format:
            return self._day(text)
        try:
            return self._moments.moment(text)
        except NotThatType:
            return text


def _read_by(definition: Definition) -> list[tuple[str, Kind]]:
    """The fields that a feature reads, each with what it reads them as."""
    found = []
    if definition.field:
        if definition.aggregation in OF_NUMBERS:
            kind = Kind.NUMBER
        elif definition.aggregation in SINCE:
            kind = Kind.DATE_TIME
        else:
            kind = definition.type.kind if definition.aggregation in PICKS else Kind.TEXT
        found.append((definition.field, kind))
    for condition in definition.where:
        value = condition.values[0]
        kind = Kind.FLAG if isinstance(value, bool) else Kind.TEXT if isinstance(value, str) else Kind.NUMBER
        found.append((condition.field, kind))
    return found
