"""What each name of a policy, of facts.yaml and of services.yaml is: a fact, a decision, a constant, a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property

from ordain.api.lsp.layout import Layout, Path, Scalar
from ordain.api.lsp.sections import Role, Sort, role_of, sort_of
from ordain.api.lsp.words import Part, Read, parts_of, reads
from ordain.engine.policy.facts import Fact
from ordain.engine.policy.templates import expressions_in
from ordain.engine.values.types import Kind


class Named(Enum):
    FACT = auto()
    DECISION = auto()
    CONSTANT = auto()
    FUNCTION = auto()


_DECLARING = {
    Role.DECISION: Named.DECISION,
    Role.CONSTANT: Named.CONSTANT,
    Role.FUNCTION: Named.FUNCTION,
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A name that a policy itself gives to something, at a key of it or, for the price of promises, at a value."""

    name: str
    kind: Named
    scalar: Scalar


@dataclass(frozen=True, slots=True)
class Place:
    """A name where it stands in a file, from `start` to `end`."""

    name: str
    start: int
    end: int
    role: Role


class Document:
    """One file of a policies directory: its text, and what the keys of it say. `facts` are those of its directory,
    `shared` what it uses of other files, by name."""

    def __init__(
        self,
        file: str,
        text: str,
        facts: Mapping[str, Fact],
        layout: Layout | None = None,
        shared: Mapping[str, tuple[Document, Declared]] | None = None,
    ) -> None:
        self.file, self.text, self.facts = file, text, facts
        self.shared = shared or {}
        self.sort = sort_of(file)
        self.layout = layout if layout is not None else Layout(text)
        self._beside: dict[tuple[str, ...], frozenset[str]] = {}

    @property
    def policy(self) -> str:
        """The name of the policy, as its folder is called."""
        return self.file.split("/")[-2] if self.sort is Sort.POLICY and "/" in self.file else ""

    @cached_property
    def kind(self) -> str:
        return self.layout.text_at("kind")

    def role(self, scalar: Scalar) -> Role:
        return role_of(self.sort, scalar.path, is_key=scalar.is_key)

    @cached_property
    def declared(self) -> dict[str, Declared]:
        """The decisions, constants and functions of a policy, in the order of the file."""
        found: dict[str, Declared] = {}
        for scalar in self.layout.scalars if self.sort in (Sort.POLICY, Sort.SHARED) else ():
            kind = _DECLARING.get(self.role(scalar))
            if kind is not None and (name := scalar.value):
                found.setdefault(name, Declared(name, kind, scalar))
        if self.kind == "grandfathering" and (promises := self.layout.key("promises")) is not None:
            found.setdefault("promise", Declared("promise", Named.DECISION, promises))
        for name in ("findings", "verdict") if self.kind == "compliance" else ():
            if (rules := self.layout.key("rules")) is not None:
                found.setdefault(name, Declared(name, Named.DECISION, rules))
        return found

    @cached_property
    def known(self) -> frozenset[str]:
        """All names that an expression of this file may read."""
        facts = self.facts if self.sort is not Sort.SHARED else ()
        return frozenset({*facts, *self.shared, *self.declared})

    def known_beside(self, values: tuple[str, ...]) -> frozenset[str]:
        """All names, and the declared values of a column."""
        if values not in self._beside:
            self._beside[values] = self.known.union(values)
        return self._beside[values]

    def parameters_at(self, path: Path) -> frozenset[str]:
        """The parameters of the table under `functions` that a path lies in, which hide facts of their names."""
        if path[:1] != ("functions",) or len(path) < 3:
            return frozenset()
        return frozenset(key.value for key in self.layout.keys_in(*path[:2], "takes"))

    def values_of(self, heading: str, path: Path = ()) -> tuple[str, ...]:
        """The declared values of what the column of a cell at `path` asks about: a parameter, a fact or a decision."""
        if heading in self.parameters_at(path):
            return self._values_at(*path[:2], "takes", heading)
        fact = self.facts.get(heading)
        if fact is not None and fact.type.kind is Kind.TEXT:
            return fact.type.values
        return self._values_at("decides", heading, "gives")

    def _values_at(self, *path: str | int) -> tuple[str, ...]:
        return tuple(item.value for item in self.layout.items(*path, "values"))

    def outputs_of(self, path: Path) -> dict[str, tuple[str, ...]]:
        """The outputs of the table that a path lies in, by name, "" for a single one, with their declared values."""
        table = self.table_of(path)
        if not table:
            return {}
        named = [key.value for key in self.layout.keys_in(*table, "gives")]
        if not named or "type" in named:
            return {"": self._values_at(*table, "gives")}
        return {name: self._values_at(*table, "gives", name) for name in named}

    def output_type(self, path: Path) -> str:
        """The type of the output that a value at this path is, as it is written: "" when nothing says it."""
        *_, last = path
        table = self.table_of(path)
        name = "" if last in ("then", "otherwise") else str(last)
        of: Path = (*table, "gives", name) if name else (*table, "gives")
        return self.layout.text_at(*of) or self.layout.text_at(*of, "type") if table else ""

    def table_of(self, path: Path) -> Path:
        """The path of the table that another one lies in: also of `otherwise` at the top of an intervention."""
        if path[:1] in (("decides",), ("functions",)) and len(path) > 1:
            return path[:2]
        tables = self.layout.keys_in("decides")
        return ("decides", tables[0].value) if path[:1] == ("otherwise",) and tables else ()

    def expressions(self, scalar: Scalar) -> Sequence[tuple[int, int]]:
        """The parts of a scalar's value that are expressions: from where to where."""
        text = scalar.value
        match self.role(scalar):
            case Role.EXPRESSION | Role.HEADING | Role.CELL:
                return ((0, len(text)),)
            case Role.WITHIN:
                first, joint, _ = text.partition(" percent of ")
                return ((0, len(first)), (len(first) + len(joint), len(text))) if joint else ()
            case Role.REASON:
                return expressions_in(text)
            case Role.OUTPUT:
                return self._of_output(scalar)
        return ()

    def _of_output(self, scalar: Scalar) -> Sequence[tuple[int, int]]:
        text = scalar.value
        bare = text.strip()
        if bare.startswith("="):
            return ((text.index("=") + 1, len(text)),)
        if len(bare) > 1 and bare[0] == bare[-1] == '"':
            return ((0, len(text)),)
        of = self.output_type(scalar.path)
        if scalar.path[-1] == "until":
            of = "date"
        if of == "text":
            *_, last = scalar.path
            values = self.outputs_of(scalar.path).get("" if last in ("then", "otherwise") else str(last))
            return () if values else expressions_in(text)
        if not of or (of != "number" and of != "flag" and bare[:1].isdigit()):
            return ()
        return ((0, len(text)),) if bare not in ("", "null") else ()

    def values_in(self, scalar: Scalar) -> tuple[str, ...]:
        """The declared values that may stand as words in this scalar."""
        return self.values_of(str(scalar.path[-1]), scalar.path) if self.role(scalar) is Role.CELL else ()

    def reads(self, scalar: Scalar) -> Iterator[Read]:
        """The names that the expressions of a scalar read, by their places in its value."""
        cell, values = self.role(scalar) is Role.CELL, self.values_in(scalar)
        parameters = self.parameters_at(scalar.path)
        known = self.known_beside(values) | parameters
        for start, end in self.expressions(scalar):
            for read in reads(scalar.value[start:end], known, values, cell=cell):
                if read.name not in parameters:
                    yield replace(read, start=read.start + start, end=read.end + start)

    def parts(self, scalar: Scalar) -> Iterator[Part]:
        """The words of the expressions of a scalar, by their places in its value."""
        values = self.values_in(scalar)
        known = self.known_beside(values) | self.parameters_at(scalar.path)
        for start, end in self.expressions(scalar):
            for part in parts_of(scalar.value[start:end], known, values):
                yield replace(part, start=part.start + start, end=part.end + start)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every name of a fact, decision, constant or function, in the order of the file."""
        found: list[Place] = []
        for scalar in self.layout.scalars:
            role = self.role(scalar)
            if role in (Role.EXPRESSION, Role.HEADING, Role.CELL, Role.OUTPUT, Role.WITHIN, Role.REASON):
                for read in self.reads(scalar):
                    found.append(Place(read.name, *scalar.place(read.start, read.end), role))
            elif role is Role.RESULT:
                first = scalar.value.split(".")[0]
                found.append(Place(first, *scalar.place(0, len(first)), role))
            elif role in _NAMING:
                found.append(Place(scalar.value, *scalar.inner, role))
        return tuple(found)

    def place_at(self, index: int) -> Place | None:
        return next((place for place in self.places if place.start <= index <= place.end), None)


_NAMING = frozenset({Role.FACT, Role.DECISION, Role.CONSTANT, Role.FUNCTION, Role.DECISION_NAME, Role.POLICY_NAME})
