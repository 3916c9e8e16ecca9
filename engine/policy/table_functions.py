"""A table under `functions`: a decision table with parameters, which any formula may call, for each item of a list too.

It is lowered as a `.dmn` file's business knowledge model with a table is: to a function whose body calls the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ordain.engine.feel.syntax.tree import Call, Expr, Function, Name, Parameter
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.kinds.table_section import TABLE, TYPE, read_table
from ordain.engine.policy.model import Formula, Table, TableFunction
from ordain.engine.policy.visible import Visible
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema, key_span
from ordain.engine.values.types import Kind, Type

TAKES: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": TYPE,
    "description": "what it is called with, in this order: names and their types",
}
FUNCTION_TABLE: Schema = {
    **TABLE,
    "required": ["takes", *TABLE["required"]],
    "properties": {"takes": TAKES, **TABLE["properties"]},
}


def table_function(draft: Draft, name: str, node: Node) -> None:
    """Adds the function `name` that a table says.

    Inside of it a parameter hides whatever else has its name; facts, constants and earlier functions may be read too.
    Raises nothing: findings go to `draft.issues`, and a table with one is added as broken.
    """
    takes: dict[str, Type] = {}
    for parameter, part in node["takes"].items():
        draft.name(parameter, node["takes"].keys[parameter])
        takes[parameter] = draft.type(part)
    scope = Visible(draft.scope)
    for parameter, type in takes.items():
        scope[parameter] = type
    with draft.reading(scope, frozenset(takes)):
        table = read_table(draft, name, node)
    if table is None:
        draft.broken(name)
        return
    called = f"#{name}"  # no text can say it
    reads = tuple(dict.fromkeys(read for part in _expressions(table) for read in part.reads))
    draft.functions.append(TableFunction(called, tuple(takes), table, takes, reads))
    span = key_span(node, "takes")
    draft.add(
        Formula(name, Checked(_calling(called, table, takes), reads=reads), _type(table, takes), span), given=False
    )


def _calling(called: str, table: Table, takes: Mapping[str, Type]) -> Expr:
    """`function(a, b) table(a, b)`."""
    span, type = table.span, _type(table, takes)
    given = tuple(Name(span, name, type=of) for name, of in takes.items())
    body = Call(span, Name(span, called, type=type), given, type=table.type)
    return Function(span, tuple(Parameter(span, name, None, type=of) for name, of in takes.items()), body, type=type)


def _type(table: Table, takes: Mapping[str, Type]) -> Type:
    return Type(Kind.FUNCTION, parameters=tuple(takes.values()), item=table.type, fields=takes)


def _expressions(table: Table) -> Iterator[Checked]:
    for column in table.columns:
        yield column.expression
    for rule in table.rules:
        yield from (part for part in (*rule.cells, rule.condition, *rule.gives, rule.told) if part is not None)
    yield from table.otherwise or ()
