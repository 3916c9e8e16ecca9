"""What two versions of a policy decide for one customer, and what of it differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.compare.restated import Output, computed_text, may_be_null
from ordain.engine.errors import CustomerDataIncomplete, DecisionError
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.values.types import Value

Marks = Mapping[str, tuple[Output, ...]]


@dataclass(frozen=True, slots=True)
class Decided:
    """The values of the decisions by name; `refused` is the code of the error that ended it."""

    values: Mapping[str, Value]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One output as one version gives it. `text` computes it, where it is computed; `refused`: nothing is given."""

    value: Value = None
    text: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Otherwise:
    """An output that two versions give otherwise. `sure`: for everybody concerned; else the two are computed by
    different texts, and may come to the same for some."""

    output: str
    old: Result
    new: Result

    @property
    def sure(self) -> bool:
        return not (self.old.text or self.new.text)

    @property
    def key(self) -> tuple[object, ...]:
        return self.output, _frozen(self.old), _frozen(self.new)


class Difference(tuple[Otherwise, ...]):
    """What is given otherwise, as one thing that can be looked up."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(tuple(each.key for each in self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Difference) and [each.key for each in self] == [each.key for each in other]


def decide(
    compiled: CompiledPolicy,
    policy: Policy,
    vocabulary: Vocabulary,
    facts: Mapping[str, Value],
    at: dt.datetime,
) -> Decided:
    """`policy` is the version as it is written, which says what it goes on without. A fact that is null is missing;
    one that is not among `facts` is not looked at."""
    for name in policy.reads:
        if name in facts and facts[name] is None and not may_be_null(policy, vocabulary[name]):
            return Decided({}, CustomerDataIncomplete.__name__)
    values = {**dict.fromkeys(compiled.policy.reads), **facts}
    try:
        compiled.decide(values, at, [])
    except (DecisionError, CustomerDataIncomplete) as error:
        return Decided({}, error.code)
    return Decided(values)


def compared(old: Decided, new: Decided, names: tuple[str, ...], marks: tuple[Marks, Marks]) -> Difference:
    """What of the outputs `names` differs; `marks` are those of each version's computed texts."""
    if old.refused or new.refused:
        if old.refused == new.refused:
            return Difference()
        return Difference(_refused(old, new, names))
    different = []
    for name in names:
        before, after = dict(_parts(name, old.values[name])), dict(_parts(name, new.values[name]))
        for output in dict.fromkeys((*before, *after)):
            one, other = before.get(output), after.get(output)
            if _sign(one, old, marks[0]) != _sign(other, new, marks[1]):
                different.append(Otherwise(output, _result(one), _result(other)))
    return Difference(different)


def _refused(old: Decided, new: Decided, names: tuple[str, ...]) -> Iterator[Otherwise]:
    for name in names:
        given = new if old.refused else old
        parts = dict(_parts(name, given.values[name])) if given.values else {name: None}
        for output, value in parts.items():
            sides = (Result(refused=side.refused) if side.refused else _result(value) for side in (old, new))
            yield Otherwise(output, *sides)


def _parts(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield f"{name}.{part}", inner
    else:
        yield name, value


def _result(value: Value) -> Result:
    text = computed_text(value)
    return Result(value) if text is None else Result(text=text)


def _sign(value: Value, decided: Decided, marks: Marks) -> object:
    """A value in a form that is equal where it is the same; a computed one is so if what it reads is, too."""
    text = computed_text(value)
    if text is not None:
        read = []
        for name, part in marks.get(text, ()):
            inner = decided.values[name]
            read.append(_sign(inner[part] if part and isinstance(inner, Mapping) else inner, decided, marks))
        return ("computed", text, tuple(read))
    if isinstance(value, Mapping):
        return tuple((name, _sign(part, decided, marks)) for name, part in value.items())
    if isinstance(value, tuple | list):
        return tuple(_sign(part, decided, marks) for part in value)
    return type(value).__name__, value


def _frozen(result: Result) -> object:
    return repr(result.value), result.text, result.refused
