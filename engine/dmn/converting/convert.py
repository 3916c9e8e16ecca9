"""A `.dmn` model as a YAML policy and the facts it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ordain.engine.dmn.converting.strict_trees import Strict
from ordain.engine.dmn.converting.yaml_tables import NotWritable, short, table_section, type_section
from ordain.engine.dmn.converting.yaml_text import yaml_text
from ordain.engine.dmn.reading.decision_tables import parts
from ordain.engine.dmn.reading.policy_file import snake
from ordain.engine.dmn.reading.read import Model
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.feel.functions import FUNCTIONS, known
from ordain.engine.feel.syntax import parse
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.feel.syntax.printer import cell_text, printed
from ordain.engine.feel.syntax.tree import Arithmetic, Call, Expr, Function, Name, children, walk
from ordain.engine.feel.syntax.unread import issue_of
from ordain.engine.feel.typing.checker import Checked, check
from ordain.engine.policy.model import Decision, Formula, Table
from ordain.engine.policy.visible import field_names
from ordain.engine.values.types import NUMBER, TEXT, Kind, Type


@dataclass(frozen=True, slots=True)
class Converted:
    """The text of each file by its path below the policies directory, and what was lost or changed, with places."""

    files: Mapping[str, str]
    notes: tuple[Issue, ...]


def converted(model: Model) -> Converted:
    """The policy `<name>/v1.yaml` that says what the model says, and the entries it needs in `facts.yaml`, if any.

    A decision that a YAML policy cannot hold is left out and noted. Examples are left to the one who knows the cases.
    """
    return _Conversion(model).run()


_STRICT = "a fault gives null in DMN; in a YAML policy it is found when it is loaded, or refuses the decision"


@dataclass(slots=True)
class _Conversion:
    model: Model
    notes: list[Issue] = field(default_factory=list)
    scope: dict[str, Type] = field(default_factory=dict)
    decides: dict[str, Any] = field(default_factory=dict)
    strict: Strict = field(init=False)

    def __post_init__(self) -> None:
        policy = self.model.policy
        functions = {
            decision.name: decision.expression.tree
            for decision in policy.decisions
            if isinstance(decision, Formula) and isinstance(decision.expression.tree, Function)
            if decision.name in (*self.model.functions, *self.model.services)
        }
        tables = {function.name: function for function in policy.functions}
        self.strict = Strict(functions, tables, policy.types, notes=self.notes)

    def run(self) -> Converted:
        policy = self.model.policy
        self.notes.extend(self.model.issues)
        self.notes.append(Issue(_STRICT, "", policy.span))
        facts = {}
        for name, type in self.model.inputs.items():
            try:
                new = self.named(name, self.model.places[name])
                known = self.guessed(name) if type.kind is Kind.ANY else type
                facts[new] = self.fact(name, known)
                self.scope[new] = known
            except NotWritable as error:
                self.lost(f"the input `{name}`", str(error), self.model.places[name])
        for decision in policy.decisions:
            if decision.name not in self.strict.functions:
                self.decision(decision)
        self.notes.append(Issue("the policy has no examples yet", "write at least one", policy.span))
        header = {
            "policy": policy.name,
            "version": 1,
            "kind": "decision",
            "effective": self.effective(),
            "owner": policy.owner or "unknown",
            "purpose": policy.purpose or self.model.name,
            "decides": self.decides,
            "examples": [],
        }
        files = {f"{policy.name}/v1.yaml": yaml_text(header)}
        if facts:
            files["facts.yaml"] = yaml_text({"facts": facts})
        return Converted(files, tuple(dict.fromkeys(self.notes)))

    def effective(self) -> str | dict[str, str]:
        """The days that the model's own attributes say; from the first day on when it has none."""
        start = self.model.own.get("effective") or self.model.policy.effective.start.isoformat()
        end = self.model.own.get("until")
        return {"from": start, "until": end} if end else start

    def lost(self, what: str, why: str, span: Span, hint: str = "") -> None:
        self.notes.append(Issue(f"{what} is left out: {why}", hint, span))

    def named(self, name: str, span: Span) -> str:
        """The policy's name for an input or decision of the model."""
        new = re.sub(r"_+", "_", re.sub(r"\W", "_", snake(name))).strip("_") or "value"
        if not is_name(new) or new in FUNCTIONS:
            new = f"the_{new}"
        taken = set(self.strict.names.values())
        number = 2
        while new in taken:
            new, number = f"{new.rstrip('0123456789_')}_{number}", number + 1
        self.strict.names[name] = new
        if new != name:
            self.notes.append(Issue(f"`{name}` is called `{new}`", "", span))
        return new

    def guessed(self, name: str) -> Type:
        """The type of an input without one: a number where it is calculated with, otherwise a text."""
        trees = (part.tree for decision in self.model.policy.decisions for part in parts(decision))
        calculated = any(
            isinstance(node, Arithmetic) and Name(side.span, name) == side
            for tree in trees
            for node in walk(tree)
            for side in children(node)
        )
        guess = NUMBER if calculated else TEXT
        self.notes.append(
            Issue(f"`{name}` has no declared type: `{guess}` is a guess", "look at facts.yaml", self.model.places[name])
        )
        return guess

    def fact(self, name: str, type: Type) -> dict[str, Any]:
        return {**type_section(type, self.model.values.get(name, ()), fields=True), "meaning": name}

    def decision(self, decision: Decision) -> None:
        what = f"the decision `{decision.name}`"
        if isinstance(decision, Formula) and decision.fault is not None:
            self.lost(what, decision.fault.message, decision.fault.span or decision.span, decision.fault.hint)
            return
        new = self.named(decision.name, decision.span)
        if isinstance(decision, Formula) and (called := self.strict.table(decision.expression.tree)) is not None:
            decision = _typed(replace(called, name=decision.name), decision.type)
        try:
            section, type = self.table(decision) if isinstance(decision, Table) else self.formula(decision)
        except PolicyError as error:
            issue = error.issues[0]
            self.lost(what, issue.message, issue.span or decision.span, issue.hint)
        except NotWritable as error:
            self.lost(what, str(error), decision.span)
        except RecursionError:
            # Functions and long tables put in place may nest deeper than any text that a person writes.
            self.lost(what, "with the functions that it calls written out, it is nested too deeply", decision.span)
        else:
            self.decides[new] = section
            self.scope[new] = type

    def table(self, table: Table) -> tuple[dict[str, Any], Type]:
        section = table_section(table, self.strict.tree, self.checked)
        whole = table.otherwise is not None or any(not any(rule.cells) for rule in table.rules)
        if not whole and not table.hit_policy.gives_list:
            message = f"a case that no rule of `{table.name}` covers gives null in DMN, and is an error in the policy"
            self.notes.append(Issue(message, "add `otherwise`", table.span))
        return section

    def formula(self, formula: Formula) -> tuple[dict[str, Any], Type]:
        """The section of a formula; one that gives what no policy can is put in place where it is read."""
        tree = self.strict.tree(formula.expression.tree)
        given = self.checked(tree).type
        type = formula.type if formula.type.kind is not Kind.ANY else given
        if type.kind in (Kind.CONTEXT, Kind.FUNCTION, Kind.RANGE) or (type.item and type.item.kind is Kind.CONTEXT):
            self.strict.replaced[formula.name] = tree
            raise NotWritable(f"a policy gives no {type} by a formula; it is put in place where it is read")
        if not type.accepts(given):
            raise NotWritable(f"it gives a {given}, but a {type} is declared")
        if formula.type.allowed is not None:
            message = f"the allowed values of `{formula.name}` are not checked here"
            self.notes.append(Issue(message, "add a `must hold` if they matter", formula.span))
        section = {"gives": short(type_section(type, optional=given.optional)), "formula": printed(tree)}
        return section, type

    def checked(self, tree: Expr, input: Type | None = None) -> Checked:
        """The expression, or the test of an `input`, as the policy's own reader takes the text that is written.

        Raises PolicyError for what a strict policy refuses.
        """
        _refuse_lenient(tree)
        origin = replace(tree.span, text="", margin=0, folds=())
        fields = [name for type in self.scope.values() for name in field_names(type)]
        if input is None:
            again: Expr | None = parse.expression(printed(tree), origin, self.scope, fields)
        else:
            again = parse.unary_tests(cell_text(tree), origin, (*self.scope, *input.values), fields)
        checked = check(again if again is not None else tree, self.scope, input)
        if checked.issues:
            raise PolicyError(checked.issues)
        return checked


def _refuse_lenient(tree: Expr) -> None:
    """Raises PolicyError for a piece that could not be read, and for a call of what only a `.dmn` file has."""
    for node in walk(tree):
        if (issue := issue_of(node)) is not None:
            raise PolicyError(issue)
        if isinstance(node, Call) and node.called in known(lenient=True) and node.called not in FUNCTIONS:
            message = f"`{node.called}` is no function of DMN, and a policy does not have it"
            raise PolicyError(Issue(message, "", node.span))


def _typed(table: Table, declared: Type) -> Table:
    """A table whose one output has the decision's type when it has none of its own."""
    if not table.single or table.type.kind is not Kind.ANY or declared.kind is Kind.ANY:
        return table
    return replace(table, outputs=(replace(table.outputs[0], type=declared),))
