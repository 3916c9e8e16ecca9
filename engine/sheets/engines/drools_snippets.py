"""What the snippets of a Drools decision table say once a cell's value is put in: conditions on fields, and setters.

A snippet in the row of code has `$param`, or `$1`, `$2` for the parts of a cell between commas, or it is a field
alone (`age`, which means `age ==`) or a field with an operator (`age <`). `forall(||){tier == $}` stands for one
condition for each part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ordain.engine.limits import LIMITS

_PLACE = re.compile(r"\$(param|\d+)")
_FORALL = re.compile(r"forall\s*\((?P<between>[^)]*)\)\s*\{(?P<each>[^{}]*)\}")
_PART = re.compile(r"(?<!\\),")
_FIELD = r"(?P<field>[A-Za-z_][\w.]*)"
_COMPARISON = re.compile(rf"{_FIELD}\s*(?P<op>==|!=|<=|>=|<|>|=)\s*(?P<value>.+)", re.DOTALL)
_MEMBER = re.compile(rf"{_FIELD}\s+(?P<op>not\s+in|in)\s*\((?P<value>.*)\)", re.DOTALL)
_FLAG = re.compile(rf"(?P<not>!?)\s*{_FIELD}")
_OPERATOR_LAST = re.compile(rf"{_FIELD}\s*(==|!=|<=|>=|<|>|=)")
_ALONE = re.compile(_FIELD)
_PATTERN = re.compile(r"(?:\$?\w+\s*:\s*)?[A-Z][\w.]*\s*\((?P<inside>.*)\)\s*;?", re.DOTALL)
_SETTER = re.compile(r"(?:[\w.$]+\.)?set(?P<name>[A-Z]\w*)\s*\((?P<value>.*)\)", re.DOTALL)
_PUT = re.compile(r"(?:[\w.$]+\.)?put\s*\(\s*\"(?P<name>\w+)\"\s*,(?P<value>.*)\)", re.DOTALL)
_ASSIGNED = re.compile(r"(?:[\w$]+\.)+(?P<name>\w+)\s*=(?!=)(?P<value>.*)", re.DOTALL)
_MODIFIED = re.compile(r"modify\s*\([^)]*\)\s*\{(?P<inside>.*)\}", re.DOTALL)
_ENUM = re.compile(r"(?:[A-Za-z_]\w*\.)+(?P<last>[A-Z][A-Z0-9_]*)")
_NUMBER = re.compile(r"([-+]?\d+(\.\d+)?)[dDfFlLBI]?", re.ASCII)
_QUOTES = ('"', "\u201c", "\u201d", "'")


class Unsaid(ValueError):
    """What a decision table has no words for; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. `loose`: Drools put the quotes, so it may be meant as a number or flag, too."""

    text: str
    kind: str
    loose: bool = False

    def feel(self, kind: str) -> str:
        """In a column of that kind: string, number or boolean."""
        if self.kind == "null":
            return "null"
        return json.dumps(self.text, ensure_ascii=False) if kind == "string" else self.text

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of column it may stand in."""
        if self.kind == "null":
            return frozenset({"string", "number", "boolean"})
        if not self.loose:
            return frozenset({self.kind})
        numeric = {"number"} if _decimal(self.text) is not None else set()
        flag = {"boolean"} if self.text in ("true", "false") else set()
        return frozenset({"string", *numeric, *flag})


@dataclass(frozen=True, slots=True)
class Condition:
    """`field op value`; with several values any of them, or with `!=` none."""

    field: str
    op: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """An output and what it is set to."""

    name: str
    value: Value


def conditions(pattern: str, snippet: str, cell: str) -> tuple[Condition, ...]:
    """What a cell of a condition's column asks. Raises Unsaid.

    `pattern` is what stands above the snippet: the object whose fields it is about; "" where the snippet has it.
    """
    if re.search(r"\b(eval|exists|not|from|accumulate|collect)\b\s*(\(|$|[A-Z])", pattern):
        raise Unsaid(f"`{pattern}` asks about more than the fields of one object", "send what it finds as a fact")
    text = snippet.strip()
    if pattern.strip() and _ALONE.fullmatch(text):
        return (Condition(text, "==", (_loose(cell),)),)
    if pattern.strip() and (operator := _OPERATOR_LAST.fullmatch(text)):
        return (Condition(operator["field"], _op(operator[2]), (_loose(cell),)),)
    said = _filled(text, cell).strip().rstrip(";")
    if not pattern.strip():
        whole = _PATTERN.fullmatch(said)
        if whole is None:
            raise Unsaid(f"`{said}` is no condition on the fields of one object", "write it as `Type(field < value)`")
        said = whole["inside"]
    found = []
    for part in (piece for each in _split(_bare(said), "&&") for piece in _split(each, ",")):
        if part.strip():
            found.append(_condition(part.strip()))
    if not found:
        raise Unsaid("the column asks nothing", "write a condition such as `age < $param`")
    return tuple(found)


def settings(target: str, snippet: str, cell: str) -> tuple[Setting, ...]:
    """What a cell of an action's column sets. Raises Unsaid."""
    said = _filled(snippet, cell).strip()
    if modified := _MODIFIED.fullmatch(said.rstrip(";").strip()):
        statements = [part for each in _split(modified["inside"], ";") for part in _split(each, ",")]
    else:
        statements = _split(said, ";")
    found = []
    for statement in (each.strip() for each in statements):
        if not statement or re.fullmatch(r"update\s*\([\w$ ]*\)", statement):
            continue
        setter = _SETTER.fullmatch(statement) or _PUT.fullmatch(statement) or _ASSIGNED.fullmatch(statement)
        if setter is None:
            hint = "an action of a decision table sets an output: `result.setPrice($param);`"
            raise Unsaid(f"`{statement}` sets no output", hint)
        found.append(Setting(setter["name"], _value(setter["value"])))
    if not found:
        raise Unsaid(f"`{said}` sets no output", "write it as `result.setPrice($param);`")
    return tuple(found)


def _filled(snippet: str, cell: str) -> str:
    """The snippet with the cell's value, or its parts, in it."""
    parts = [part.replace("\\,", ",").strip() for part in _PART.split(cell)]
    if len(snippet) * len(parts) + len(cell) * snippet.count("$") > LIMITS.expression_characters:
        raise Unsaid("snippet and cell together are too long", "divide the rule into several rows")

    def each(found: re.Match[str]) -> str:
        between = f" {found['between'].strip() or ','} "
        around = re.split(r"\$(?:param\b|(?!\w))", found["each"])
        return between.join(part.join(around) for part in parts)

    def one(found: re.Match[str]) -> str:
        if found[1] == "param":
            return cell.strip()
        number = int(found[1])
        if not 1 <= number <= len(parts):
            raise Unsaid(f"the cell has no part {number} for `{found[0]}`", "write the parts with commas between")
        return parts[number - 1]

    return _PLACE.sub(one, _FORALL.sub(each, snippet))


def _condition(text: str) -> Condition:
    """One condition, or several about one field with `||` between."""
    either = [_comparison(part.strip()) for part in _split(_bare(text), "||")]
    if len(either) == 1:
        return either[0]
    first = either[0]
    if any((each.field, each.op) != (first.field, "==") for each in either):
        raise Unsaid(f"`{text}` is more than several values of one field", "make a row for each of the two cases")
    return Condition(first.field, "==", tuple(value for each in either for value in each.values))


def _bare(text: str) -> str:
    """Without the brackets around the whole."""
    text = text.strip()
    for _ in range(LIMITS.expression_levels):
        if not (text.startswith("(") and text.endswith(")") and len(_split(text[1:-1], ")")) == 1):
            break
        text = text[1:-1].strip()
    return text


def _comparison(text: str) -> Condition:
    if compared := _COMPARISON.fullmatch(text):
        return Condition(compared["field"], _op(compared["op"]), (_value(compared["value"]),))
    if member := _MEMBER.fullmatch(text):
        values = tuple(_value(part) for part in _split(member["value"], ","))
        return Condition(member["field"], "==" if member["op"] == "in" else "!=", values)
    if flag := _FLAG.fullmatch(text):
        return Condition(flag["field"], "==", (Value("false" if flag["not"] else "true", "boolean"),))
    raise Unsaid(f"`{text}` is no comparison of a field with a value", "write it with ==, !=, <, <=, >, >= or in")


def _op(written: str) -> str:
    return "==" if written == "=" else written


def _loose(cell: str) -> Value:
    text = cell.strip()
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES
    return Value(text[1:-1] if quoted else text, "string", loose=not quoted)


def _value(text: str) -> Value:
    """A literal of Java. Raises Unsaid."""
    text = text.strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        inside = text[1:-1]
        if text[0] in inside.replace("\\" + text[0], ""):
            raise Unsaid(f"`{text}` is calculated", "write the value that it has")
        return Value(inside.replace("\\" + text[0], text[0]), "string")
    if number := _NUMBER.fullmatch(text):
        return Value(number[1], "number")
    if made := re.fullmatch(r"new\s+(?:java\.math\.)?BigDecimal\s*\(\s*\"?([-+]?\d+(?:\.\d+)?)\"?\s*\)", text):
        return Value(made[1], "number")
    if text in ("true", "false"):
        return Value(text, "boolean")
    if text == "null":
        return Value("null", "null")
    if enum := _ENUM.fullmatch(text):
        return Value(enum["last"], "string")
    raise Unsaid(f"`{text}` is no number, text or yes/no value", "write the value, a text in quotes")


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) and text[-1:].isdigit() else None
    except InvalidOperation:
        return None


def _split(text: str, between: str) -> list[str]:
    """The parts outside of quotes and brackets."""
    return list(_parts(text, between))


def _parts(text: str, between: str) -> Iterator[str]:
    start = depth = position = 0
    quote = ""
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif depth <= 0 and text.startswith(between, position):
            yield text[start:position]
            position += len(between) - 1
            start = position + 1
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        position += 1
    yield text[start:]
