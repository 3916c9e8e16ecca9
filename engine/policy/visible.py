"""What an expression of a policy may read: types by name, and the names as the parser asks for them, kept until one is
added. A vocabulary of hundreds of facts is the same for every expression of every policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ordain.engine.values.types import Type


class Visible(dict[str, Type]):
    """The types of all that the next expression may read, by name. It grows by `visible[name] = type` alone."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        super().__init__(types)
        of = types if isinstance(types, Visible) else None
        self._names: frozenset[str] | None = of.names if of is not None else None
        self._fields: frozenset[str] | None = of.fields if of is not None else None
        self._beside: dict[tuple[str, ...], frozenset[str]] = {}

    def __setitem__(self, name: str, type: Type) -> None:
        before = self.get(name)
        super().__setitem__(name, type)
        if before is None:
            self._names, self._beside = None, {}
        if type is not before and any(of is not None and (of.fields or of.item) for of in (before, type)):
            self._fields = None

    @property
    def names(self) -> frozenset[str]:
        """All names."""
        if self._names is None:
            self._names = frozenset(self)
        return self._names

    @property
    def fields(self) -> frozenset[str]:
        """The names of all fields of contexts, which the parser must know when they are several words."""
        if self._fields is None:
            self._fields = frozenset(name for of in self.values() for name in field_names(of))
        return self._fields

    def names_beside(self, values: tuple[str, ...]) -> frozenset[str]:
        """All names, and the declared values of a column, which may be written as bare words in its cells."""
        if not values:
            return self.names
        found = self._beside.get(values)
        if found is None:
            found = self._beside[values] = self.names.union(values)
        return found


def field_names(of: Type) -> Iterator[str]:
    """The names of all fields of a type, and of theirs."""
    for name, part in of.fields.items():
        yield name
        yield from field_names(part)
    if of.item is not None:
        yield from field_names(of.item)
