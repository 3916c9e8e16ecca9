"""Item definitions as types (DMN 1.5, section 7.3.3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from ordain.engine.backends.python.expressions import test_of
from ordain.engine.dmn.reading.files import Source, Sources, name_of
from ordain.engine.dmn.reading.xml import Element
from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import Expr, Input, Literal, Logic, Matches, TypeName
from ordain.engine.feel.syntax.typenames import FEEL
from ordain.engine.feel.typing.checker import untyped
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import ANY, Kind, Type, Value, context_of, list_of

BUILT_IN = {**FEEL, "list": list_of(ANY), "context": context_of({})}
_SPELLED = {
    "any": "Any",
    "days and time": "days and time duration",
    "years and months": "years and months duration",
    "integer": "number",
    "long": "number",
    "double": "number",
}
"""Other spellings of the built-in types: those of earlier versions, and of other vendors."""

_UNDEFINED = "<Undefined>"
"""What KIE's editor writes where no type was chosen."""


@dataclass(slots=True)
class Items:
    """The types of all files of a model, by their names in the whole model: those asked for so far."""

    sources: Sources
    fields: Collection[str]
    issues: list[Issue]
    types: dict[str, Type] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def read_all(self) -> None:
        """Reads every item definition, so that FEEL texts may name it."""
        for source in self.sources.by_namespace.values():
            for element in source.items.values():
                self._defined(element, source)

    def full_name(self, ref: str, source: Source) -> str:
        """The name in the whole model of what the texts of `source` call `ref`; `ref` itself when it has none."""
        written = " ".join(ref.split())
        prefix, colon, rest = written.partition(":")
        if colon:
            namespace = source.root.prefixes.get(prefix, "")
            if "FEEL" in namespace or prefix == "feel":
                written = rest
            elif (other := self.sources.by_namespace.get(namespace)) is not None:
                return other.qualified(rest) if rest in other.items else written
            else:
                written = rest
        written = written.removeprefix("feel.")
        written = _SPELLED.get(written, written)
        if written in BUILT_IN:
            return written
        return next((of.qualified(name) for name, of in self._places(written, source) if self._path(name, of)), written)

    def _places(self, written: str, source: Source) -> list[tuple[str, Source]]:
        """Where a name may be defined: here, or in a model imported under a prefix of it."""
        names = [(written, source)]
        for part in source.imports:
            other = self.sources.by_namespace.get(part.namespace)
            if other is not None and (not part.prefix or written.startswith(f"{part.prefix}.")):
                names.append((written.removeprefix(f"{part.prefix}.") if part.prefix else written, other))
        return names

    def _path(self, name: str, source: Source) -> Element | None:
        """The definition of that name, or the component that `definition.component` leads to."""
        if (whole := source.items.get(name)) is not None:
            return whole
        first, dot, rest = name.rpartition(".")
        base = self._path(first, source) if dot and name.count(".") < LIMITS.type_levels else None
        return next((p for p in base.all("itemComponent") if name_of(p) == rest), None) if base is not None else None

    def type(self, ref: str, source: Source, at: Element | None = None) -> Type:
        """The type that a `typeRef` names; ANY, and an issue, when there is none of that name."""
        if not ref or ref == _UNDEFINED:
            return ANY
        full = self.full_name(ref, source)
        if full in BUILT_IN:
            return BUILT_IN[full]
        if full in self.types:
            return self.types[full]
        for name, of in self._places(self._unprefixed(ref, source), source):
            if (element := self._path(name, of)) is not None:
                return self._defined(element, of, full)
        if at is not None:
            known = [*BUILT_IN, *list(source.items)[:1000]]
            self.issues.append(Issue(f"there is no type `{ref}`", did_you_mean(ref, known), at.span))
        return ANY

    def _unprefixed(self, ref: str, source: Source) -> str:
        """`ref` with the import's name in place of an XML prefix."""
        prefix, colon, rest = " ".join(ref.split()).partition(":")
        if not colon:
            return prefix
        namespace = source.root.prefixes.get(prefix, "")
        name = next((part.prefix for part in source.imports if part.namespace == namespace), "")
        return f"{name}.{rest}" if name else rest

    def name(self, ref: str, source: Source, at: Element | None = None) -> TypeName | None:
        """A `typeRef` as FEEL writes it; None when it asks for nothing."""
        type = self.type(ref, source, at)
        return None if type.kind is Kind.ANY and type.allowed is None else TypeName(self.full_name(ref, source))

    def given(self, ref: str, source: Source, at: Element | None = None) -> Type:
        """As `result`, the type itself."""
        type = self.type(ref, source, at)
        return type.item or ANY if type.kind is Kind.FUNCTION else type

    def result(self, ref: str, source: Source, at: Element | None = None) -> TypeName | None:
        """The type of what a function gives, from the type of its variable: that of a function, or its result's."""
        type = self.type(ref, source, at)
        if type.kind is not Kind.FUNCTION:
            return self.name(ref, source, at)
        for name, of in self._places(self._unprefixed(ref, source), source):
            if (element := self._path(name, of)) is not None and (function := element.first("functionItem")):
                return self.name(function.get("outputTypeRef"), of, function)
        return None

    def _defined(self, element: Element, source: Source, full: str = "") -> Type:
        full = full or source.qualified(name_of(element))
        if full in self.types:
            return self.types[full]
        if full in self._open:
            return ANY  # it contains itself: any depth of it is allowed
        if len(self._open) >= LIMITS.type_levels:
            self.issues.append(Issue(f"types refer to types more than {LIMITS.type_levels} deep", "", element.span))
            return ANY
        self._open.add(full)
        type = self._read(element, source)
        self._open.discard(full)
        self.types[full] = type
        return type

    def _read(self, element: Element, source: Source) -> Type:
        type = self.restricted(self._base(element, source), element.first("allowedValues"))
        if element.get("isCollection") == "true":
            type = list_of(type)
        return self.restricted(type, element.first("typeConstraint"))

    def _base(self, element: Element, source: Source) -> Type:
        if (function := element.first("functionItem")) is not None:
            parameters = tuple(self.type(p.get("typeRef"), source, p) for p in function.all("parameters"))
            return Type(Kind.FUNCTION, item=self.type(function.get("outputTypeRef"), source), parameters=parameters)
        components = {name_of(part): self._read(part, source) for part in element.all("itemComponent")}
        if components:
            return context_of(components)
        ref = element.first("typeRef")
        return self.type(ref.text.strip() if ref is not None else element.get("typeRef"), source, ref or element)

    def restricted(self, type: Type, constraint: Element | None) -> Type:
        """The type with the tests of `constraint` added to those it has."""
        test = self.tests(constraint)
        if test is None:
            return type
        allows, listed = test_of(untyped(test)), literals(test) or type.listed
        if (before := type.allowed) is None:
            return replace(type, allowed=allows, listed=listed)
        return replace(type, allowed=lambda value: before(value) is True and allows(value), listed=listed)

    def unnamed(self, type: Type) -> TypeName:
        """A name, which no text can say, for a type that has none of its own."""
        name = f"#type {len(self.types) + 1}"
        self.types[name] = type
        return TypeName(name)

    def tests(self, constraint: Element | None) -> Expr | None:
        """The unary tests that an element holds as text; None, and an issue, when they cannot be read."""
        text = constraint.first("text") if constraint is not None else None
        if text is None or not text.text.strip():
            return None
        try:
            return parse.unary_tests(text.text, text.text_span, (), self.fields, lenient=True)
        except PolicyError as error:
            self.issues.extend(error.issues)
            return None


def literals(test: Expr | None) -> tuple[Value, ...]:
    """The values that a test lists, in its order; none when it asks anything else."""
    parts = test.operands if isinstance(test, Logic) and test.op == "or" else (test,)
    values: list[Value] = []
    for part in parts:
        if (
            not isinstance(part, Matches)
            or not isinstance(part.value, Input)
            or not isinstance(part.candidate, Literal)
        ):
            return ()
        values.append(part.candidate.value)
    return tuple(values)
