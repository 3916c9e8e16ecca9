"""The language that a letter is written in: its texts, and how it writes numbers, amounts, dates and moments.

A language is a YAML file beside `languages/en.yaml`, which says what there is to be translated. A file that lacks a
text, or has other braces than the English one, is refused: a customer is not to read half a sentence.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from ordain.audit.explain.plain_words import SHARES, escaped, spaced
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.text.structure import Structure, check_structure
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Kind, Type

ENGLISH = Path(__file__).parent / "languages" / "en.yaml"
MINUS = "−"
"""U+2212: a hyphen breaks a line behind it, and reads as one."""
_BRACES = re.compile(r"\{([a-z_]+)\}")
_ANY_BRACES = re.compile(r"\{([^{}]*)\}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T.+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_STRUCTURE = Structure(
    {
        "type": "object",
        "required": ["name", "months", "thousands", "point", "texts"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "months": {"type": "array", "items": {"type": "string"}, "minItems": 12, "maxItems": 12},
            "thousands": {"type": "string"},
            "point": {"type": "string"},
            "one": {"type": "object", "additionalProperties": {"type": "string"}},
            "texts": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
)


@dataclass(frozen=True, slots=True)
class Language:
    """`texts` by name, with what is put in as `{name}`; `months` from January on; `one` has units of a single thing."""

    texts: Mapping[str, str]
    months: tuple[str, ...]
    thousands: str
    point: str
    one: Mapping[str, str]

    def say(self, text: str, /, **put_in: str) -> str:
        """The text of that name. What is put in is Markdown already: see `Language.of` and `escaped`."""
        return _BRACES.sub(lambda braces: put_in[braces[1]], self.texts[text])

    def value(self, type: Type | None, value: Any) -> str:
        """A recorded value of a type as a person reads it, escaped; without a type, as it looks."""
        if value is None:
            return self.texts["not_known"]
        if type is not None and type.kind is Kind.LIST and isinstance(value, list):
            return ", ".join(self.value(type.item, item) for item in value) or self.texts["none"]
        if type is not None and type.kind is Kind.CONTEXT and isinstance(value, Mapping):
            parts = [(name, type.fields.get(name), part) for name, part in value.items()]
            told = [f"{escaped(spaced(name))}: {self.value(of, part)}" for name, of, part in parts if part is not None]
            return "; ".join(told) or self.texts["none"]
        if type is not None and type.kind is Kind.NUMBER and not isinstance(value, Mapping):
            return self.number(type, value)
        if type is not None and type.kind is Kind.TEXT and isinstance(value, str):  # `007` is no 7
            return escaped(value) if value.strip() else self.texts["none"]
        return self.plain(value)

    def number(self, type: Type, value: Any) -> str:
        """Shares in percent, money with its currency, anything else with its unit."""
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return escaped(value)
        if type.unit in SHARES:
            return self.say("percent", number=self.percent(number))
        if type.is_money:
            return self.amount(number, type.unit)
        number = number.normalize(NUMBERS)
        written, unit = self.written(number), self.one.get(type.unit, type.unit) if number == 1 else type.unit
        return self.say("with_unit", number=written, unit=escaped(unit)) if unit else written

    def exact(self, type: Type | None, value: Any) -> str:
        """As `value`, with all digits of a share: beside a border, 80.01 % is not 80 %."""
        if type is not None and type.unit in SHARES and isinstance(value, str | Decimal):
            percent = NUMBERS.multiply(Decimal(value), Decimal(100)).normalize(NUMBERS)
            return self.say("percent", number=self.written(percent))
        return self.value(type, value)

    def percent(self, share: Decimal) -> str:
        """With as many digits as tell it from nothing and from all: 33, 0.4, 99.6."""
        percent = NUMBERS.multiply(share, Decimal(100))
        for digits in (0, 1, 2):
            told = NUMBERS.quantize(percent, Decimal(1).scaleb(-digits))
            if told == percent or (told != 0 and told != 100):
                return self.written(told)
        return self.written(percent)

    def amount(self, number: Decimal, currency: str) -> str:
        """Without digits after the point where these are all zero."""
        whole = NUMBERS.to_integral_value(number)
        number = whole if whole == number else number
        return self.say("amount", number=self.written(number), currency=escaped(currency))

    def written(self, number: Decimal) -> str:
        """The digits of a number in this language, below nothing with the one minus sign of a letter; an amount keeps
        those of its currency.
        """
        digits = f"{number:,f}".replace("-", MINUS)
        return digits.replace(",", "\0").replace(".", self.point).replace("\0", self.thousands)

    def plain(self, value: Any) -> str:
        """A JSON value whose type is not known, escaped."""
        if value is None:
            return self.texts["not_known"]
        if isinstance(value, bool):
            return self.texts["yes" if value else "no"]
        if isinstance(value, Mapping):
            if set(value) == {"amount", "currency"}:
                return self.amount(Decimal(str(value["amount"])), str(value["currency"]))
            told = [f"{escaped(spaced(name))}: {self.plain(part)}" for name, part in value.items() if part is not None]
            return "; ".join(told) or self.texts["none"]
        if isinstance(value, list):
            return ", ".join(self.plain(item) for item in value) or self.texts["none"]
        text = str(value)
        if _DATE.fullmatch(text):
            return self.date(text)
        if _NUMBER.fullmatch(text):
            return self.written(Decimal(text))
        return self.moment(text) if _DATE_TIME.fullmatch(text) else escaped(text)

    def date(self, text: str) -> str:
        """2026-01-31 as 31 January 2026."""
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            return escaped(text)
        return self.say("date", day=str(day.day), month=self.months[day.month - 1], year=str(day.year))

    def moment(self, text: str) -> str:
        """A date and time, with its offset from UTC."""
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return escaped(text)
        zone = "UTC" if not moment.utcoffset() else f"UTC{moment.strftime('%z')[:3]}:{moment.strftime('%z')[3:5]}"
        return self.say("moment", date=self.date(text[:10]), time=f"{moment:%H:%M}", zone=zone)


@cache
def english() -> Language:
    """The language that the project brings."""
    return _language(parse(ENGLISH.read_bytes(), ENGLISH.name))


def load_language(file: Path) -> Language:
    """A translation. Raises PolicyError, naming file and line, when it does not fit the English texts."""
    node = parse(read_file(file, file.name), file.name)
    if issues := check_structure(node, _STRUCTURE):
        raise PolicyError(issues)
    if issues := [*_signs(node), *_issues(node["texts"], english().texts)]:
        raise PolicyError(issues)
    return _language(node)


def _signs(node: Node) -> Iterator[Issue]:
    """Signs with which a number would be read as another: without a point, 4.90 is 490."""
    point, thousands = node["point"], node["thousands"]
    for name, part in (("point", point), ("thousands", thousands)):
        if len(part.text) > 1 or part.text.isalnum() or part.text in ("-", MINUS):
            yield Issue(f"`{name}` is no sign: `{part.text}`", "one character such as `.`", part.span, code="language")
    if not point.text.strip():
        yield Issue("`point` is empty", "what stands before cents: `.` or `,`", point.span, code="language")
    elif point.text == thousands.text:
        hint = "`1.234.50` could be read in two ways"
        yield Issue("`point` and `thousands` are the same", hint, thousands.span, code="language")


def _issues(texts: Node, wanted: Mapping[str, str]) -> list[Issue]:
    issues = []
    for name, said in wanted.items():
        given = texts.get(name)
        if given is None:
            hint = f"the English one says: {said}"
            issues.append(Issue(f"the text `{name}` is not there", hint, texts.span, code="language"))
            continue
        if not given.text.strip():
            issues.append(Issue(f"the text `{name}` is empty", f"the English one: {said}", given.span, code="language"))
            continue
        lacking = sorted(set(_BRACES.findall(said)) ^ set(_ANY_BRACES.findall(given.text)))
        if lacking:
            braces = ", ".join(f"`{{{each}}}`" for each in lacking)
            hint = f"the English one says: {said}"
            issues.append(Issue(f"the text `{name}` has other braces: {braces}", hint, given.span, code="language"))
    for name, span in texts.keys.items():
        if name not in wanted:
            issues.append(Issue(f"there is no text `{name}`", "", span, code="language"))
    return issues


def _language(node: Node) -> Language:
    texts = {name: part.text for name, part in node["texts"].items()}
    one = {unit: part.text for unit, part in node["one"].items()} if node.get("one") is not None else {}
    return Language(texts, node["months"].texts(), str(node["thousands"].value), str(node["point"].value), one)
