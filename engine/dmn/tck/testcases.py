"""The test files of the DMN Technology Compatibility Kit, read: cases with what goes in and what must come out.

Their form is testCases.xsd of that kit: values typed with `xsi:type`, components for contexts, lists of items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ordain.engine.dmn.reading.xml import Element, parse
from ordain.engine.errors import Issue, NotThatType, PolicyError
from ordain.engine.values import temporal
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import ANY, Kind, Type, Value

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


class Untyped(str):
    """A value that does not say its type, as in the kits of DMN 1.1: what reads it knows better what it is."""

    __slots__ = ()


def settled(value: Value, kind: Kind) -> Value:
    """A value, or one inside it, without a type read as one of a kind, if it can be; otherwise it is a text."""
    if isinstance(value, Untyped):
        try:
            return _KINDS.get(kind, str)(value.strip())
        except (NotThatType, ArithmeticError):
            return str(value)
    return value


def declared(value: Value, type: Type) -> Value:
    """A value of a test file as an input of a type."""
    if isinstance(value, tuple):
        item = (type.item or ANY) if type.kind is Kind.LIST else type
        return tuple(declared(part, item) for part in value)
    if isinstance(value, dict):
        return {name: declared(part, type.fields.get(name, ANY)) for name, part in value.items()}
    return settled(value, type.item.kind if type.kind is Kind.LIST and type.item else type.kind)


@dataclass(frozen=True, slots=True)
class Given:
    """A value that goes in. `namespace` is that of the imported model whose input it is, if the file says so."""

    name: str
    value: Value
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a decision, or an output of what is called, must be; with `error` null or an error will do."""

    name: str
    value: Value
    error: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """`kind` is decision, bkm or decisionService; the latter two call `invocable`."""

    id: str
    kind: str
    invocable: str
    given: tuple[Given, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class TestFile:
    """One test file: the name of its model's file, and its cases in their order."""

    model: str
    cases: tuple[Case, ...]

    __test__ = False  # pytest takes classes of this name for tests


def read_tests(data: bytes, file: str) -> TestFile | None:
    """The cases of a test file; None when it is XML of another kind.

    Raises PolicyError with the place: no XML, or a value that is not of the type it says.
    """
    root = parse(data, file)
    if root.name != "testCases":
        return None
    models = [child.text.strip() for child in root.children if child.name == "modelName"]
    cases = [child for child in root.children if child.name == "testCase"]
    return TestFile(models[0] if models else "", tuple(_case(each, n) for n, each in enumerate(cases, start=1)))


def _case(element: Element, number: int) -> Case:
    given = [
        Given(each.get("name"), _value(each), each.get("namespace"))
        for each in element.children
        if each.name == "inputNode"
    ]
    expected = [_expected(each) for each in element.children if each.name == "resultNode"]
    kind, id = element.get("type") or "decision", element.get("id") or str(number)
    return Case(id, kind, element.get("invocableName"), tuple(given), tuple(expected))


def _expected(element: Element) -> Expected:
    said = [child for child in element.children if child.name == "expected"]
    error = element.get("errorResult") in ("true", "1")
    return Expected(element.get("name"), _value(said[0]) if said else None, error)


def _value(element: Element) -> Value:
    """The value below an element: of its components a context, of its list a list, otherwise a simple one."""
    parts = [child for child in element.children if child.name != "extensionElements"]
    if _is_nil(element):
        return None
    components = [part for part in parts if part.name == "component"]
    if components:
        return {part.get("name"): _value(part) for part in components}
    for part in parts:
        if _is_nil(part):
            return None
        if part.name == "list":
            return tuple(_value(item) for item in part.children if item.name == "item")
        if part.name == "value":
            return _simple(part)
    return None


def _is_nil(element: Element) -> bool:
    return element.get(f"{_INSTANCE}nil") in ("true", "1")


def _simple(element: Element) -> Value:
    type = element.get(f"{_INSTANCE}type").rpartition(":")[2]
    reader = _READERS.get(type)
    if reader is None:
        return element.text if type else Untyped(element.text)
    try:
        return reader(element.text.strip())
    except (NotThatType, ArithmeticError) as error:
        message = f"`{element.text.strip()[:48]}` is no {type}: {error}"
        raise PolicyError(Issue(message, "see the attribute `xsi:type`", element.span)) from None


def _number(text: str) -> Decimal:
    """A number of any length, rounded to the digits that the engine has."""
    try:
        number = NUMBERS.plus(Decimal(text))
    except InvalidOperation:
        raise NotThatType("digits are expected") from None
    if not number.is_finite():
        raise NotThatType("a finite number is expected")
    return number


def _flag(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise NotThatType("true or false is expected")
    return text in ("true", "1")


_READERS: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(("decimal", "double", "float", "integer", "int", "long", "short"), _number),
    "boolean": _flag,
    **dict.fromkeys(("date", "time", "dateTime", "duration"), temporal.read_any),
    **dict.fromkeys(("dayTimeDuration", "yearMonthDuration"), temporal.read_any),
}
_KINDS: dict[Kind, Callable[[str], Value]] = {
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    **dict.fromkeys((Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.DURATION, Kind.MONTHS), temporal.read_any),
}
