"""The decisions of the policy as they are found, each checked as it will be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ordain.engine.dmn.converting.yaml_tables import NotWritable, short, table_section, type_section
from ordain.engine.errors import PolicyError
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Call,
    Comparison,
    ContextOf,
    Expr,
    Filter,
    For,
    Function,
    If,
    In,
    ListOf,
    Literal,
    Logic,
    Matches,
    Name,
    Negate,
    Path,
    Quantified,
    Range,
    walk,
)
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.values import Unsayable
from ordain.engine.jdm.policy_names import Names
from ordain.engine.policy.model import Table
from ordain.engine.values.types import Kind

_HARMLESS = (Literal, Name, Path, Comparison, Logic, If, In, Matches, Range, ListOf, ContextOf, Negate, For, Quantified)
_NEVER_FAIL = frozenset(
    {
        *(
            "not",
            "contains",
            "starts with",
            "ends with",
            "upper case",
            "lower case",
            "string length",
            "string",
            "count",
        ),
        *("sum", "abs", "floor", "ceiling", "round half up", "round down", "list contains", "flatten", "sublist"),
    }
)


@dataclass(slots=True)
class Writing:
    """`decides` is the section of that name; what is added to it can be read by what follows."""

    scope: Scope
    names: Names
    decides: dict[str, Any] = field(default_factory=dict)

    def formula(self, tree: Expr, *wishes: str) -> Name:
        """A decision by a formula, and its name. Raises Unsayable where none can give this."""
        try:
            given = self.scope.checked(tree).type
            if given.kind is Kind.CONTEXT or (given.item is not None and given.item.kind in (Kind.CONTEXT, Kind.LIST)):
                raise Unsayable(f"no formula of a policy gives a {given}")
            section = short(type_section(given, optional=given.optional))
        except PolicyError as error:
            issue = error.issues[0]
            raise Unsayable(f"{issue.message} ({issue.hint})" if issue.hint else issue.message) from None
        except NotWritable as error:
            raise Unsayable(str(error)) from None
        name = self.names.new(*wishes)
        self.decides[name] = {"gives": section, "formula": printed(tree)}
        self.scope.add(name, given)
        return Name(tree.span, name)

    def readable(self, tree: Expr) -> None:
        """Raises Unsayable for an expression that a policy would refuse, though no decision is made of it."""
        try:
            self.scope.checked(tree)
        except PolicyError as error:
            raise Unsayable(error.issues[0].message) from None

    def table(self, table: Table) -> Name:
        """A decision by a table, under the table's name. Raises Unsayable."""
        try:
            section, type = table_section(table, lambda tree: tree, self.scope.checked)
        except PolicyError as error:
            raise Unsayable(error.issues[0].message) from None
        except NotWritable as error:
            raise Unsayable(str(error)) from None
        self.decides[table.name] = section
        self.scope.add(table.name, type)
        return Name(table.span, table.name)

    def is_harmless(self, tree: Expr) -> bool:
        """Whether the tree has a value in every case, so that it may be decided where nobody asks for it."""
        return not self.scope.needs(tree) and all(map(_is_harmless, walk(tree)))


def _is_harmless(node: Expr) -> bool:
    match node:
        case Arithmetic(op="/", right=right):
            return isinstance(right, Literal) and bool(right.value)
        case Arithmetic(op=op):
            return op != "**"
        case Call():
            return node.called in _NEVER_FAIL
        case Filter(condition=condition):
            return not isinstance(condition, Literal | Name | Arithmetic)
        case Function():
            return False
        case _:
            return True


def is_plain(tree: Expr) -> bool:
    """Whether a tree only names something, so that no decision of its own is needed for it."""
    return isinstance(tree, Name | Literal) or (isinstance(tree, Path) and is_plain(tree.base))
