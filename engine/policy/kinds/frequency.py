"""How often an intervention may be done: `limits`, as the first rules of its tables.

They read facts that the vocabulary must have, called after the decision that is counted, here `offer`:

`cooldown: 30 days`                   `last_offer_on`: a date, or null for never
`at most: 3 per 90 days`              `offers_last_90_days`: a number
`at most: 6 per calendar year`        `offers_this_calendar_year`: a number
`at most: 1 per 30 days and channel`  `offers_last_30_days_by_channel`: contexts with `channel` and `offers`

What stands behind `and` is an output of the decision, or a fact.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ordain.engine.errors import Span, did_you_mean
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Call,
    Comparison,
    Each,
    Expr,
    For,
    If,
    Literal,
    Logic,
    Name,
    Path,
    call,
    changed,
)
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.draft import Draft
from ordain.engine.policy.model import Rule, Table
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema
from ordain.engine.values.types import DURATION, NULL, NUMBER, Kind, Type

OVERALL = "intervention"
"""What is counted by limits over several decisions."""
_COOLDOWN = r"^([0-9]{1,4}) days$"
_AT_MOST = (
    r"^([0-9]{1,4}) per (?:([0-9]{1,4}) days|calendar (week|month|quarter|year))(?: and ([A-Za-z_][A-Za-z0-9_]*))?$"
)
_ONE: Schema = {
    "type": "string",
    "pattern": _AT_MOST,
    "description": "for example: 3 per 90 days, 6 per calendar year, 1 per 30 days and channel",
}
LIMITS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "cooldown": {"type": "string", "pattern": _COOLDOWN, "description": "for example: 30 days"},
        "at most": {
            "anyOf": [_ONE, {"type": "array", "minItems": 1, "items": _ONE}],
            "description": "for example: 3 per 90 days, or several: [3 per 90 days, 6 per calendar year]",
        },
    },
    "description": "how often at most",
}
COOLDOWN, AT_MOST = "cooldown", "at most"
_COUNTED = "one that was counted"
"""A variable that no policy can have."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Whose limits are made into rules: those of `table`, which counts what is called `noun`.

    `before` tells of the decisions that count at once, whether each is doing something; `prefix` begins the ids.
    """

    draft: Draft
    table: Table
    noun: str
    prefix: str = ""
    before: tuple[Expr, ...] = ()

    def first_rules(self, limits: Node) -> list[Rule]:
        """The rules that ask about facts alone, and so stand before all others."""
        rules = [self._cooldown(limits["cooldown"])] if limits.get("cooldown") is not None else []
        rules += [self._at_most(limit, limits["at most"]) for limit in _several(limits) if not self._output(limit)]
        return [rule for rule in rules if rule is not None]

    def rules_before(self, rule: Rule, limits: Node) -> list[Rule]:
        """The rules that ask how often it was what this rule gives, such as its channel."""
        if gives_same(rule.gives, self.table.otherwise):
            return []
        rules = []
        for limit in _several(limits):
            if (output := self._output(limit)) is None:
                continue
            match = _parts(limit)
            given = rule.gives[[each.name for each in self.table.outputs].index(output)]
            reached = self._reached(limit, match, given.tree)
            asked = reached if rule.condition is None or reached is None else _both(rule.condition.tree, reached)
            identity = f"{self.prefix}at-most-{_slug(limit.text)}-{rule.id}"
            rules.append(self._rule(identity, asked, _because(limit), limit, rule.cells))
        return [each for each in rules if each is not None]

    def _cooldown(self, node: Node) -> Rule | None:
        match = re.match(_COOLDOWN, node.text)
        fact, span = f"last_{self.noun}_on", node.span
        if match is None or not self._known(fact, span):
            return None
        last = Name(span, fact)
        known = Comparison(span, "!=", last, Literal(span, None, type=NULL))
        free = Arithmetic(span, "+", last, Literal(span, dt.timedelta(days=int(match[1])), type=DURATION))
        recent: Expr = Logic(span, "and", (known, Comparison(span, "<", call(span, "today"), free)))
        if self.before:
            recent = Logic(span, "or", (*self.before, recent))
        because = f"The last one was less than {int(match[1])} days ago."
        return self._rule(f"{self.prefix}cooldown", recent, because, node, key=COOLDOWN)

    def _at_most(self, limit: Node, written: Node) -> Rule | None:
        match = _parts(limit)
        by = None
        if match[4] is not None:
            if match[4] not in self.draft.vocabulary:
                known = [output.name for output in self.table.outputs if output.name]
                hint = did_you_mean(match[4], [*known, *self.draft.vocabulary])
                message = f"`{match[4]}` is no output of `{self.table.name}` and no fact"
                self.draft.fault(limit.span, message, hint, code="unknown-name")
                return None
            by = Name(limit.span, match[4])
        reached = self._reached(limit, match, by)
        if isinstance(written.value, list) or match[2] is None or by is not None:
            return self._rule(f"{self.prefix}at-most-{_slug(limit.text)}", reached, _because(limit), limit)
        because = f"There were {match[1]} in the last {match[2]} days already."
        return self._rule(f"{self.prefix}at-most", reached, because, limit)

    def _output(self, limit: Node) -> str | None:
        """The output of the table that a limit is counted by, if it is."""
        name = _parts(limit)[4]
        return name if name is not None and any(output.name == name for output in self.table.outputs) else None

    def _reached(self, limit: Node, match: re.Match[str], by: Expr | None) -> Expr | None:
        """Whether there were as many already; `by` is what is counted by."""
        span, many = limit.span, f"{self.noun}s"
        period = f"last_{match[2]}_days" if match[2] is not None else f"this_calendar_{match[3]}"
        fact = f"{many}_{period}" if by is None else f"{many}_{period}_by_{match[4]}"
        if not self._known(fact, span):
            return None
        count: Expr = Name(span, fact)
        zero = Literal(span, Decimal(0), type=NUMBER)
        if by is not None:
            if not self._is_counted_by(fact, match[4], many, span):
                return None
            one = Name(span, _COUNTED)
            is_that = Comparison(span, "=", Path(span, one, match[4]), by)
            here = If(span, is_that, Path(span, one, many), zero)
            count = call(span, "sum", For(span, (Each(span, _COUNTED, count),), here))
        for acts in self.before:
            now = If(span, acts, Literal(span, Decimal(1), type=NUMBER), zero)
            count = Arithmetic(span, "+", count, now)
        return Comparison(span, ">=", count, Literal(span, Decimal(match[1]), type=NUMBER))

    def _is_counted_by(self, fact: str, by: str, many: str, span: Span) -> bool:
        of = self.draft.vocabulary[fact].type
        item = of.item if of.kind is Kind.LIST and of.item is not None else Type(Kind.ANY)
        if item.fields.keys() == {by, many} and item.fields[many].kind is Kind.NUMBER:
            return True
        message = f"this limit needs `{fact}` as a list with `{by}` and `{many}`, and it is a {of}"
        hint = f"declare it as `type: list of context, fields: {{{by}: text, {many}: number}}`"
        self.draft.fault(span, message, hint, code="limits")
        return False

    def _known(self, fact: str, span: Span) -> bool:
        if fact in self.draft.vocabulary:
            return True
        message = f"this limit reads the fact `{fact}`, which the vocabulary does not have"
        self.draft.fault(span, message, "declare it", code="unknown-name")
        return False

    def _rule(
        self,
        name: str,
        condition: Expr | None,
        because: str,
        limit: Node,
        cells: tuple[Checked | None, ...] | None = None,
        key: str = AT_MOST,
    ) -> Rule | None:
        checked = self.draft.checked(condition)
        if checked is None or self.table.otherwise is None:
            return None
        asked = (None,) * len(self.table.columns) if cells is None else cells
        derived, written = cells is not None, f"{key}: {limit.text}"
        return Rule(name, asked, checked, self.table.otherwise, because, limit.span, derived=derived, limit=written)


def acts(table: Table, span: Span) -> Expr | None:
    """Whether a decision gives anything else than its `otherwise`; None where it has none."""
    if table.otherwise is None:
        return None
    differs: list[Expr] = []
    for output, otherwise in zip(table.outputs, table.otherwise, strict=True):
        given: Expr = Name(span, table.name)
        given = Path(span, given, output.name) if output.name else given
        differs.append(Comparison(span, "!=", given, otherwise.tree))
    return differs[0] if len(differs) == 1 else Logic(span, "or", tuple(differs))


def said(tree: Expr) -> str:
    """An expression for people: what a limit counts by an output or a fact is `offers_last_30_days_by_channel of phone`
    in the place of the sum that nobody wrote."""
    return printed(changed(tree, _count_said))


def _count_said(part: Expr) -> Expr:
    match part:
        case Call(arguments=(For(iterators=(Each(name=name, over=over),), body=If(condition=Comparison(right=by))),)):
            if name == _COUNTED:
                text = by.value if isinstance(by, Literal) and isinstance(by.value, str) else printed(by)
                return Name(part.span, f"{printed(over)} of {text}", type=part.type)
    return part


def with_limits(table: Table, counted: Sequence[tuple[Counting, Node]]) -> Table:
    """The table with the rules of all these limits before its own."""
    rules = [rule for counting, limits in counted for rule in counting.first_rules(limits)]
    for rule in table.rules:
        for counting, limits in counted:
            rules += counting.rules_before(rule, limits)
        rules.append(rule)
    return replace(table, rules=tuple(rules))


def _several(limits: Node) -> tuple[Node, ...]:
    most = limits.get("at most")
    return most.nodes() if most is not None else ()


def _parts(limit: Node) -> re.Match[str]:
    match = re.match(_AT_MOST, limit.text)
    if match is None:
        raise AssertionError("its pattern was checked when the file was read")
    return match


def _because(limit: Node) -> str:
    return f"The limit of {limit.text} is reached."


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def _both(one: Expr, other: Expr) -> Expr:
    return Logic(other.span, "and", (one, other))


def gives_same(gives: tuple[Checked, ...], otherwise: tuple[Checked, ...] | None) -> bool:
    """Whether a rule gives what `otherwise` does, as far as both are written out."""
    return otherwise is not None and all(
        isinstance(one.tree, Literal) and isinstance(other.tree, Literal) and one.tree.value == other.tree.value
        for one, other in zip(gives, otherwise, strict=True)
    )
