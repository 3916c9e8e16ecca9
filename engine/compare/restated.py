"""A policy restated so that every test in it compares a fact, or a computed term, with values that are written out.

A term is a part of an expression that computes with facts, such as `today() < last_offer_on + @"P30D"`. In the restated
policy it stands in for a fact that nobody gives. An output that is computed becomes a marker, the text that computes
it. So the restated policy gives one and the same outcome for all customers whom its tests do not tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ordain.engine.backends.plan import PlannedFormula, PlannedRule, PlannedTable, PolicyPlan, conjuncts
from ordain.engine.backends.settled import bound_names
from ordain.engine.check.tables.axes import Axis, plain_test
from ordain.engine.check.tables.domains import Domain, Domains
from ordain.engine.check.tables.one_name import about_one_name, without_empty
from ordain.engine.errors import Span
from ordain.engine.feel.functions import entry_of
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.feel.syntax.tree import Expr, If, In, Input, Literal, Logic, Name
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.kinds.frequency import said
from ordain.engine.policy.model import Column, Decision, Formula, HitPolicy, Policy, Requirement, Rule, Table
from ordain.engine.tables.cells import asks_null
from ordain.engine.values.types import ANY, FLAG, TEXT, Kind, Type, Value

_MARK = "\0"
_MAY_COMPUTE = (HitPolicy.FIRST, HitPolicy.UNIQUE, HitPolicy.RULE_ORDER, HitPolicy.COLLECT)
"""Hit policies that do not look at the outputs, so that a marker may stand in their place."""
Output = tuple[str, str]
"""A decision, and the output of a table that has several; "" otherwise."""


@dataclass(frozen=True, slots=True)
class Term:
    """A computed part of a policy. `text` is its name in the restated one: no fact is called so."""

    text: str
    expression: Checked


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Something that keeps a policy from being compared exactly: what it is, why, and where it stands."""

    what: str
    why: str
    span: Span


@dataclass(frozen=True, slots=True)
class Restated:
    """`reads_of` has for each marker the outputs of earlier decisions that its text reads. `ignored` are requirements
    that are left out, because they hold computed values against each other."""

    original: Policy
    policy: Policy
    terms: Mapping[str, Term]
    reads_of: Mapping[str, tuple[Output, ...]]
    uncovered: tuple[Uncovered, ...]
    ignored: tuple[Requirement, ...]


def computed_text(value: Value) -> str | None:
    """The text that computes an output, when a value is the marker of one."""
    return value[len(_MARK) :] if isinstance(value, str) and value.startswith(_MARK) else None


def may_be_null(policy: Policy, fact: Fact) -> bool:
    """Whether a policy is decided for who lacks a fact that it reads."""
    if fact.default is not None:
        return False
    may_miss = policy.may_miss and not fact.given_by and not fact.derived
    return fact.nullable or may_miss or fact.name in policy.without


def domain_of(name: str, type: Type, policy: Policy, vocabulary: Vocabulary, *, nullable: bool) -> Domain:
    """The values of a fact, or of a term: those of its type."""
    node: Expr = Name(policy.span, name) if name in vocabulary else Input(policy.span)
    return replace(Domains(policy, vocabulary).of(node, type), nullable=nullable)


def restated(plan: PolicyPlan, vocabulary: Vocabulary) -> Restated:
    """The policy of a plan restated; when `uncovered` is not empty, what is in it cannot be relied upon."""
    return _Restating(plan.policy, plan, vocabulary).run()


@dataclass
class _Restating:
    policy: Policy
    plan: PolicyPlan
    vocabulary: Vocabulary
    terms: dict[str, Term] = field(default_factory=dict)
    reads_of: dict[str, tuple[Output, ...]] = field(default_factory=dict)
    uncovered: list[Uncovered] = field(default_factory=list)
    computed: set[Output] = field(default_factory=set)
    """The outputs that may be markers."""
    decided: set[str] = field(default_factory=set)
    axes: dict[str, Axis] = field(default_factory=dict)
    """Of facts: in a large table thousands of cells ask about one."""
    formulas: dict[str, Expr] = field(default_factory=dict)
    """The formulas that compute with facts alone: what reads one is looked at as if it computed that itself."""

    def run(self) -> Restated:
        policy = self.policy
        if policy.lenient:
            self._give_up(f"`{policy.label}`", "its faults become nulls, as DMN says", policy.span)
        elif policy.functions:
            first = policy.functions[0].table
            self._give_up(f"`{first.name}`", "it is a table that is called", first.span)
        elif policy.may_miss:
            self._give_up(f"`{policy.label}`", "its rules say what follows from a missing fact", policy.span)
        if self.uncovered:
            return Restated(policy, policy, {}, {}, tuple(self.uncovered), ())
        decisions: list[Decision] = []
        for planned in self.plan.decisions:
            made = self._table(planned) if isinstance(planned, PlannedTable) else self._formula(planned)
            decisions.append(made)
            self.decided.add(made.name)
        kept, ignored = [], []
        for requirement, expression in self.plan.must_hold:
            node = self._in_place(expression.tree)
            if self._reads_computed(node) or self._mixes(node):
                ignored.append(requirement)
            else:
                kept.append(replace(requirement, expression=self._checked(self._flag(node))))
        reads = (*policy.reads, *self.terms)
        whole = replace(policy, decisions=tuple(decisions), must_hold=tuple(kept), reads=reads, examples=())
        return Restated(policy, whole, self.terms, self.reads_of, tuple(self.uncovered), tuple(ignored))

    # --- what an expression depends on

    def _in_place(self, node: Expr) -> Expr:
        """An expression with computed formulas in the place of their names."""
        if not self.formulas or not bound_names(node).isdisjoint(self.formulas):
            return node
        return tree.changed(node, lambda part: self.formulas.get(part.name, part) if isinstance(part, Name) else part)

    def _reads(self, node: Expr) -> Iterator[Output]:
        """The outputs of earlier decisions that an expression reads, as far as it tells them."""
        if isinstance(node, tree.Path) and isinstance(node.base, Name) and node.base.name in self.decided:
            yield node.base.name, node.name
        elif isinstance(node, Name):
            if node.name in self.decided:
                yield node.name, ""
        else:
            for child in tree.children(node):
                yield from self._reads(child)

    def _reads_computed(self, node: Expr) -> bool:
        return any(
            part == other or (part[0] == other[0] and "" in (part[1], other[1]))
            for part in self._reads(node)
            for other in self.computed
        )

    def _varies(self, node: Expr) -> bool:
        """Whether an expression reads a fact or the clock itself, and not only through decisions."""
        facts = {name for name in self.policy.reads if name not in self.decided}
        if any(name in facts for name in tree.names(node)):
            return True
        return any((entry := entry_of(part)) is not None and entry.clock for part in tree.walk(node))

    def _mixes(self, node: Expr) -> bool:
        """Whether some comparison in an expression reads facts and decisions."""
        return any(self._varies(part) and any(self._reads(part)) for part in _atoms(node))

    # --- tests

    def _term(self, node: Expr, type: Type) -> Name:
        text = said(node)
        self.terms.setdefault(text, Term(text, self._checked(node)))
        return Name(node.span, text, type=type)

    def _flag(self, node: Expr) -> Expr:
        """A flag expression in which every comparison is plain, or a term."""
        if not self._varies(node) or self._is_plain(node):
            return node
        return tree.with_children(node, self._flag) if _joins(node) else self._term(node, FLAG)

    def _is_plain(self, node: Expr) -> bool:
        about = about_one_name(node)
        return about is not None and self._fits(about[0], about[1])

    def _fits(self, name: Name, test: Expr) -> bool:
        """Whether a cell over a fact can be laid out."""
        if name.name not in self.vocabulary or name.name in self.decided or self._varies(test):
            return False
        axis = self.axes.get(name.name)
        if axis is None:
            of = self.vocabulary[name.name].type
            domain = domain_of(name.name, of, self.policy, self.vocabulary, nullable=True)
            axis = self.axes[name.name] = Axis(name.name, domain)
        return plain_test(test, axis, False)[0]

    # --- outputs

    def _gives(self, node: Expr, output: Output) -> Expr:
        """What is given, with a marker for each result that is computed with facts."""
        computes = self._reads_computed(node)
        if not computes and not self._varies(node):
            return node
        if isinstance(node, If) and not self._reads_computed(node.condition) and not self._mixes(node.condition):
            then, otherwise = self._gives(node.then, output), self._gives(node.otherwise, output)
            return If(node.span, self._flag(node.condition), then, otherwise, type=ANY)
        if node.type.kind is Kind.FLAG and not node.type.optional and not computes and not self._mixes(node):
            return self._flag(node)
        text = printed(node)
        self.computed.add(output)
        self.reads_of[text] = tuple(dict.fromkeys(self._reads(node)))
        return Literal(node.span, _MARK + text, type=TEXT)

    def _formula(self, planned: PlannedFormula) -> Formula:
        formula = planned.formula
        node = self._in_place(planned.expression.tree)
        given = self._gives(node, (formula.name, ""))
        type = formula.type
        if (formula.name, "") in self.computed:
            type = ANY
            if not any(self._reads(node)):
                self.formulas[formula.name] = node
        return replace(formula, expression=self._checked(given), type=type, because="", told=None)

    # --- tables

    def _table(self, planned: PlannedTable) -> Table:
        table = planned.table
        columns: list[Column | None] = []
        for number, column in enumerate(planned.columns):
            if not any(rule.cells[number] is not None for rule in planned.rules):
                columns.append(None)
                continue
            columns.append(self._column(table, table.columns[number], column.asked))
        rules = tuple(self._rule(planned, rule, columns) for rule in planned.rules)
        for number in range(len(columns)):
            cells = [rule.cells[number] for rule in rules]
            if planned.columns[number].asks_null and not any(cell and asks_null(cell.tree) for cell in cells):
                what = f"the column `{planned.columns[number].text}` of `{table.name}`"
                self._give_up(what, "a test for null in it computes", table.span)
        kept = [number for number, column in enumerate(columns) if column is not None]
        rules = tuple(replace(rule, cells=tuple(rule.cells[number] for number in kept)) for rule in rules)
        otherwise = planned.otherwise
        outputs = tuple(output.name for output in table.outputs)
        if otherwise is not None:
            given = (self._gives(part.tree, (table.name, name)) for name, part in zip(outputs, otherwise, strict=True))
            otherwise = tuple(self._checked(each) for each in given)
        self._refuse_computed(table)
        return replace(
            table,
            columns=tuple(column for column in columns if column is not None),
            rules=rules,
            otherwise=otherwise,
            outputs=tuple(
                replace(output, type=ANY, order=()) if (table.name, output.name) in self.computed else output
                for output in table.outputs
            ),
        )

    def _refuse_computed(self, table: Table) -> None:
        computes = any(name == table.name for name, _ in self.computed)
        if computes and (table.hit_policy not in _MAY_COMPUTE or (table.aggregation not in ("", "count"))):
            how = f"`{table.aggregation}`" if table.aggregation else f"hit policy `{table.hit_policy}`"
            self._give_up(f"`{table.name}`", f"its {how} looks at outputs that are computed", table.span)

    def _column(self, table: Table, column: Column, asked: Checked) -> Column | None:
        node = self._in_place(asked.tree)
        if self._reads_computed(node):
            what = f"the column `{column.text}` of `{table.name}`"
            self._give_up(what, "it asks about a decision that is computed", node.span)
            return None
        if not self._varies(node):
            return Column(column.text, asked)
        asked = replace(asked, tree=node)
        if any(self._reads(node)):
            what = f"the column `{column.text}` of `{table.name}`"
            self._give_up(what, "it computes with facts and decisions together", node.span)
            return None
        if isinstance(node, Name):
            return Column(column.text, asked)
        return Column(column.text, self._checked(self._term(node, node.type)))

    def _rule(self, planned: PlannedTable, rule: PlannedRule, columns: list[Column | None]) -> Rule:
        """A rule; its cells that are not plain become parts of its condition."""
        parts: list[Expr] = []
        cells: list[Checked | None] = []
        for number, (cell, column) in enumerate(zip(rule.cells, columns, strict=True)):
            if cell is None or column is None:
                cells.append(None)
            elif self._is_laid_out(column, cell.tree):
                cells.append(replace(cell.written, tree=cell.tree))
            else:
                cells.append(None)
                kept = without_empty(cell.tree)  # a range that holds nothing is tried when the other cells have been
                never = Literal(cell.tree.span, False, type=FLAG)
                asked = planned.columns[number].asked.tree
                parts.append(never if kept is None else self._in_place(_asking(kept, asked)))
        if rule.condition is not None:
            parts.extend(conjuncts(self._in_place(rule.condition.tree)))
        conditions = [self._condition(planned.table, rule.rule, part) for part in parts]
        condition = conditions[0] if conditions else None
        if len(conditions) > 1:
            condition = Logic(rule.rule.span, "and", tuple(conditions), type=FLAG)
        names = (output.name for output in planned.table.outputs)
        gives = tuple(
            self._checked(self._gives(part.tree, (planned.table.name, name)))
            for name, part in zip(names, rule.gives, strict=True)
        )
        checked = None if condition is None else self._checked(condition)
        return replace(rule.rule, cells=tuple(cells), condition=checked, gives=gives, because="", told=None)

    def _is_laid_out(self, column: Column, cell: Expr) -> bool:
        node = column.expression.tree
        if without_empty(cell) is not cell:
            return False
        if any(self._reads(cell)) or self._varies(cell):
            return not self._varies_in(node) and not self._varies(cell) and not self._reads_computed(cell)
        if not self._varies_in(node):
            return True
        if isinstance(node, Name) and node.name in self.vocabulary:
            return self._fits(node, cell)
        domain = domain_of("", node.type, self.policy, self.vocabulary, nullable=node.type.optional)
        return plain_test(cell, Axis(column.text, domain), False)[0]

    def _varies_in(self, column: Expr) -> bool:
        return self._varies(column) or (isinstance(column, Name) and column.name in self.terms)

    def _condition(self, table: Table, rule: Rule, part: Expr) -> Expr:
        if self._reads_computed(part):
            self._give_up(f"rule `{rule.id}` of `{table.name}`", "it asks about a decision that is computed", part.span)
        elif self._mixes(part):
            why = "it compares facts with decisions"
            self._give_up(f"rule `{rule.id}` of `{table.name}`", why, part.span)
        else:
            return self._flag(part)
        return Literal(part.span, True, type=FLAG)

    def _checked(self, node: Expr) -> Checked:
        known = {*self.policy.reads, *self.terms, *self.decided}
        return Checked(node, reads=tuple(dict.fromkeys(name for name in tree.names(node) if name in known)))

    def _give_up(self, what: str, why: str, span: Span) -> None:
        self.uncovered.append(Uncovered(what, why, span))


def _joins(node: Expr) -> bool:
    """Whether a node only joins flags."""
    entry = entry_of(node)
    return isinstance(node, Logic) or (entry is not None and entry.negates)


def _atoms(node: Expr) -> Iterator[Expr]:
    """The comparisons that a flag expression joins."""
    if _joins(node):
        for child in tree.children(node):
            yield from _atoms(child)
    else:
        yield node


def _asking(cell: Expr, column: Expr) -> Expr:
    """A cell as a condition: about its column in the place of `?`. The tests of an `in` have a `?` of their own."""
    if isinstance(cell, Input):
        return column
    if isinstance(cell, In):
        return tree.with_parts(cell, {"value": _asking(cell.value, column)})
    return tree.with_children(cell, lambda child: _asking(child, column))
