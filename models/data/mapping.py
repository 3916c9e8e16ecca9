"""A table to learn from, described by a small YAML file instead of code.

    name: telco
    about: IBM's sample of fictional telephone and internet customers
    licence: Apache-2.0
    synthetic: true                    # invented customers; default false
    separator: ";"                     # default a comma; `spaces` for columns with spaces between them
    header: [id, cohort, day, cds]     # the columns' names, for a table whose first line does not say them
    missing: [NA, "?"]                 # what a cell says when it has no value; a blank cell always does
    subject: customerID                # default: the row's number
    label: {column: Churn, true is: "Yes", false is: "No"}
    columns:                           # what else a model learns from, by the role that it has there
      at: {column: [Date, Hour], format: "%m/%d/%Y %H"}
      amount: {column: Dollars}
    features:
      tenure_months: {column: tenure, type: number, range: "[0..]", meaning: Months since the first contract}
      contract_type: {column: Contract, type: text, values: [Month-to-month, One year, Two year]}
      paperless: {column: PaperlessBilling, type: flag, true is: "Yes", false is: "No"}

Each feature becomes a fact, so a model's inputs enter a decision like any other fact. Columns that are not
named are not used; in their names several spaces count as one. The label's `true is` and `false is` may each list
several values, and rows whose label is listed under `left out` are not used. Which roles there are, and of which type,
the model says (`ordain train MODEL --help`); a `format` is as Python's strptime has it. A text feature without `values`
takes those that the table holds. Only a feature with `optional: true` may miss its value. A feature marked
`protected: true` is declared so among the facts that the model reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ordain.engine.errors import Issue, NotThatType, PolicyError, Span, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.text.source import Node, digest_of, parse, read_file
from ordain.engine.values.decimals import number
from ordain.engine.values.types import FLAG, NUMBER, SIMPLE, Kind, Limits
from ordain.models.yaml_reader import YamlReader

SPACES = "spaces"

SHIPPED = Path(__file__).parent / "mappings"

_ABOUT = ("name", "about", "licence", "synthetic", "separator", "header", "missing")
_TOP = (*_ABOUT, "subject", "label", "columns", "features")
_LABEL = ("column", "true is", "false is", "left out")
_OLDER = {"churned": "true is", "stayed": "false is"}
_ROLE = ("column", "format")
_FEATURE = ("column", "type", "values", "optional", "range", "meaning", "true is", "false is", "protected")
_TYPES = {str(kind): SIMPLE[str(kind)] for kind in (Kind.NUMBER, Kind.FLAG, Kind.TEXT)}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RANGE = re.compile(r"(?P<open>[\[(])\s*(?P<low>[^\s.]*(?:\.\d+)?)\s*\.\.\s*(?P<high>[^\s\])]*)\s*(?P<close>[\])])")


@dataclass(frozen=True, slots=True)
class Column:
    """One feature: the fact it becomes, the table's column it comes from, how that spells a flag."""

    fact: Fact
    header: str
    true_is: tuple[str, ...] = ()
    false_is: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """The column that says what is to be predicted, for a model that predicts a yes or no."""

    header: str
    true_is: tuple[str, ...]
    false_is: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """The columns that play one role, joined by a space; `format` is strptime's, for a date that is not ISO 8601's."""

    role: str
    headers: tuple[str, ...]
    format: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    name: str
    about: str
    licence: str
    synthetic: bool
    separator: str
    missing: tuple[str, ...]
    subject: str | None
    label: Label | None
    columns: tuple[Column, ...]
    text: str
    digest: str
    header: tuple[str, ...] = ()
    roles: tuple[Played, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(column.fact for column in self.columns)


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with Ordain."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def read_mapping(where: str | Path) -> Mapping:
    """The mapping in the file `where`, or the shipped one of that name.

    Raises PolicyError with every finding and its place.
    """
    if isinstance(where, str) and where in shipped():
        where = SHIPPED / f"{where}.yaml"
    path = Path(where)
    if path.suffix == "" and not path.exists():
        raise PolicyError(f"there is no mapping `{where}`", did_you_mean(str(where), shipped()))
    data = read_file(path, path.name)
    return _Reader().mapping(parse(data, path.name), data)


def mapping_from(text: str, name: str) -> Mapping:
    """The mapping that a card has as `text`. Raises as `read_mapping`."""
    data = text.encode()
    return _Reader().mapping(parse(data, name), data)


def limits_from(text: str) -> Limits:
    """A range such as `[0..100]`, `(0..1]` or `[0..]`; a round bracket leaves the bound out. Raises NotThatType."""
    if not (match := _RANGE.fullmatch(text.strip())):
        raise NotThatType(f"`{text}` is not a range such as [0..100] or [0..]")
    low, high = (number(match[end]) if match[end] else None for end in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise NotThatType(f"the range `{text}` is empty: {low} is above {high}")
    return Limits(low, high, match["open"] == "(", match["close"] == ")")


class _Reader(YamlReader):
    """Reads the whole mapping before it complains, so that all findings come at once."""

    def mapping(self, root: Node, data: bytes) -> Mapping:
        self.known_keys(root, _TOP, "a mapping")
        separator = self.text(root, "separator") or ","
        if len(separator) != 1 and separator != SPACES:
            self.wrong(root["separator"], f"the separator `{separator}` is not one character", 'such as ";"')
        mapping = Mapping(
            name=self.required(root, "name"),
            about=self.text(root, "about"),
            licence=self.text(root, "licence"),
            synthetic=self.flag(root, "synthetic"),
            separator=separator,
            missing=self.texts(root, "missing"),
            subject=self.text(root, "subject") or None,
            label=self.label(root),
            columns=self.columns(root),
            text=data.decode("utf-8-sig"),
            digest=digest_of(data),
            header=self.texts(root, "header"),
            roles=self.roles(root),
        )
        self.each_column_once(mapping, root)
        if self.issues:
            raise PolicyError(self.issues)
        return mapping

    def label(self, root: Node) -> Label | None:
        if (node := root.get("label")) is None:
            return None
        self.known_keys(node, (*_LABEL, *_OLDER), "a label")
        older = {new: old for old, new in _OLDER.items() if node.get(old) is not None}
        keys = [older.get(key, key) for key in _LABEL[1:]]
        before = len(self.issues)
        label = Label(self.required(node, "column"), *(self.texts(node, key) for key in keys))
        told = len(self.issues) > before
        for key, texts in (("true is", label.true_is), ("false is", label.false_is)):
            if not texts and not told:
                self.wrong(node, f"`{key}` is missing", "name the two values of the label's column")
        listed = (*label.true_is, *label.false_is, *label.left_out)
        if twice := sorted({text for text in listed if listed.count(text) > 1}):
            self.wrong(node, f"`{twice[0]}` stands twice in the label", "each value has one meaning")
        return label

    def roles(self, root: Node) -> tuple[Played, ...]:
        if (node := root.get("columns")) is None:
            return ()
        if not isinstance(node.value, dict):
            self.wrong(node, "`columns` says which column plays which role", "such as `columns: {at: {column: Date}}`")
            return ()
        played = []
        for role, each in node.items():
            self.known_keys(each, _ROLE, "a column")
            if not (headers := self.texts(each, "column")):
                self.wrong(each, "`column` is missing")
            played.append(Played(role, headers, self.text(each, "format")))
        return tuple(played)

    def columns(self, root: Node) -> tuple[Column, ...]:
        node = root.get("features")
        if node is not None and isinstance(node.value, list) and node.value:
            self.wrong(node, "`features` is a list", "write each as `name:` with its keys below, without `-`")
            return ()
        if node is None or not list(node.items()):
            if root.get("columns") is None:
                self.wrong(node or root, "`features` is missing or empty", "name at least one column to learn from")
            return ()
        return tuple(self.column(name, feature, node.keys[name]) for name, feature in node.items())

    def column(self, name: str, node: Node, place: Span) -> Column:
        if not _NAME.fullmatch(name):
            hint = f"such as `{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_') or 'usage_gb'}`"
            self.issues.append(Issue(f"`{name}` is not a lower_snake_case name", hint, place))
        self.known_keys(node, _FEATURE, "a feature")
        kind = self.required(node, "type")
        if kind and kind not in _TYPES:
            self.wrong(node["type"], f"`{kind}` is not the type of a feature", did_you_mean(kind, _TYPES))
        type_ = _TYPES.get(kind, NUMBER)
        values = self.texts(node, "values")
        if twice := sorted({text for text in values if values.count(text) > 1}):
            self.wrong(
                node["values"], f"`{twice[0]}` stands twice among the values of `{name}`", "name each value once"
            )
        for key, needed in (("values", "text"), ("range", "number"), ("true is", "flag"), ("false is", "flag")):
            if node.get(key) is not None and kind in _TYPES and kind != needed:
                self.wrong(node[key], f"`{key}` is for a {needed}, `{name}` is a {kind}", "leave it out")
        true_is, false_is = self.texts(node, "true is"), self.texts(node, "false is")
        if type_ is FLAG and (not true_is or not false_is or set(true_is) & set(false_is)):
            hint = 'such as `true is: "Yes"` and `false is: "No"`'
            self.wrong(node, f"the flag `{name}` does not say what is true and what is false", hint)
        fact = Fact(
            name=name,
            type=replace(type_, values=values),
            limits=self.limits(node),
            optional=self.flag(node, "optional"),
            personal=True,  # what one customer does is personal data
            protected=self.flag(node, "protected"),
            meaning=self.text(node, "meaning"),
            span=place,
        )
        return Column(fact, self.required(node, "column"), true_is, false_is)

    def limits(self, node: Node) -> Limits | None:
        if (given := node.get("range")) is None:
            return None
        # Unquoted, YAML reads `[0..100]` as a list with one text in it; what was meant is plain.
        text = f"[{', '.join(given.texts())}]" if isinstance(given.value, list) else given.text
        try:
            return limits_from(text)
        except NotThatType as error:
            self.wrong(given, str(error), 'write it in quotes: range: "[0..100]"')
            return None

    def each_column_once(self, mapping: Mapping, root: Node) -> None:
        taken = {mapping.label.header: "the label"} if mapping.label else {}
        if mapping.subject:
            taken[mapping.subject] = "the subject"
        for column in mapping.columns:
            if column.header and column.header in taken:
                message = f"the column `{column.header}` is already {taken[column.header]}"
                self.wrong(root["features"][column.fact.name], message, "use each column once")
            taken[column.header] = f"the feature `{column.fact.name}`"
