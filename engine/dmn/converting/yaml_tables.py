"""Decision tables and types as the sections of a YAML policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.syntax.printer import cell_text, printed
from ordain.engine.feel.syntax.tree import Expr, In, Literal, Logic
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.model import HitPolicy, Output, Rule, Table
from ordain.engine.policy.templates import has_braces, without_braces
from ordain.engine.values.types import ANY, Kind, Type, Value

Checker = Callable[[Expr, Type | None], Checked]
_BARE = re.compile(r"true|false|\d+(\.\d+)?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,30}")


class NotWritable(ValueError):
    """A policy has no words for it; the message says for what. Caught by the conversion."""


class Bare(str):
    """A number or flag, which YAML has without quotes."""


def short(section: dict[str, Any]) -> Any:
    """A type's name alone, where its section says nothing else."""
    return section["type"] if section.keys() == {"type"} else section


def type_section(
    type: Type, values: Sequence[Value] = (), *, fields: bool = False, optional: bool = False
) -> dict[str, Any]:
    """A type as `gives` and facts write it; `fields`: whether contexts can be written there. Raises NotWritable."""
    section: dict[str, Any] = {}
    of = type.item if type.kind is Kind.LIST and type.item is not None else type
    if of.kind is Kind.CONTEXT and fields and of.fields:
        written = "context" if of is type else "list of context"
        section = {
            "type": written,
            "fields": {
                name: short(type_section(part, part.values, fields=True, optional=part.optional))
                for name, part in of.fields.items()
            },
        }
    else:
        section = {"type": _plain(type)}
    if values and type.kind is Kind.TEXT and all(isinstance(value, str) for value in values):
        section["values"] = list(dict.fromkeys(values))
    if optional:
        section["optional"] = True
    return section


def _plain(type: Type) -> str:
    if type.kind is Kind.LIST:
        return f"list of {_plain(type.item or ANY)}"
    if type.kind in (Kind.CONTEXT, Kind.RANGE, Kind.FUNCTION, Kind.ANY, Kind.NULL):
        raise NotWritable(f"a policy cannot declare the type {type}")
    return str(type.kind)


def table_section(table: Table, strict: Callable[[Expr], Expr], check: Checker) -> tuple[dict[str, Any], Type]:
    """A table's section, and the type of what it gives. Raises NotWritable, PolicyError."""
    outputs = tuple(_output(table, position, strict, check) for position in range(len(table.outputs)))
    section: dict[str, Any] = {"gives": _gives(outputs)}
    if table.hit_policy is not HitPolicy.UNIQUE:
        section["hit policy"] = str(table.hit_policy)
    if table.aggregation:
        section["aggregation"] = table.aggregation
    if not table.rules:
        raise NotWritable("it has no rules")
    ids: set[str] = set()
    section["rules"] = [_rule(table, rule, outputs, strict, check, ids) for rule in table.rules]
    if table.otherwise is not None:
        section["otherwise"] = _row(outputs, [strict(part.tree) for part in table.otherwise])
    return section, replace(table, outputs=outputs).type


def _output(table: Table, position: int, strict: Callable[[Expr], Expr], check: Checker) -> Output:
    """An output with a declared type: its own, or that of the values which the rules give."""
    output = table.outputs[position]
    rows = [rule.gives for rule in table.rules] + ([table.otherwise] if table.otherwise is not None else [])
    types = [check(strict(row[position].tree), None).type for row in rows]
    known = next((type for type in types if type.kind is not Kind.NULL), ANY)
    type = output.type if output.type.kind is not Kind.ANY else known
    if output.name and not is_name(output.name):
        raise NotWritable(f"the output `{output.name}` has a name that a policy cannot have")
    if (odd := next((one for one in types if one.kind is not Kind.NULL and not type.accepts(one)), None)) is not None:
        raise NotWritable(f"a rule gives a {odd}, but a {type} is declared")
    optional = any(one.kind is Kind.NULL or one.optional for one in types)
    values: tuple[str, ...] = ()
    if output.order:
        if not all(isinstance(value, str) for value in output.order):
            raise NotWritable("only texts have an order of their own in a policy")
        values = tuple(dict.fromkeys(output.order))
    return Output(output.name, replace(type, optional=optional, values=values))


def _gives(outputs: tuple[Output, ...]) -> Any:
    sections = {
        output.name: short(type_section(output.type, output.type.values, optional=output.type.optional))
        for output in outputs
    }
    return sections if outputs[0].name else sections[""]


def _rule(
    table: Table,
    rule: Rule,
    outputs: tuple[Output, ...],
    strict: Callable[[Expr], Expr],
    check: Checker,
    ids: set[str],
) -> dict[str, Any]:
    number = table.rules.index(rule) + 1
    identity = rule.id if _ID.fullmatch(rule.id) and rule.id not in ids else f"row-{number}"
    ids.add(identity)
    section: dict[str, Any] = {"id": identity}
    when: dict[str, str] = {}
    further: list[Expr] = [strict(rule.condition.tree)] if rule.condition is not None else []
    for column, cell in zip(table.columns, rule.cells, strict=True):
        if cell is None:
            continue
        asked, test = strict(column.expression.tree), strict(cell.tree)
        check(test, check(asked, None).type)
        heading = printed(asked)
        if heading in when:  # two columns ask about one thing: a mapping has no place for the second
            further.append(In(rule.span, asked, (test,)))
        else:
            when[heading] = cell_text(test)
    if when:
        section["when"] = when
    if further:
        section["if"] = printed(further[0] if len(further) == 1 else Logic(rule.span, "and", tuple(further)))
    section["then"] = _row(outputs, [strict(part.tree) for part in rule.gives])
    if rule.because:
        section["because"] = without_braces(rule.because)
    return section


def _row(outputs: tuple[Output, ...], trees: Sequence[Expr]) -> Any:
    cells = {output.name: _cell(output, tree) for output, tree in zip(outputs, trees, strict=True)}
    return cells if outputs[0].name else cells[""]


def _cell(output: Output, tree: Expr) -> str | None:
    """An output as a cell writes it: text as it is, unless it would be taken for something else."""
    if isinstance(tree, Literal):
        if tree.value is None:
            return None
        if isinstance(tree.value, str):
            text = tree.value
            as_written = text and text == text.strip() and text[0] not in '="' and "\n" not in text
            as_written = as_written and not has_braces(text)
            return text if as_written else printed(tree)
        if _BARE.fullmatch(printed(tree)):
            return Bare(printed(tree))
    return f"= {printed(tree)}" if output.type.kind is Kind.TEXT else printed(tree)
