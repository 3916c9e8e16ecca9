"""Decision tables of a `.dmn` file (DMN 1.5, chapter 8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordain.engine.dmn.reading.boxed import Boxed, converted, null, refuse_other_languages
from ordain.engine.dmn.reading.files import name_of
from ordain.engine.dmn.reading.variable_names import settled
from ordain.engine.dmn.reading.xml import Element
from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.tree import Call, Expr, Name, names
from ordain.engine.feel.typing.checker import Checked, untyped
from ordain.engine.policy.model import Column, Decision, HitPolicy, Output, Rule, Table, TableFunction
from ordain.engine.values.types import ANY, Kind, Type, list_of

_LETTERS = {policy.name[0]: policy for policy in HitPolicy if policy.name != "OUTPUT_ORDER"}
_AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")


def read_table(boxed: Boxed, element: Element, name: str, into: Type = ANY) -> Table:
    """The table `name`, whose value is converted to `into`. Raises PolicyError."""
    columns = tuple(_column(boxed, part) for part in element.all("input"))
    parts = list(element.all("output"))
    hit_policy, aggregation = _hit_policy(element)
    row = _row_type(boxed, element, hit_policy)
    outputs = tuple(_output(boxed, part, row, single=len(parts) == 1) for part in parts)
    if not outputs:
        raise PolicyError(Issue("this decision table has no output", "", element.span))
    rules = tuple(
        _rule(boxed, part, number, len(columns), len(outputs)) for number, part in enumerate(element.all("rule"), 1)
    )
    if into == ANY and into.allowed is None:
        into = boxed.into.items.type(element.get("typeRef"), boxed.source, element)
        if hit_policy.gives_list and not aggregation and into.kind not in (Kind.ANY, Kind.LIST):
            into = list_of(into)  # it is the type of one row
    return Table(name, columns, outputs, hit_policy, rules, element.span, _otherwise(boxed, parts), aggregation, into)


def lifted(boxed: Boxed, element: Element) -> Expr:
    """A table inside an expression: a function of its own, called with all that the table reads."""
    name = f"#table {len(boxed.into.functions) + 1} of {boxed.owner}"
    table = read_table(boxed, element, name)
    visible = set(boxed.scope.visible.values())
    reads = tuple(name for name in dict.fromkeys(names_read(table)) if name in visible)
    boxed.into.functions.append(TableFunction(name, reads, table))
    return Call(element.span, Name(element.span, name), tuple(Name(element.span, part) for part in reads))


def expressions(table: Table) -> Iterator[Checked]:
    """Every expression of a table: columns, cells, outputs."""
    for column in table.columns:
        yield column.expression
    for rule in table.rules:
        yield from (cell for cell in rule.cells if cell is not None)
        yield from rule.gives
    yield from table.otherwise or ()


def names_read(decision: Decision) -> Iterator[str]:
    """The names that a table or formula reads, as often as it reads them."""
    for checked in parts(decision):
        yield from names(checked.tree)


def parts(decision: Decision) -> Iterator[Checked]:
    """Every expression of a decision."""
    if isinstance(decision, Table):
        yield from expressions(decision)
    else:
        yield decision.expression


def _hit_policy(element: Element) -> tuple[HitPolicy, str]:
    written, aggregation = element.get("hitPolicy") or "UNIQUE", element.get("aggregation")
    hit_policy = _LETTERS.get(written)
    if hit_policy is None:
        known = {policy.value.upper(): policy for policy in HitPolicy}
        hit_policy = known.get(written.replace("_", " "))
        if hit_policy is None:
            raise PolicyError(Issue(f"`{written}` is no hit policy", did_you_mean(written, known), element.span))
    if aggregation and aggregation not in _AGGREGATIONS:
        raise PolicyError(
            Issue(f"`{aggregation}` is no aggregation", did_you_mean(aggregation, _AGGREGATIONS), element.span)
        )
    return hit_policy, aggregation.lower() if hit_policy is HitPolicy.COLLECT else ""


def _row_type(boxed: Boxed, element: Element, hit_policy: HitPolicy) -> Type:
    """The type of what one rule gives, as far as the table says it, or what its value becomes."""
    whole = boxed.into.items.type(element.get("typeRef"), boxed.source, element)
    whole = boxed.expected if whole == ANY else whole
    return whole.item or ANY if hit_policy.gives_list and whole.kind is Kind.LIST else whole


def _column(boxed: Boxed, element: Element) -> Column:
    expression = element.first("inputExpression")
    if expression is None:
        fault = PolicyError(Issue("this input has no expression", "", element.span))
        return Column(element.get("label"), untyped(boxed.unreadable(fault, element.span)))
    tree = boxed.text(expression)
    heading = expression.first("text")
    text = element.get("label") or (" ".join(heading.text.split()) if heading is not None else "")
    typed = boxed.typed(tree, expression)
    if (values := boxed.into.items.restricted(ANY, element.first("inputValues"))).allowed is not None:
        typed = converted(typed, boxed.into.items.unnamed(values))
    return Column(text, untyped(typed))


def _output(boxed: Boxed, element: Element, row: Type, *, single: bool) -> Output:
    """An output, whose values are ordered as it lists them, its type, or the type of what the table's value becomes."""
    items, name = boxed.into.items, name_of(element)
    kind = items.restricted(items.type(element.get("typeRef"), boxed.source, element), element.first("outputValues"))
    own = row if single else row.fields.get(name, ANY)
    return Output("" if single else name, kind, kind.listed or own.listed)


def _otherwise(boxed: Boxed, outputs: Sequence[Element]) -> tuple[Checked, ...] | None:
    defaults = [output.first("defaultOutputEntry") for output in outputs]
    if all(default is None for default in defaults):
        return None
    pairs = zip(outputs, defaults, strict=True)
    return tuple(untyped(boxed.text(default) if default is not None else null(of.span)) for of, default in pairs)


def _rule(boxed: Boxed, element: Element, number: int, inputs: int, outputs: int) -> Rule:
    cells = [_cell(boxed, part) for part in element.all("inputEntry")]
    gives = [untyped(boxed.typed(boxed.text(part), part)) for part in element.all("outputEntry")]
    if len(cells) > inputs or len(gives) != outputs:
        message = f"this rule has {len(cells)} inputs and {len(gives)} outputs, the table {inputs} and {outputs}"
        fault = PolicyError(Issue(message, "", element.span))
        if len(cells) > inputs or len(gives) > outputs:
            raise fault
        gives += [untyped(boxed.unreadable(fault, element.span))] * (outputs - len(gives))
    cells += [None] * (inputs - len(cells))
    notes = [part.first("text") for part in element.all("annotationEntry")]
    because = "; ".join(" ".join(note.text.split()) for note in notes if note is not None and note.text.strip())
    if not because and (description := element.first("description")) is not None:
        because = " ".join(description.text.split())
    identity = element.get("id") or f"row {number}"
    return Rule(identity, tuple(cells), None, tuple(gives), because, element.span)


def _cell(boxed: Boxed, element: Element) -> Checked | None:
    try:
        refuse_other_languages(element, boxed.source)
        text = element.first("text")
        if text is None or text.text.strip() in ("", "-"):
            return None
        known, fields, pieces = boxed.scope.known, boxed.into.fields, boxed.into.issues
        tree = parse.unary_tests(text.text, text.text_span, known, fields, lenient=True, pieces=pieces)
    except PolicyError as error:
        return untyped(boxed.unreadable(error, element.span))
    return untyped(settled(tree, boxed.scope)) if tree is not None else None
