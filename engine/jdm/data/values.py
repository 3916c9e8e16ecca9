"""What a name of the graph stands for while it is followed: expressions of the policy, by the keys of the data.

Nothing is calculated here. A key that several nodes may fill becomes one expression that says which of them counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ordain.engine.errors import Span
from ordain.engine.feel.syntax.tree import Comparison, ContextOf, Entry, Expr, If, Literal, Path
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.ways import ALWAYS, Guard, Guards, both, implies
from ordain.engine.jdm.policy_names import snake
from ordain.engine.values.types import NULL, Kind


class Unsayable(ValueError):
    """A policy has no words for it; the message says for what. Caught by who knows the place."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One expression. Outside `when` it is null anyway."""

    tree: Expr
    when: Guard = ALWAYS


@dataclass(frozen=True, slots=True)
class Open:
    """All that the graph is given, of which any key may be read. `behind` is the node that nobody could read, if the
    data comes through one."""

    behind: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """What stands under a key, `when` it is there. `falls`: where it is null, what stood there before counts."""

    value: Value
    when: Guard = ALWAYS
    falls: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Data by key; a key that is not there is looked up in `base`."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    base: Leaf | Open | None = None


Value = Leaf | Record
Facts = Callable[[str, Open], Leaf]


def null(span: Span) -> Literal:
    return Literal(span, None, type=NULL)


def is_null(tree: Expr) -> bool:
    return isinstance(tree, Literal) and tree.value is None


@dataclass(slots=True)
class Data:
    """What is done with values. `fact` gives a key of the graph's input; `inputs` are those it is known to have."""

    scope: Scope
    guards: Guards
    fact: Facts
    inputs: frozenset[str]
    span: Span

    def get(self, value: Value | None, key: str) -> Value | None:
        """What stands under a key; None when nothing can."""
        match value:
            case None:
                return None
            case Leaf(tree=tree):
                type = self.scope.type_of(tree)
                if type.kind is Kind.LIST and type.item is not None:
                    raise Unsayable(f"`{key}` is asked of a list")
                return Leaf(Path(tree.span, tree, snake(key))) if snake(key) in type.fields else None
            case Record(fields=fields, base=base):
                found = fields.get(key)
                if found is not None and found.when == ALWAYS and not found.falls:
                    return found.value
                if isinstance(base, Open):  # nobody sends what a node gives, but for what a test or a schema has
                    before: Value | None = self.fact(key, base) if found is None or key in self.inputs else None
                else:
                    before = self.get(base, key)
                return before if found is None else self.chosen(found, before)

    def under(self, value: Value | None, path: str) -> Value | None:
        """What stands at a path of keys with dots."""
        for key in path.split("."):
            value = self.get(value, key)
        return value

    def chosen(self, new: Field, before: Value | None) -> Value:
        """What counts of a new value and the one before."""
        if isinstance(new.value, Record):
            if new.value.base is not None or new.when == ALWAYS:
                base = new.value.base
            else:
                base = before if isinstance(before, Leaf) else None
            record = Record(
                {key: replace(part, when=both(part.when, new.when)) for key, part in new.value.fields.items()}, base
            )
            return self.merged(before, record) if isinstance(before, Record) else record
        if before is None:
            if new.when in (ALWAYS, new.value.when):
                return new.value
            return Leaf(If(self.span, self.guards.tree(new.when, self.span), new.value.tree, null(self.span)), new.when)
        tree, old = new.value.tree, self.tree(before)
        if new.falls:
            return Leaf(If(self.span, Comparison(self.span, "!=", tree, null(self.span)), tree, old))
        if new.when == ALWAYS:
            return new.value
        return Leaf(If(self.span, self.guards.tree(new.when, self.span), tree, old))

    def merged(self, before: Value | None, new: Value, when: Guard = ALWAYS) -> Value:
        """Both, deeply; where both have a key the new one counts, if its guard `when` holds."""
        if not isinstance(new, Record):
            return new if when == ALWAYS else self.chosen(Field(new, when), before)
        if not isinstance(before, Record):
            base = (
                before
                if new.base is None and isinstance(before, Leaf) and self.scope.type_of(before.tree).fields
                else new.base
            )
            return Record(new.fields, base)
        fields = dict(before.fields)
        if isinstance(new.base, Open):
            for key in before.fields:
                if key in self.inputs and key not in new.fields:  # what the other one has replaced is passed on here
                    fields[key] = self._over(fields[key], Field(self.fact(key, new.base), when))
        for key, part in new.fields.items():
            fields[key] = self._over(fields.get(key), part)
        return Record(fields, new.base if new.base is not None else before.base)

    def _over(self, old: Field | None, new: Field) -> Field:
        if old is None:
            return new
        when = self.guards.either(old.when, new.when)
        if old.value == new.value:
            return Field(new.value, when, old.falls and new.falls)
        if isinstance(new.value, Record) and isinstance(old.value, Record):
            one = {key: replace(part, when=both(part.when, new.when)) for key, part in new.value.fields.items()}
            other = {key: replace(part, when=both(part.when, old.when)) for key, part in old.value.fields.items()}
            return Field(self.merged(replace(old.value, fields=other), replace(new.value, fields=one)), when)
        if new.when == ALWAYS and not new.falls:
            return new
        if implies(when, new.when) and not new.falls:
            return Field(new.value, when)
        before = self._whenever(old)
        tree = new.value.tree if isinstance(new.value, Leaf) else self.tree(new.value)
        if new.falls:
            chosen: Expr = If(self.span, Comparison(self.span, "!=", tree, null(self.span)), tree, before)
        else:
            chosen = If(self.span, self.guards.tree(new.when, self.span), tree, before)
        return Field(Leaf(chosen, when), when, old.falls)

    def _whenever(self, part: Field) -> Expr:
        """The value of a part that is looked at only where the newer one is not there."""
        return self.tree(part.value)

    def assumed(self, value: Value, guard: Guard) -> Value:
        """The value as it is known where the guard holds."""
        if not isinstance(value, Record):
            return value
        fields = {
            key: replace(
                part, value=self.assumed(part.value, guard), when=ALWAYS if implies(guard, part.when) else part.when
            )
            for key, part in value.fields.items()
        }
        return replace(value, fields=fields)

    def only_when(self, value: Value, guard: Guard) -> Value:
        """The value as others see it, who do not know that the guard holds."""
        if guard == ALWAYS or not isinstance(value, Record):
            return value
        fields = {key: replace(part, when=both(part.when, guard)) for key, part in value.fields.items()}
        return replace(value, fields=fields)

    def at_path(self, path: str, value: Value, *, falls: bool = False) -> Record:
        """A record with the value at a path of keys with dots."""
        first, _, rest = path.partition(".")
        return Record(
            {first: Field(self.at_path(rest, value, falls=falls) if rest else value, falls=falls and not rest)}
        )

    def tree(self, value: Value | None) -> Expr:
        """The value as one expression. Raises Unsayable where its keys are not all known."""
        match value:
            case None:
                return null(self.span)
            case Leaf(tree=tree):
                return tree
            case Record(base=Open()):
                raise Unsayable("the whole input is a value here")
            case Record(fields=fields, base=base):
                known = self.scope.type_of(base.tree).fields if isinstance(base, Leaf) else {}
                parts = {name: Path(self.span, base.tree, name) for name in known} if isinstance(base, Leaf) else {}
                entries: dict[str, Expr] = dict(parts)
                for key in fields:
                    entries[snake(key)] = self.tree(self.get(value, key))
                return ContextOf(self.span, tuple(Entry(self.span, name, part) for name, part in entries.items()))
