"""The definitions of features, read from a YAML file:

    features:
      payment_failures:
        source: payment                # a kind of event, or `snapshot NAME`
        aggregation: count
        where: {status: failed}        # a list of values means: one of them
        window: 365 days               # left out: all that ever happened
        owner: billing
        personal: true                 # default true: what one customer does is personal data
        meaning: failed payments in the last 365 days

`field` names what is added, counted or picked, `type` the type of what is picked, `default` the value where there is
none, `digits` those after the point of a mean or a percentage. `against: 90 days` compares a window, by the day, with
the 90 days before it instead of as many as it has itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ordain.engine.errors import Issue, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.values.decimals import settled, step
from ordain.engine.values.types import DATE, DATE_TIME, FLAG, NUMBER, TEXT, Type, plain, read
from ordain.models.features.definition import (
    COMPARES,
    MAY_HAVE_FIELD,
    NEVER_MISSING,
    NO_FIELD,
    OF_STATES,
    PICKS,
    ROUNDED,
    SNAPSHOT,
    Aggregation,
    Condition,
    Definition,
    Definitions,
    Plain,
)
from ordain.models.features.definition import NUMBER as READABLE
from ordain.models.limits import LIMITS
from ordain.models.yaml_reader import YamlReader

SHIPPED = Path(__file__).parents[1] / "features.yaml"

_KEYS = (
    *("source", "aggregation", "field", "where", "window", "against", "type", "default", "digits"),
    *("owner", "personal", "meaning"),
)
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_SOURCE = re.compile(rf"(?P<kind>{SNAPSHOT})?[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DAYS = re.compile(r"([1-9][0-9]{0,5}) days?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,2}", re.ASCII)
_TYPES = {str(type.kind): type for type in (NUMBER, TEXT, FLAG, DATE, DATE_TIME)}
_ORDERED = (NUMBER, DATE)
"""Types of which there is a smallest and a largest value."""


def read_definitions(path: Path = SHIPPED) -> Definitions:
    """The definitions in that file; without one, those that come with Ordain. Raises as `definitions_from`."""
    return definitions_from(read_file(path, path.name), path.name)


def definitions_from(data: bytes, file: str) -> Definitions:
    """Raises PolicyError with every finding, each with its place."""
    return _Reader().definitions(parse(data, file))


class _Reader(YamlReader):
    """Reads the whole file before it complains, so that all findings come at once."""

    def definitions(self, root: Node) -> Definitions:
        self.known_keys(root, ("features",), "the file of features")
        node = root.get("features")
        if node is not None and isinstance(node.value, list) and node.value:
            self.wrong(node, "`features` is a list", "write each as `name:` with its keys below, without `-`")
            raise PolicyError(self.issues)
        if node is None or not list(node.items()):
            self.wrong(node or root, "`features` is missing or empty", "name at least one feature")
            raise PolicyError(self.issues)
        found = {name: self.definition(name, each, node.keys[name]) for name, each in node.items()}
        if self.issues:
            raise PolicyError(self.issues)
        return Definitions(found)

    def definition(self, name: str, node: Node, place: Span) -> Definition:
        if not _NAME.fullmatch(name):
            hint = f"such as `{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_') or 'usage_gb'}`"
            self.issues.append(Issue(f"`{name}` is not a lower_snake_case name", hint, place))
        self.known_keys(node, _KEYS, "a feature")
        source, aggregation = self.source(node), self.aggregation(node)
        definition = Definition(
            name=name,
            source=source,
            aggregation=aggregation or Aggregation.COUNT,
            type=NUMBER,
            field=self.field(node, aggregation),
            window=self.days(node, "window"),
            against=self.days(node, "against"),
            where=self.conditions(node),
            digits=self.digits(node, aggregation),
            owner=self.required(node, "owner"),
            personal=self.flag(node, "personal", default=True),
            meaning=self.required(node, "meaning"),
            span=place,
        )
        if aggregation is None:
            return definition
        type = self.type(node, aggregation)
        definition = replace(definition, type=type, default=self.default(node, aggregation, type))
        return self.compared(node, self.state(node, definition))

    def source(self, node: Node) -> str:
        source = self.required(node, "source")
        if source and not _SOURCE.fullmatch(source):
            hint = "a kind of event such as `payment`, or `snapshot crm`"
            self.wrong(node["source"], f"`{source}` is no source", hint)
        return source

    def aggregation(self, node: Node) -> Aggregation | None:
        text = self.required(node, "aggregation")
        if not text:
            return None
        try:
            return Aggregation(text)
        except ValueError:
            self.wrong(node["aggregation"], f"`{text}` is no aggregation", _near(text, Aggregation))
            return None

    def field(self, node: Node, aggregation: Aggregation | None) -> str:
        text = self.text(node, "field")
        if text and not _FIELD.fullmatch(text):
            self.wrong(node["field"], f"`{text}` is no name of a field", "letters, digits and `_`, such as `gb`")
        if aggregation in NO_FIELD and text:
            self.wrong(node["field"], f"`{aggregation}` reads no field", "leave it out; `where` asks for what it holds")
        elif aggregation is not None and not text and aggregation not in NO_FIELD | MAY_HAVE_FIELD:
            self.wrong(node, f"`field` is missing: `{aggregation}` needs one")
        return text

    def days(self, node: Node, key: str) -> int | None:
        text, given = self.text(node, key), node.get(key)
        if given is None or isinstance(given.value, dict | list):
            return None
        if (match := _DAYS.fullmatch(text)) is None or int(match[1]) > LIMITS.window_days:
            hint = f"such as `30 days`, {LIMITS.window_days:,} at the most"
            hint += "; left out it means all that ever happened" if key == "window" else ""
            self.wrong(given, f"{f'`{text}`' if text else 'what is blank'} is no `{key}`", hint)
            return None
        return int(match[1])

    def digits(self, node: Node, aggregation: Aggregation | None) -> int:
        if not (text := self.text(node, "digits")):
            return LIMITS.feature_digits
        if aggregation is not None and aggregation not in ROUNDED:
            self.wrong(node["digits"], f"`{aggregation}` is exact and not rounded", "leave `digits` out")
        if not _WHOLE.fullmatch(text) or int(text) > LIMITS.most_feature_digits:
            self.wrong(node["digits"], f"`{text}` is no number of digits", f"0 to {LIMITS.most_feature_digits}")
            return LIMITS.feature_digits
        return int(text)

    def conditions(self, node: Node) -> tuple[Condition, ...]:
        if (given := node.get("where")) is None:
            return ()
        if not isinstance(given.value, dict) or not given.value:
            self.wrong(given, "`where` says which values fields have", "such as `where: {status: failed}`")
            return ()
        found = []
        for field, value in given.items():
            if not _FIELD.fullmatch(field):
                self.issues.append(Issue(f"`{field}` is no name of a field", "such as `status`", given.keys[field]))
            values = [plain for each in value.nodes() if (plain := self.plain(field, each)) is not None]
            if not value.nodes():
                self.wrong(value, f"`{field}` is compared with nothing", "name a value, or several as a list")
            found.append(Condition(field, tuple(values)))
        return tuple(found)

    def plain(self, field: str, node: Node) -> Plain | None:
        value = node.value
        if isinstance(value, list | dict) or value is None:
            self.wrong(node, f"`{field}` is compared with a text, a number, true or false", "or a list of such values")
            return None
        if not isinstance(value, str | bool) and not READABLE.fullmatch(_canonical(value)):
            digits = f"{LIMITS.feature_whole_digits} digits before the point and {LIMITS.feature_part_digits} after it"
            self.wrong(node, f"`{node.text}` has more digits than a feature reads", f"at most {digits}")
        return value if isinstance(value, str | bool) else settled(value, step(0))

    def type(self, node: Node, aggregation: Aggregation) -> Type:
        text = self.text(node, "type")
        type = _TYPES.get(text, NUMBER)
        if text and text not in _TYPES:
            self.wrong(node["type"], f"`{text}` is not the type of a feature", did_you_mean(text, _TYPES))
        elif aggregation not in PICKS:
            type = FLAG if aggregation is Aggregation.EXISTS else NUMBER
            if text and text != str(type.kind):
                self.wrong(node["type"], f"`{aggregation}` gives a {type}, not a {text}", "leave `type` out")
        elif not text:
            self.wrong(node, "`type` is missing", f"what the field holds: {', '.join(_TYPES)}")
        elif aggregation in (Aggregation.MIN, Aggregation.MAX) and type not in _ORDERED:
            self.wrong(node["type"], f"there is no `{aggregation}` of a {text}", "use it for a number or a date")
        return type

    def default(self, node: Node, aggregation: Aggregation, type: Type) -> object:
        given = node.get("default")
        if given is None:
            return None
        if aggregation in NEVER_MISSING:
            self.wrong(given, f"`{aggregation}` always has a value, so it needs no `default`", "leave it out")
            return None
        try:
            return read(type, None if isinstance(given.value, dict | list) else given.value)
        except NotThatType as error:
            self.wrong(given, f"`default`: {error}", f"a {type}")
            return None

    def state(self, node: Node, definition: Definition) -> Definition:
        """Looks at what only one of events and snapshots can be asked for."""
        if definition.of_snapshot and definition.aggregation not in OF_STATES:
            allowed = ", ".join(f"`{each}`" for each in sorted(OF_STATES))
            message = f"a snapshot is a state, of which there is no `{definition.aggregation}`"
            self.wrong(node["aggregation"], message, f"use one of {allowed}, or an event as the source")
        return definition

    def compared(self, node: Node, definition: Definition) -> Definition:
        """Sets the time that a window is compared with, where one is."""
        compares = definition.aggregation in COMPARES
        if definition.against is not None and not compares:
            hint = "use `change in percent` or `fall in percent`, or leave it out"
            self.wrong(node["against"], f"`{definition.aggregation}` compares with nothing", hint)
        if compares and definition.window is None and node.get("window") is None:
            message = f"`window` is missing: `{definition.aggregation}` compares one with the time before"
            self.wrong(node, message, "such as `window: 30 days`")
        return replace(definition, against=definition.against or definition.window if compares else None)


def _near(text: str, known: Iterable[str]) -> str:
    return did_you_mean(text, [str(each) for each in known])


def _canonical(value: object) -> str:
    return str(plain(settled(value, step(0))))  # type: ignore[arg-type]
