"""The search for an input that reaches something in a policy, among the values at its borders, nearest first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heappop, heappush

from ordain.engine.examples.borders import Borders
from ordain.engine.examples.variables import AT, Path, Variable, changed_at, value_at
from ordain.engine.explain.conditions import Condition, Observer, RuleKey, Run
from ordain.engine.feel.syntax.tree import Expr, Name
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Table
from ordain.engine.values.decimals import NUMBERS
from ordain.engine.values.types import Value

_WIDEST = 60

Given = Mapping[str, Value]
Goal = Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Input:
    given: Given
    at: dt.datetime

    def with_value(self, path: Path, value: Value) -> Input:
        return Input(self.given, value) if path == AT else Input(changed_at(self.given, path, value), self.at)

    def value(self, path: Path) -> Value:
        return self.at if path == AT else value_at(self.given, path)


@dataclass(slots=True)
class Wanted:
    """One thing to reach. `asks` are conditions of the rule with the answer each must give; `budget`: how many
    inputs are decided at most; `names_others`: say which rule fires instead."""

    key: RuleKey
    goal: Goal
    asks: Sequence[tuple[Condition, bool]]
    budget: int
    names_others: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """An input that reaches what is wanted; `outside` are those one step nearer to the example, which do not."""

    input: Input
    run: Run
    outside: tuple[tuple[Path, Input], ...]


@dataclass(slots=True)
class Search:
    """Tries inputs of one policy. `known` are those to begin from, with their runs; `tries` counts all that it
    ran, and one that took much work as several."""

    observer: Observer
    borders: Borders
    known: list[tuple[Input, Run]] = field(default_factory=list)
    tries: int = 0

    def run(self, input: Input) -> Run:
        before = self.observer.spent
        run = self.observer.run(input.given, input.at)
        self.tries += 1 + (self.observer.spent - before) // LIMITS.work_of_try
        return run

    # --- one search

    def reach(self, wanted: Wanted) -> tuple[Reached | None, str]:
        """The input found, as near to an example as it goes; otherwise None, and why."""
        instead: Counter[str] = Counter()
        refused: tuple[Input, Input, Run] | None = None
        start = self.tries
        why = "the search reached its limit for this policy: add these examples and search again"
        for seed in self.seeds(wanted):
            left = min(wanted.budget - (self.tries - start), LIMITS.tried_inputs - self.tries)
            if left <= 0:
                break
            domains, empty, whole = self.domains(wanted, seed)
            if empty:
                return None, empty
            begun, count = self.tries, 0
            for input in _nearest_first(seed, domains):
                run, count = self.run(input), count + 1
                if wanted.goal(run):
                    if run.error is None:
                        return self.nearest(wanted, seed, input, run), ""
                    refused = refused or (seed, input, run)
                instead.update(self.others(wanted.key, run))
                if self.tries - begun >= left:
                    tried = f"{wanted.budget:,}" if count >= left else f"{count:,}"
                    early = "" if count >= left else "; each takes much work, so no more were tried"
                    why = f"none of the {tried} nearest inputs reaches it: perhaps none can, or it is computed{early}"
                    break
            else:
                why = f"none of the {count:,} inputs at the borders reaches it: perhaps none can"
                if whole:
                    break
        if refused is not None:
            return self.nearest(wanted, *refused), ""
        if instead and wanted.names_others:
            why += f"; mostly `{instead.most_common(1)[0][0]}` fires instead"
        return None, why

    def others(self, key: RuleKey, run: Run) -> Iterator[str]:
        for step in run.steps:
            if isinstance(step.decision, Table) and step.decision.name == key[0]:
                yield from (step.decision.rules[number].id for number in step.fired[:1])

    def seeds(self, wanted: Wanted) -> list[Input]:
        """Up to three inputs to begin from: those for which most of what is asked already holds."""
        ranked = []
        for number, (_, run) in enumerate(self.known):
            held = [self.observer.answer(wanted.key, each, run) is answer for each, answer in wanted.asks]
            ranked.append((run.error is not None, -sum(held), number))
        return [self.known[number][0] for _, _, number in sorted(ranked)[:3]]

    def domains(self, wanted: Wanted, seed: Input) -> tuple[dict[Path, list[Value]], str, bool]:
        """What to try for each variable, in order; why there is nothing to try; whether it is all that matters."""
        table, values = self.observer.tables[wanted.key[0]].table, self.borders.values
        fitting: dict[Path, list[Value]] = {}
        whole = all(self.borders.direct(column.expression.tree) for column in table.columns)
        whole = whole and not any(rule.condition is not None for rule in table.rules)
        joint: set[Path] = set()
        for condition, answer in wanted.asks:
            column = self.column(table, condition)
            paths = self.borders.reads(condition.checked.tree, column)
            if len(paths) != 1:
                joint |= paths
                continue
            [path] = paths
            direct = column is not None and self.borders.direct(column) is not None
            ends = self.around(path, self.borders.ends(condition.plain)) if direct else ()
            known = _distinct(fitting.get(path, [*ends, seed.value(path), *values[path]]))
            fitting[path] = [each for each in known if self.fits(wanted.key, condition, answer, seed, path, each)]
            if not fitting[path]:
                said = "true" if answer else "false"
                value = f"value of `{named(path)}`" if path != AT else "day on which the policy is in force"
                return {}, f"no {value} makes `{condition.text}` {said}", True
            whole = whole and direct and condition.plain is not None
        for path in sorted((joint | self.of_table(table)) - fitting.keys()):
            fitting[path] = _distinct([seed.value(path), *_sorted_from(seed.value(path), values[path])])
        cut = {path: several[:_WIDEST] for path, several in fitting.items()}
        return cut, "", whole and cut == fitting

    def fits(self, key: RuleKey, condition: Condition, answer: bool, seed: Input, path: Path, value: Value) -> bool:
        """Whether a condition that depends on one variable alone gives an answer for a value of it."""
        input = seed.with_value(path, value)
        column = self.column(self.observer.tables[key[0]].table, condition)
        if column is not None and self.borders.direct(column) is not None:
            run = Run(input.given, input.at, [], None)
        else:
            run = self.run(input)
        return self.observer.answer(key, condition, run) is answer

    def column(self, table: Table, condition: Condition) -> Expr | None:
        return None if condition.column is None else table.columns[condition.column].expression.tree

    def of_table(self, table: Table) -> set[Path]:
        """The variables on which any rule of the table depends."""
        return set(self.borders.reads(Name(table.span, table.name)))

    # --- nearer to the border

    def around(self, path: Path, ends: Sequence[Value]) -> list[Value]:
        variable = self.borders.variables[path]
        return [
            value
            for end in ends
            for value in (variable.beside(end, steps) for steps in (0, 1, -1))
            if variable.holds(value)
        ]

    def nearest(self, wanted: Wanted, seed: Input, input: Input, run: Run) -> Reached:
        """What was found, with each change undone that is not needed, and numbers and dates as near as they go."""
        table = self.observer.tables[wanted.key[0]].table
        read = [self.borders.reads(each.checked.tree, self.column(table, each)) for each, _ in wanted.asks]
        joint = {path for paths in read if len(paths) > 1 for path in paths}
        direct = {path for path, _ in self.direct_ends(wanted)} - joint
        outside: list[tuple[Path, Input]] = []
        for path in sorted({*self.borders.variables, AT} - direct):
            if input.value(path) == seed.value(path):
                continue
            undone = input.with_value(path, seed.value(path))
            again = self.run(undone)
            if wanted.goal(again) and (again.error is None or run.error is not None):
                input, run = undone, again
            elif (nearer := self.halved(wanted, path, undone, input, run)) is not None:
                input, run, last = nearer
                outside.append((path, last))
        return Reached(input, run, tuple(outside))

    def halved(
        self, wanted: Wanted, path: Path, outside: Input, inside: Input, run: Run
    ) -> tuple[Input, Run, Input] | None:
        """The nearest value of one number or date that still reaches, and the one a step before, which does not."""
        variable = self.borders.variables.get(path)
        if variable is None:
            return None
        outside = self.countable(wanted, variable, outside, inside)
        start = outside.value(path)
        count = variable.steps(start, inside.value(path))
        if count is None:
            return None
        low, high = 0, count
        while abs(high - low) > 1:
            middle = (low + high) // 2
            value = variable.beside(start, middle)
            if not variable.holds(value):
                return None
            moved = inside.with_value(path, value)
            again = self.run(moved)
            if wanted.goal(again) and (again.error is None or run.error is not None):
                high, inside, run = middle, moved, again
            else:
                low, outside = middle, moved
        return inside, run, outside

    def countable(self, wanted: Wanted, variable: Variable, outside: Input, inside: Input) -> Input:
        """An input that does not reach and from which steps can be counted: not one where the fact is missing."""
        if outside.value(variable.path) is not None:
            return outside
        for value in self.borders.values[variable.path]:
            if variable.steps(value, inside.value(variable.path)):
                other = inside.with_value(variable.path, value)
                if not wanted.goal(self.run(other)):
                    return other
        return outside

    def direct_ends(self, wanted: Wanted) -> Iterator[tuple[Path, tuple[Value, ...]]]:
        """The variables that plain cells of the rule ask about, with the borders of those cells."""
        table = self.observer.tables[wanted.key[0]].table
        for condition, _ in wanted.asks:
            column = self.column(table, condition)
            path = self.borders.direct(column) if column is not None else None
            if path is not None and (ends := self.borders.ends(condition.plain)):
                yield path, ends


def named(path: Path) -> str:
    return ".".join(path) or "the time"


def _distinct(values: Sequence[Value]) -> list[Value]:
    """Each value once, in order. Contexts cannot be hashed."""
    distinct: list[Value] = []
    keys = set()
    for value in values:
        key = repr(value) if isinstance(value, dict | tuple) else value
        if (type(value), key) not in keys:
            keys.add((type(value), key))
            distinct.append(value)
    return distinct


def _sorted_from(start: Value, values: Sequence[Value]) -> list[Value]:
    """Numbers from the nearest to the farthest, other values as they come."""
    if not isinstance(start, Decimal):
        return list(values)
    far = [value for value in values if not isinstance(value, Decimal)]
    near = [value for value in values if isinstance(value, Decimal)]
    return [*far, *sorted(near, key=lambda value: (abs(NUMBERS.subtract(value, start)), value))]


def _nearest_first(seed: Input, domains: Mapping[Path, Sequence[Value]]) -> Iterator[Input]:
    """Every combination of values, those first that take the earliest of each variable's values.

    A whole context is set before its fields, so that a field is set in the context that was chosen.
    """
    paths = sorted(domains, key=lambda path: (len(path), path))
    queue: list[tuple[int, tuple[int, ...]]] = [(0, (0,) * len(paths))]
    while queue:
        cost, chosen = heappop(queue)
        input = seed
        for path, number in zip(paths, chosen, strict=True):
            input = input.with_value(path, domains[path][number])
        yield input
        last = max((place for place, number in enumerate(chosen) if number), default=0)
        for place in range(last, len(paths)):
            if chosen[place] + 1 < len(domains[paths[place]]):
                more = (*chosen[:place], chosen[place] + 1, *chosen[place + 1 :])
                heappush(queue, (cost + 1, more))
