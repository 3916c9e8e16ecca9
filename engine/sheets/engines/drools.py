"""A Drools decision table as a table of a policy: conditions on fields, settings of outputs, and which rule counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.sheets.engines.drools_sheet import DroolsColumn, DroolsTable
from ordain.engine.sheets.engines.drools_snippets import Condition, Setting, Unsaid, Value, conditions, settings
from ordain.engine.sheets.engines.rule_table import Asked, Given, RuleRow, RuleTable, Said
from ordain.engine.sheets.foreign.squares import ForeignSheet, Square

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,30}")
_LEFT_OUT = {
    "METADATA": "metadata of a rule are not kept",
    "NO-LOOP": "no rule of a policy is asked again",
    "LOCK-ON-ACTIVE": "no rule of a policy is asked again",
    "AUTO-FOCUS": "the order of policies stands in services.yaml",
    "AGENDA-GROUP": "the order of policies stands in services.yaml",
    "RULEFLOW-GROUP": "the order of policies stands in services.yaml",
    "DURATION": "a policy does not wait: send the time that has passed as a fact",
    "TIMER": "a policy does not wait: ask it when it is time",
    "CALENDARS": "ask `today()` about it",
    "DATE-EFFECTIVE": "give the version its `effective` day, or ask `today()` in the rule",
    "DATE-EXPIRES": "give the version its `effective` day, or ask `today()` in the rule",
}
"""Kinds of columns that become nothing, with what to know or to write instead."""
_SAME = ("NO-LOOP", "LOCK-ON-ACTIVE", "METADATA", "AUTO-FOCUS")
"""Those without which the rules decide the same."""


@dataclass(slots=True)
class _Row:
    number: int
    priority: Decimal | None = None
    group: str = ""
    name: str = ""
    because: list[str] = field(default_factory=list)
    asks: dict[str, list[tuple[Condition, Square]]] = field(default_factory=dict)
    sets: dict[str, tuple[Setting, Square]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DroolsRules:
    """The table, and notes of what was left out or is decided in another way; `lost` of them change what is decided."""

    table: RuleTable
    notes: tuple[Issue, ...]
    lost: int


def rule_table(table: DroolsTable, sheet: ForeignSheet) -> DroolsRules:
    """What a policy can say of a table. Raises PolicyError when no rule is left."""
    return _Drools(table, sheet).run()


class _Drools:
    def __init__(self, table: DroolsTable, sheet: ForeignSheet) -> None:
        self.drools, self.sheet = table, sheet
        self.notes: list[Issue] = []
        self.lost = 0

    def run(self) -> DroolsRules:
        for column in self.drools.columns:
            if column.kind in _LEFT_OUT:
                self.lost += column.kind not in _SAME
                level = "is left out" if column.kind in _SAME else "is left out, and the rules may decide otherwise"
                self.note(column.heading, f"the column {column.kind} {level}", _LEFT_OUT[column.kind])
        rows = [row for squares in self.drools.rows if (row := self.row(squares)) is not None]
        if not rows:
            span = Span(self.sheet.file, self.drools.start.row, self.drools.start.column)
            message = f"no rule of the table `{self.drools.name}` can be one of a policy"
            raise PolicyError([*self.notes, Issue(message, "mend what is named above", span)])
        kinds = self.kinds(rows)
        if all(row.asks for row in rows):
            message = "where no rule matches, Drools sets nothing, and a policy refuses the decision"
            self.note(self.drools.start, message, "add `otherwise` to the policy, if such a case may come")
        hit_policy, rows = self.order(rows)
        return DroolsRules(self.made(rows, kinds, hit_policy), tuple(self.notes), self.lost)

    def note(self, square: Square, message: str, hint: str = "") -> None:
        place = self.sheet.place(square)
        self.notes.append(Issue(f"{place}: {message}", hint, self.sheet.span(square), code="sheet-cell"))

    def row(self, squares: tuple[Square, ...]) -> _Row | None:
        """A rule; None, with a note, for one that a policy has no words for."""
        row = _Row(squares[0].row)
        for column, square in zip(self.drools.columns, squares, strict=True):
            if square.empty:
                continue
            try:
                self.cell(row, column, square)
            except Unsaid as error:
                what = "this action is left out" if column.kind == "ACTION" else "the whole rule is left out"
                self.note(square, f"{what}: {error}", error.hint)
                self.lost += 1
                if column.kind != "ACTION":
                    return None
        if not row.sets:
            message = f"row {row.number} sets no output, and is left out"
            self.notes.append(Issue(message, "", Span(self.sheet.file, row.number, 1)))
            self.lost += 1
            return None
        return row

    def cell(self, row: _Row, column: DroolsColumn, square: Square) -> None:
        text = _text(square)
        match column.kind:
            case "NAME":
                row.name = text
            case "DESCRIPTION":
                row.because.append(text)
            case "ACTIVATION-GROUP":
                row.group = text
            case "PRIORITY":
                row.priority = square.content if isinstance(square.content, Decimal) else _priority(text)
            case "CONDITION":
                for condition in conditions(column.object.text, _code(column), text):
                    row.asks.setdefault(fact_name(condition.field), []).append((condition, square))
            case "ACTION":
                for setting in settings(column.object.text, _action(column), text):
                    row.sets[fact_name(setting.name)] = (setting, square)
            case _:
                pass

    def kinds(self, rows: list[_Row]) -> dict[tuple[str, str], str]:
        """Of each fact and output whether it holds texts, numbers or flags: what all its values can be."""
        values: dict[tuple[str, str], list[Value]] = {}
        places: dict[tuple[str, str], Square] = {}
        for row in rows:
            for name, asked in row.asks.items():
                values.setdefault(("when", name), []).extend(v for one, _ in asked for v in one.values)
                places.setdefault(("when", name), asked[0][1])
            for name, (setting, square) in row.sets.items():
                values.setdefault(("then", name), []).append(setting.value)
                places.setdefault(("then", name), square)
        kinds = {}
        for key, found in values.items():
            shared = frozenset.intersection(*(value.kinds for value in found))
            kind = next((each for each in ("number", "boolean", "string") if each in shared), "")
            if not kind:
                self.note(places[key], f"`{key[1]}` has texts and numbers in one: all are taken for texts")
            if kind in ("number", "boolean") and all(value.loose for value in found):
                self.note(places[key], f"`{key[1]}` is taken for a {kind}, by all that stands in the cells")
            kinds[key] = kind or "string"
        return kinds

    def order(self, rows: list[_Row]) -> tuple[str, list[_Row]]:
        """In Drools all rules that match fire, and the last one leaves its values; in a group the first alone fires."""
        groups = {row.group or self.property("activation-group") for row in rows}
        grouped = len(groups) == 1 and groups != {""}
        sequential = self.property("sequential").lower() in ("true", "yes", "on", "1")
        ranked = any(row.priority is not None for row in rows)
        whole = len({frozenset(row.sets) for row in rows}) == 1
        start = self.drools.start
        if len(rows) > 1 and (sequential or ranked) and (grouped or whole):
            if not sequential:
                rows = sorted(rows, key=lambda row: -(row.priority or Decimal(0)))
            ties = ranked and not sequential and len({row.priority for row in rows}) < len(rows)
            if ties:
                self.note(start, "rows of one priority stay in the sheet's order", "Drools promises none")
            if grouped:
                return "FIRST", rows
            self.note(start, "in Drools the last rule that fires leaves its values, so the last row stands first here")
            return "FIRST", rows[::-1]
        if len(rows) > 1:
            hint = "`ordain check` names the rules that meet; `hit policy: first` gives them an order"
            self.note(start, "in Drools all rules that match fire; here only one may match", hint)
        return "UNIQUE", rows

    def property(self, name: str) -> str:
        square = self.drools.properties.get(name)
        return square.text.strip() if square is not None else ""

    def made(self, rows: list[_Row], kinds: Mapping[tuple[str, str], str], hit_policy: str) -> RuleTable:
        tests = [{name: _tests(asked, kinds["when", name]) for name, asked in row.asks.items()} for row in rows]
        facts = list(dict.fromkeys(name for row in rows for name in row.asks))
        columns = [(name, n) for name in facts for n in range(max(len(each.get(name, ())) for each in tests))]
        places = {name: next(row.asks[name][0][1] for row in rows if name in row.asks) for name in facts}
        outputs = list(dict.fromkeys(name for row in rows for name in row.sets))
        given = {name: next(row.sets[name][1] for row in rows if name in row.sets) for name in outputs}
        names = [row.name for row in rows]
        made = []
        for row, asked in zip(rows, tests, strict=True):
            nowhere = Square(row.number, self.drools.start.column)
            said = [asked.get(name, ())[n : n + 1] for name, n in columns]
            gives = [
                Said(row.sets[name][0].value.feel(kinds["then", name]), row.sets[name][1])
                if name in row.sets
                else Said("null", nowhere)
                for name in outputs
            ]
            plain = re.sub(r"[^A-Za-z0-9.]+", "-", row.name).strip("-")
            own = plain if _ID.fullmatch(plain) and names.count(row.name) == 1 else f"row-{row.number}"
            cells = tuple(each[0] if each else Said("", nowhere) for each in said)
            made.append(RuleRow(row.number, own, cells, tuple(gives), "; ".join(row.because)))
        return RuleTable(
            Said(hit_policy, self.drools.start),
            tuple(Asked(Said(name, places[name]), kinds["when", name], fact=True) for name, _ in columns),
            tuple(Given(Said(name, given[name]), kinds["then", name]) for name in outputs),
            tuple(made),
        )


def _tests(asked: Iterable[tuple[Condition, Square]], kind: str) -> tuple[Said, ...]:
    """The tests of one fact in one row; a lower and an upper end are one range."""
    pairs = list(asked)
    low = [pair for pair in pairs if pair[0].op in (">", ">=")]
    high = [pair for pair in pairs if pair[0].op in ("<", "<=")]
    if kind == "number" and (len(low), len(high), len(pairs)) == (1, 1, 2):
        (under, square), (over, _) = low[0], high[0]
        start, end = under.values[0].feel(kind), over.values[0].feel(kind)
        opening, closing = "[" if under.op == ">=" else "(", "]" if over.op == "<=" else ")"
        return (Said(f"{opening}{start}..{end}{closing}", square),)
    return tuple(Said(_test(condition, kind), square) for condition, square in pairs)


def _test(condition: Condition, kind: str) -> str:
    values = ", ".join(value.feel(kind) for value in condition.values)
    if condition.op == "==":
        return values
    return f"not({values})" if condition.op == "!=" else f"{condition.op} {values}"


def _text(square: Square) -> str:
    if square.percent and isinstance(square.content, Decimal):
        return format(square.content.scaleb(-2), "f")
    return square.text.strip()


def _code(column: DroolsColumn) -> str:
    if column.code.empty:
        raise Unsaid("the column has no snippet of code", "write a condition such as `age < $param` below the object")
    return column.code.text


def _action(column: DroolsColumn) -> str:
    """The snippet with the object above it before the method that it calls."""
    if column.code.empty:
        raise Unsaid("the column has no snippet of code", "write an action such as `result.setPrice($param);`")
    return column.code.text if column.object.empty else f"{column.object.text.strip()}.{column.code.text.strip()}"


def _priority(text: str) -> Decimal:
    if not re.fullmatch(r"[-+]?\d+", text, re.ASCII):
        raise Unsaid(f"`{text}` is no priority", "write a whole number")
    return Decimal(text)


def fact_name(name: str) -> str:
    """`customer.loanAmount` as a policy names it: customer_loan_amount."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    plain = re.sub(r"[^0-9A-Za-z]+", "_", parted).strip("_").lower()
    return plain if is_name(plain) and plain not in FUNCTIONS else f"the_{plain}"
