"""Example inputs for what no example of a policy reaches yet: rules never fired, and outcomes of conditions never seen.

Values at the borders are tried in a fixed order, those nearest to an example first, and each suggestion has been
decided: it is what the policy does now, and a person says whether that is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ordain.engine.backends.python.policy import CompiledPolicy
from ordain.engine.errors import Span
from ordain.engine.examples.borders import Borders
from ordain.engine.examples.coverage import Coverage
from ordain.engine.examples.input_search import Given, Input, Reached, Search, Wanted, named
from ordain.engine.explain.conditions import Condition, ConditionKey, Observer, RuleKey, Run
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy, Rule
from ordain.engine.values.types import plain

MOST = LIMITS.suggestions
FOR_A_RULE, FOR_AN_OUTCOME = 3000, 600
"""How many inputs are decided at most, before it is said that none was found."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An example input: `reaches` says what it is for, `fires` names the rule that it was searched for and fires."""

    reaches: str
    given: Given
    run: Run
    fires: RuleKey | None = None
    outcome: tuple[ConditionKey, bool] | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """What no input was found for, and why."""

    what: str
    why: str
    span: Span


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`left_out`: how many rules and outcomes were not searched for, because there are enough suggestions."""

    policy: Policy
    inputs: tuple[Suggestion, ...]
    unreached: tuple[Unreached, ...]
    left_out: int = 0


def suggest(compiled: CompiledPolicy, vocabulary: Vocabulary, coverage: Coverage) -> Suggestions:
    """Inputs that reach what `coverage` lacks. The same policy gives the same suggestions."""
    if not coverage.examples:
        return Suggestions(compiled.policy, (), ())
    observer = Observer(compiled)
    made = _Suggester(observer, Search(observer, Borders(compiled.plan, vocabulary)), coverage)
    made.rules()
    made.outcomes()
    return Suggestions(compiled.policy, tuple(made.inputs), tuple(made.unreached), made.left_out)


@dataclass(slots=True)
class _Suggester:
    observer: Observer
    search: Search
    coverage: Coverage
    inputs: list[Suggestion] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    left_out: int = 0
    fired: set[RuleKey] = field(default_factory=set)
    seen: set[tuple[ConditionKey, bool]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for tried in self.coverage.examples:
            self.note(Input(tried.example.given, tried.example.at), tried.run)

    def note(self, input: Input, run: Run) -> None:
        self.search.known.append((input, run))
        self.fired |= run.fired_keys
        self.seen.update(self.observer.outcomes(run))

    def full(self) -> bool:
        """Whether enough was found; what is left out is counted."""
        over = len(self.inputs) >= MOST
        self.left_out += over
        return over

    # --- what is wanted

    def rules(self) -> None:
        """An input for each rule; then, while there is room, those at its borders, which are put after it."""
        reached = []
        for seen in self.coverage.never_fired:
            key = (seen.table.name, seen.position)
            if seen.table.name not in self.observer.tables:
                what = f"rule `{seen.rule.id}` of the function `{seen.table.name}`"
                self.unreached.append(Unreached(what, "no input is searched for what is called", seen.rule.span))
            elif key not in self.fired and not self.full():
                wanted_and_reached = self.rule(key, seen.rule)
                if wanted_and_reached is not None:
                    reached.append((len(self.inputs), *wanted_and_reached))
        whole, done = self.inputs, 0
        room = MOST - len(whole)
        self.inputs = []
        for end, wanted, nearest in reached:
            self.inputs += whole[done:end]
            done = end
            before = len(self.inputs)
            if room > 0:
                self.borders(wanted, nearest)
            room -= len(self.inputs) - before
        self.inputs += whole[done:]

    def rule(self, key: RuleKey, rule: Rule) -> tuple[Wanted, Reached] | None:
        asks = [(each, True) for each in self.observer.conditions(key) if not each.after_firing]
        wanted = Wanted(key, lambda run: key in run.fired_keys, asks, FOR_A_RULE, names_others=True)
        what = f"rule `{rule.id}`"
        reached, why = self.search.reach(wanted)
        if reached is None:
            self.unreached.append(Unreached(what, why, rule.span))
            return None
        self.keep(Suggestion(f"{what} fires", reached.input.given, reached.run, fires=key))
        return wanted, reached

    def borders(self, wanted: Wanted, reached: Reached) -> None:
        """The same input at each border of the rule, just above it and just below it."""
        for path, ends in self.search.direct_ends(wanted):
            variable = self.search.borders.variables[path]
            for end in ends:
                for steps, where in ((0, "at"), (1, "just above"), (-1, "just below")):
                    value = variable.beside(end, steps)
                    if variable.holds(value):
                        moved = reached.input.with_value(path, value)
                        about = f"{named(path)} {where} {plain(end)}"
                        self.keep(Suggestion(about, moved.given, self.search.run(moved)))
        for path, outside in reached.outside:
            about = f"{named(path)} one step nearer to an earlier example"
            self.keep(Suggestion(about, outside.given, self.search.run(outside)))

    def outcomes(self) -> None:
        for seen in self.coverage.rules:
            key = (seen.table.name, seen.position)
            for number, each in enumerate(seen.conditions):
                for answer in (True, False):
                    if ((*key, number), answer) not in self.seen and not self.full():
                        self.outcome(key, number, each.condition, answer)

    def outcome(self, key: RuleKey, number: int, condition: Condition, answer: bool) -> None:
        def goal(run: Run) -> bool:
            fired = next((fired for asked, fired in self.observer.asked(run) if asked == key), None)
            if fired is None or (condition.after_firing and not fired):
                return False
            return self.observer.answer(key, condition, run) is answer

        asks = [(condition, answer)]
        if condition.after_firing:
            asks += [(each, True) for each in self.observer.conditions(key) if not each.after_firing]
        reached, why = self.search.reach(Wanted(key, goal, asks, FOR_AN_OUTCOME))
        rule = self.observer.tables[key[0]].table.rules[key[1]]
        what = f"{condition.on} `{condition.text}` of rule `{rule.id}` {'true' if answer else 'false'}"
        if reached is not None:
            outcome = ((*key, number), answer)
            self.keep(Suggestion(what, reached.input.given, reached.run, outcome=outcome))
        elif key in self.fired:
            self.unreached.append(Unreached(what, why, condition.span))

    def keep(self, suggestion: Suggestion) -> None:
        input = Input(suggestion.given, suggestion.run.at)
        if all(input != known for known, _ in self.search.known):
            self.inputs.append(suggestion)
            self.note(input, suggestion.run)
