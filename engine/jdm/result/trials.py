"""The tests of a graph decided by its policy: those that come out alike become examples, the others are explained."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.dmn.converting.yaml_tables import Bare
from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, NotThatType, OrdainError
from ordain.engine.feel.runtime.describe import describe_value
from ordain.engine.jdm.facts.shapes import renamed
from ordain.engine.jdm.graph import Case, Json
from ordain.engine.jdm.result.answer import Answer, Keys
from ordain.engine.jdm.saying.translate import DIVISION, EQUALITY, LOOKUP, REMAINDER
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.values.types import Kind, Type, Value, plain

_SAME = Decimal("1e-12")
"""Numbers that differ by less than this part are the same but for the digits that an engine keeps."""
ROUNDING = "ZEN keeps 28 digits and gives floats, a policy 34 digits"
NULL = "ZEN goes on where a value is missing, with null or with the next row; a policy asks for it"
NO_NUMBER = "a division by zero is null in ZEN, and refuses the decision here"
NO_ITEM = "a position behind the end of a list is null in ZEN, and refuses the decision here"
LISTS = "two lists or objects are never equal in ZEN; here they are when their parts are"
REST = "the remainder has the sign of the dividend in ZEN, of the divisor here"
TYPES = "the test sends a value that is not of the fact's type: ZEN takes any, and has no match for it"
DIGITS = "a number in a text has the zeros at its end that the calculation gives it"
UNSAID = "it comes from what cannot be said in a policy"
UNEXPLAINED = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the policy gives something else than the test expects. `why` is empty where nobody knows."""

    key: str
    expected: str
    ours: str
    why: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One test, and the example that it becomes, if one key of it came out alike."""

    number: int
    differences: tuple[Difference, ...]
    example: Mapping[str, Any] | None

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Bench:
    """What tests are decided with. `unsaid` are the facts, by key, that stand for what could not be said; `differs`
    the kinds of places where ZEN and FEEL are not alike."""

    compiled: CompiledPolicy
    vocabulary: Vocabulary
    answer: Answer
    named: Mapping[str, str]
    unsaid: Mapping[str, str]
    differs: frozenset[str]
    at: dt.datetime

    def tried(self, test: Case) -> Trial:
        """The test decided. Raises nothing: what refuses the decision is a difference."""
        given = self.given(test)
        try:
            values = self.accepted(given)
            self.compiled.run(values, self.at, [])
        except OrdainError as error:
            return Trial(test.number, (self.refused(error),), None)
        differences = tuple(self.differences(test, values))
        wrong = {difference.key for difference in differences}
        expect = {
            path: writable(_at(values, path)) for keys, path in self.answer.given.items() if ".".join(keys) not in wrong
        }
        example = {"given": {name: writable_json(part) for name, part in given.items()}, "expect": expect}
        return Trial(test.number, differences, example if expect else None)

    def given(self, test: Case) -> dict[str, Json]:
        """The facts of a test, by their names in the policy, as far as the policy reads them."""
        reads = set(self.compiled.policy.reads)
        given = {}
        for key, name in self.named.items():
            known = key in self.unsaid
            value = _dug(test.output, tuple(key.split("."))) if known else test.input.get(key)
            if name in reads and value is not None:
                given[name] = renamed(value)
        return given

    def accepted(self, given: Mapping[str, Json]) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name in self.compiled.policy.reads:
            fact = self.vocabulary[name]
            if name in given:
                try:
                    values[name] = fact.accept(given[name])
                except NotThatType as error:
                    raise DataQualityIssue(f"`{name}`: {error}") from None
            elif fact.optional:
                values[name] = None
            else:
                raise CustomerDataIncomplete(f"`{name}` is missing")
        return values

    def refused(self, error: OrdainError) -> Difference:
        missing = {self.named[key] for key in self.unsaid}
        said = error.issues[0].message
        why = UNEXPLAINED
        if isinstance(error, DataQualityIssue):
            why = TYPES
        elif any(f"`{name}`" in said for name in missing):
            why = UNSAID
        elif isinstance(error, CustomerDataIncomplete):
            why = NULL
        elif error.code == "CalculationFailed":
            why = self.no_result(said)
        return Difference("", "a result", f"{error.code}: {said}", why)

    def no_result(self, said: str) -> str:
        """Why a calculation that refuses the decision here has a result in ZEN."""
        if DIVISION in self.differs and ("zero" in said or "no valid result" in said):
            return NO_NUMBER
        return NO_ITEM if LOOKUP in self.differs else UNEXPLAINED

    def differences(self, test: Case, values: Mapping[str, Value]) -> Iterator[Difference]:
        for keys, path in self.answer.given.items():
            expected, ours = _json(renamed(_dug(test.output, keys))), _json(_at(values, path))
            if expected != ours:
                yield Difference(".".join(keys), _shown(expected), _shown(ours), self.why(expected, ours))
        for keys, expected in _rest(test.output, (), self.answer):
            if expected != _dug(test.input, keys):
                yield Difference(".".join(keys), _shown(_json(expected)), "nothing", self.why_lost(keys))

    def why(self, expected: Json, ours: Json) -> str:
        if _nearly(expected, ours):
            return ROUNDING
        if isinstance(expected, str) and isinstance(ours, str) and _digits(expected) == _digits(ours):
            return DIGITS
        if EQUALITY in self.differs:
            return LISTS
        return REST if REMAINDER in self.differs else UNEXPLAINED

    def why_lost(self, keys: Keys) -> str:
        return next(
            (f"left out: {why}" for lost, why in self.answer.lost.items() if keys[: len(lost)] == lost), ""
        ) or (UNSAID if self.unsaid or "unread" in self.differs else UNEXPLAINED)


def made_up(bench: Bench) -> Mapping[str, Any]:
    """An example for a graph that has none which holds: the plainest facts, and what the policy says of them."""
    given: dict[str, Json] = {}
    for name in bench.compiled.policy.reads:
        given[name] = _plainest(bench.vocabulary[name].type)
    shown = {name: writable_json(part) for name, part in given.items()}
    try:
        values = bench.accepted(given)
        bench.compiled.run(values, bench.at, [])
    except OrdainError as error:
        return {"given": shown, "refused": error.code}
    return {"given": shown, "expect": {path: writable(_at(values, path)) for path in bench.answer.given.values()}}


def _plainest(type: Type) -> Json:
    match type.kind:
        case Kind.NUMBER:
            return Decimal(1)
        case Kind.FLAG:
            return True
        case Kind.LIST:
            return [_plainest(type.item)] if type.item is not None else []
        case Kind.CONTEXT:
            return {name: _plainest(part) for name, part in type.fields.items()}
        case _:
            return type.values[0] if type.values else "text"


def writable(value: Value) -> Any:
    """A value as an example writes it."""
    return writable_json(_json(value))


def writable_json(data: Json) -> Any:
    if isinstance(data, Decimal):
        return Bare(f"{data.normalize():f}" if data else "0")
    if isinstance(data, Mapping):
        return {key: writable_json(part) for key, part in data.items()}
    return [writable_json(part) for part in data] if isinstance(data, list) else data


def _json(value: Any) -> Json:
    """A value of either side in one form: what is null in an object is not there."""
    if isinstance(value, Mapping):
        return {key: _json(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    if isinstance(value, Decimal | str | bool) or value is None:
        return value
    return plain(value)


def _rest(output: Json, keys: Keys, answer: Answer) -> Iterator[tuple[Keys, Json]]:
    """What a test expects under keys that no decision fills."""
    if keys in answer.given:
        return
    inside = any(known[: len(keys)] == keys for known in (*answer.given, *answer.lost))
    if isinstance(output, dict) and (inside or not keys):
        for key, part in output.items():
            yield from _rest(part, (*keys, key), answer)
    elif output is not None and keys:
        yield keys, output


def _dug(data: Json, keys: Keys) -> Json:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _at(values: Any, path: str) -> Value:
    for name in path.split("."):
        values = values[name] if values is not None else None
    return values


def _nearly(first: Json, second: Json) -> bool:
    if isinstance(first, Decimal) and isinstance(second, Decimal):
        return abs(first - second) <= _SAME * max(abs(first), abs(second))
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(a == b or _nearly(a, b) for a, b in zip(first, second, strict=True))
    return False


def _digits(text: str) -> str:
    """A text with its numbers written in one way."""
    return re.sub(r"\d+\.\d*[1-9]0+|\d+\.0+", lambda found: found[0].rstrip("0").rstrip("."), text)


def _shown(data: Json) -> str:
    return describe_value(_value(data), longest=200) if data is not None else "nothing"


def _value(data: Json) -> Value:
    if isinstance(data, Mapping):
        return {key: _value(part) for key, part in data.items()}
    return tuple(map(_value, data)) if isinstance(data, list) else data
