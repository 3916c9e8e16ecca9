"""Runs a `.dmn` model: inputs in; decisions out, with the reasons of nulls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.dmn.reading.read import Model, read_model
from ordain.engine.dmn.reading.xml import parse
from ordain.engine.errors import (
    CalculationFailed,
    Issue,
    MalformedRequest,
    NotThatType,
    OrdainError,
    did_you_mean,
    reason_of,
)
from ordain.engine.feel.runtime.conform import converted
from ordain.engine.limits import LIMITS
from ordain.engine.step import Step, Trail, steps_of
from ordain.engine.text.regular import opened
from ordain.engine.values.from_json import from_json
from ordain.engine.values.types import ANY, FunctionValue, Value


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is null. `decision` is the one that was being made; empty for an input or a called function."""

    issue: Issue
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came out: all values by name, why a null is one, and a step for each decision."""

    values: Mapping[str, Value]
    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Runnable:
    """A model ready to run."""

    model: Model
    compiled: CompiledPolicy

    def run(self, given: Mapping[str, Value], at: dt.datetime) -> Ran:
        """Every decision of the model for these inputs; one that is not given, or not of its type, counts as null.

        Raises OrdainError for what even a lenient model cannot get over.
        """
        held: dict[str, Value] = dict.fromkeys((*self.model.policy.reads, *self.model.inputs))
        reasons: list[Issue] = []
        for name, value in given.items():
            held[name] = self._converted(name, value, reasons)
        for name in self.model.inputs:
            if name not in given and name not in self.model.unread:
                reasons.append(Issue(f"the input `{name}` was not given: it counts as null", fact=name))
        trail: Trail = []
        faults = _Faults(trail)
        with_depth(lambda: self.compiled.decide(held, at, trail, faults))
        return Ran(held, _distinct([*map(Reason, reasons), *faults.reasons(self.model)]), tuple(steps_of(trail)))

    def call(self, name: str, given: Mapping[str, Value], at: dt.datetime) -> Ran:
        """The decision service or business knowledge model `name`, called with what is given by parameter names.

        `values` then has its result alone, under its own name. Raises OrdainError, such as MalformedRequest for a
        name that cannot be called.
        """
        callable_ = (*self.model.services, *self.model.functions)
        if name not in callable_:
            raise MalformedRequest(f"the model has no service or function `{name}`", did_you_mean(name, callable_))
        held: dict[str, Value] = dict.fromkeys((*self.model.policy.reads, *self.model.inputs))
        faults: list[Issue] = []
        with_depth(lambda: self.compiled.run(held, at, [], faults))
        function = held[name]
        if not isinstance(function, FunctionValue):
            return Ran({name: None}, _distinct(map(Reason, faults)))
        faults.clear()  # what other decisions said has nothing to do with this call
        parameters = self.model.services.get(name, function.parameters)
        reasons = [
            Issue(f"the input `{parameter}` was not given: it counts as null", fact=parameter)
            for parameter in parameters
            if parameter not in given
        ]
        arguments = [self._converted(each, given.get(each), reasons) for each in parameters]
        result = with_depth(lambda: function.call(*arguments))
        return Ran({name: result}, _distinct(map(Reason, [*reasons, *faults])))

    def _converted(self, name: str, value: Value, reasons: list[Issue]) -> Value:
        """A value in the declared type of the input it is given for; null, with the reason, when it is not of it."""
        try:
            return converted(value, self.model.inputs.get(name, ANY))
        except NotThatType as error:
            reasons.append(Issue(f"the input `{name}` counts as null: {error}", fact=name))
            return None


class _Faults(list[Issue]):
    """Faults with the number of steps that were made before each, which tells the decision it belongs to."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.made: list[int] = []

    def append(self, issue: Issue) -> None:
        self.made.append(len(self.trail))
        super().append(issue)

    def reasons(self, model: Model) -> Iterator[Reason]:
        # Tables inside expressions make steps too, before the step of the decision they are in.
        own = {decision.name for decision in model.policy.decisions}
        for issue, before in zip(self, self.made, strict=True):
            after = (decision.name for decision, *_ in self.trail[before:])
            yield Reason(issue, next((name for name in after if name in own), ""))


def _distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons in their order, each once: a loop may meet the same one many times."""
    return tuple(dict.fromkeys(reasons))


def with_depth(run: Callable[[], Any]) -> Any:
    """What `run` gives; a recursion without end, which FEEL's own functions can do, becomes CalculationFailed."""
    try:
        return run()
    except RecursionError:
        raise CalculationFailed("a function calls itself too often", "see what ends its recursion") from None
    except ValueError as error:
        raise CalculationFailed(str(error)) from None


def load_model(file: Path, folders: Sequence[Path] = ()) -> Runnable:
    """The model of a `.dmn` file; models it imports are looked for as `beside` does. Raises PolicyError."""
    model = read_model(read_bytes(file), file.name, beside(file, folders))
    return Runnable(model, compile_policy(model.policy))


def read_bytes(file: Path) -> bytes:
    """What a file holds. Raises MalformedRequest: it cannot be read, or is larger than is read."""
    try:
        with opened(file) as stream:
            data = stream.read(LIMITS.model_bytes + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
    if len(data) > LIMITS.model_bytes:
        raise MalformedRequest(f"`{file}` has more than {LIMITS.model_bytes:,} bytes", "split it into several models")
    return data


def beside(file: Path, folders: Sequence[Path] = ()) -> Callable[[str, str], bytes | None]:
    """Finds an imported model by its namespace: in the file that the import says, if its path begins at the model's
    folder, then among the `.dmn` files of that folder, those of the file's name first, and of the further `folders`.
    """

    def find(namespace: str, location: str) -> bytes | None:
        for other in _candidates(file.parent, folders, location):
            try:
                data = read_bytes(other)
                if parse(data, other.name).attributes.get("namespace") == namespace:
                    return data
            except OrdainError:
                continue
        return None

    return find


def _candidates(home: Path, folders: Sequence[Path], location: str) -> Iterator[Path]:
    """The files to look into, each once."""
    seen: set[Path] = set()
    said = PurePosixPath(location)
    if said.suffix == ".dmn" and not said.is_absolute() and ":" not in location:
        seen.add(home / said)
        yield home / said
    for folder in (home, *folders):
        files = sorted(folder.glob("*.dmn" if folder is home else "**/*.dmn"))
        for file in sorted(files, key=lambda each: each.name != said.name):
            if file not in seen:
                seen.add(file)
                yield file


def facts_of(model: Model, data: Mapping[str, object], more: tuple[str, ...] = ()) -> dict[str, Value]:
    """The inputs that JSON data gives to a model; `more` names what it may give besides.

    Raises MalformedRequest with all names that are no input.
    """
    known = (*model.inputs, *more)
    issues, given = [], {}
    for name, raw in _flattened(data, known):
        if name not in known:
            issues.append(Issue(f"the model has no input `{name}`", did_you_mean(name, known), fact=name))
            continue
        try:
            given[name] = from_json(raw, model.inputs.get(name, ANY))
        except NotThatType as error:
            issues.append(Issue(f"`{name}`: {error}", f"it is declared as {model.inputs.get(name, ANY)}", fact=name))
    if issues:
        raise MalformedRequest(issues)
    return given


def _flattened(data: Mapping[str, object], known: Collection[str]) -> Iterator[tuple[str, object]]:
    """The inputs by name; those of an imported model may stand in an object of the import's name."""
    for name, raw in data.items():
        if name not in known and isinstance(raw, Mapping) and any(each.startswith(f"{name}.") for each in known):
            yield from _flattened({f"{name}.{part}": inner for part, inner in raw.items()}, known)
        else:
            yield name, raw
