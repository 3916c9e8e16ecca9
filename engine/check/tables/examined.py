"""What can be known of a policy's tables before anything is decided: gaps, overlaps, rules that never fire.

Exact over all columns together, as far as cells compare with values that are written out. Where a rule computes,
that is said, and nothing is guessed about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordain.engine.backends.plan import PlannedTable, PolicyPlan, plan_policy
from ordain.engine.check.tables import gaps as coverage
from ordain.engine.check.tables.box_search import Box, Budget, TooIntertwined
from ordain.engine.check.tables.domains import Domains
from ordain.engine.check.tables.in_words import WHOLE, cell_of, customer_text, value_text, yaml_text
from ordain.engine.check.tables.merging import mergeable
from ordain.engine.check.tables.outputs import Row, row
from ordain.engine.check.tables.overlaps import overlaps
from ordain.engine.check.tables.regions import Region
from ordain.engine.check.tables.regions_of import Grid, grid_of
from ordain.engine.errors import Issue, Level, Span, counted
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Literal
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Decision, Formula, HitPolicy, Policy, Table
from ordain.engine.tables.index_column import bits
from ordain.engine.values.types import Type

MOST_GAPS, MOST_NAMED, MOST_MERGES = 5, 6, 10
_SINGLE = (HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY)


def findings(
    policy: Policy, vocabulary: Vocabulary, steps: int = LIMITS.table_steps, plan: PolicyPlan | None = None
) -> list[Issue]:
    """Every finding about the tables of a policy, table by table. Each search takes at most so many steps. `plan` is
    the policy's, where it is made already."""
    issues: list[Issue] = []
    earlier: dict[str, Decision] = {}
    plan = plan or plan_policy(policy)
    for planned in plan.decisions:
        if isinstance(planned, PlannedTable):
            decision: Decision = planned.table
            issues.extend(_table(planned, Domains(policy, vocabulary, decisions=dict(earlier)), steps))
        else:
            decision = planned.formula
            issues.extend(_undeclared(f"`{decision.name}`", decision, decision.type, decision.expression))
        earlier[decision.name] = decision
    told = {each.table.span for each in plan.tables.values()}
    for function, planned in plan.functions:
        if function.table.span in told:
            continue  # a decision and a function beside it may be one table of a `.dmn` file
        hidden = frozenset(function.parameters)
        issues.extend(_table(planned, Domains(policy, vocabulary, hidden, takes=function.takes), steps))
    return issues


def _table(planned: PlannedTable, domains: Domains, steps: int) -> Iterator[Issue]:
    grid, table = grid_of(planned, domains), planned.table
    rows = [row(rule.gives) for rule in planned.rules]
    yield from _dead(grid)
    yield from _gaps(grid, Budget(steps))
    for search, question in ((_masked, "which rules never apply"), (_unasked, "whether a missing value stops it")):
        try:
            yield from search(grid, Budget(steps // 4), domains.policy.lenient)
        except TooIntertwined:
            yield _intertwined(grid, question)
    yield from _overlaps(grid, rows)
    for number, joined in enumerate(mergeable(grid, rows)):
        if number < MOST_MERGES:
            yield _merge(grid, joined.rules, joined.column, joined.cell)
    yield from _inexact(grid)
    for rule in table.rules:
        for output, part in zip(table.outputs, rule.gives, strict=True):
            yield from _undeclared(f"rule `{rule.id}`", table, output.type, part, output.name)
    for output, part in zip(table.outputs, table.otherwise or (), strict=bool(table.otherwise)):
        yield from _undeclared(f"`otherwise` of `{table.name}`", table, output.type, part, output.name)


def _intertwined(grid: Grid, question: str) -> Issue:
    message = f"the rules of `{grid.table.name}` are too complex to check completely: {question} is not known"
    return _issue("inexact", Level.NOTE, message, "split the table by one of its columns", grid.table.span)


def _issue(code: str, level: Level, message: str, hint: str, span: Span) -> Issue:
    return Issue(message, hint, span, code=code, level=level)


def _named(grid: Grid, rules: Sequence[int]) -> str:
    """`a`, `b` and `c`; after some of them only how many more there are."""
    ids = [f"`{grid.table.rules[rule].id}`" for rule in rules[:MOST_NAMED]]
    if len(rules) > MOST_NAMED:
        return f"{', '.join(ids)} and {len(rules) - MOST_NAMED} more"
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"


def _gaps(grid: Grid, budget: Budget) -> Iterator[Issue]:
    table = grid.table
    if table.otherwise is not None or table.hit_policy not in _SINGLE or table.aggregation:
        return
    uncovered = coverage.gaps(grid, budget, MOST_GAPS)
    for number, box in enumerate(uncovered.boxes[:MOST_GAPS]):
        message = f"no rule of `{table.name}` covers {customer_text(grid.regions, grid.customer(box))}"
        if number == MOST_GAPS - 1 and uncovered.count is not None and uncovered.count > MOST_GAPS:
            at_least = "" if uncovered.complete else "at least "
            message += f"; and {at_least}{counted(uncovered.count - MOST_GAPS, 'more gap')}"
        yield _issue("gap", Level.WARNING, message, _gap_hint(grid, box), table.span)
    if uncovered.count is None:
        yield _intertwined(grid, "whether it has gaps" if not uncovered.boxes else "whether it has more gaps")


def _gap_hint(grid: Grid, box: Box) -> str:
    cells = []
    for region, pieces in zip(grid.regions, box, strict=True):
        cell = cell_of(region, pieces)
        if cell is None:
            return "add a rule for it, or `otherwise`"
        if cell != WHOLE:
            cells.append(f"{region.text}: {yaml_text(cell)}")
    when = ", ".join(cells)
    return f"add a rule `when: {{{when}}}`, or `otherwise`" if cells else "add `otherwise`"


_NULL = "null"


def _dead(grid: Grid) -> Iterator[Issue]:
    for rule in bits(grid.dead):
        for number, region in enumerate(grid.regions):
            if any(mask >> rule & 1 for mask in region.sure):
                continue
            row, spans = grid.table.rules[rule], grid.places.get((rule, number), ())
            hint, passes = _values_hint(region), "its test"
            if spans and spans[-1].text == _NULL and _NULL in (region.domain.listed or ()):
                hint = "the value called `null` is written `'\"null\"'`: without quotes it is the missing value"
            if len(spans) > 1:
                hint, passes = "correct one of them", " and ".join(f"`{span.text}`" for span in spans)
            message = f"`{row.id}` of `{grid.table.name}` never applies: no value of `{region.text}` passes {passes}"
            yield _issue("dead-rule", Level.WARNING, message, hint, spans[-1] if spans else row.span)
            break


def _values_hint(region: Region) -> str:
    """Which values there are."""
    domain = region.domain
    if domain.listed is not None:
        values = [value_text(value) for value in domain.listed[:MOST_NAMED]]
        more = ", ..." if len(domain.listed) > MOST_NAMED else ""
        return f"`{region.text}` is one of {', '.join(values)}{more}"
    known = [f"in {domain.said}"] if domain.said else []
    if domain.precision is not None:
        known.append(f"rounded to {counted(domain.precision, 'digit')} after the point")
    return f"`{region.text}` is {', '.join(known)}" if known else "correct its test, or delete the rule"


def _masked(grid: Grid, budget: Budget, lenient: bool) -> Iterator[Issue]:
    first = grid.table.hit_policy is HitPolicy.FIRST
    for masked in coverage.masked(grid, budget):
        row = grid.table.rules[masked.rule]
        rules, match = ("rule", "matches") if len(masked.by) == 1 else ("rules", "match")
        why = f"{'earlier ' if first else ''}{rules} {_named(grid, masked.by)}{'' if first else ' of higher priority'}"
        message = f"`{row.id}` of `{grid.table.name}` never applies: {why} {match} all its cases"
        hint = "move it up, or delete it" if first else "delete it, or change the order of the declared values"
        yield _issue("masked-rule", Level.WARNING, message, hint, row.span)


def _unasked(grid: Grid, budget: Budget, lenient: bool) -> Iterator[Issue]:
    if lenient:
        return
    for number, rule, box in coverage.unasked(grid, budget):
        region, row = grid.regions[number], grid.table.rules[rule]
        customer = customer_text(grid.regions, grid.customer(box))
        message = (
            f"`{grid.table.name}` cannot be decided when `{region.text}` is missing: rule `{row.id}` needs it "
            f"({customer})"
        )
        place = grid.places.get((rule, number), (row.span,))[0]
        hint = f"add a rule `when: {{{region.text}: null}}`"
        if region.asking & grid.every != grid.every and place is not row.span and number in grid.of_column:
            # A rule for null alone would take the customers of those rules too that do not ask here.
            hint = f"write `{place.text}, null` if the rule is for them too"
        yield _issue("unasked-null", Level.WARNING, message, hint, place)


def _overlaps(grid: Grid, rows: Sequence[Row]) -> Iterator[Issue]:
    table = grid.table
    pairs, count = overlaps(grid, rows)
    for number, pair in enumerate(pairs):
        one, other = table.rules[pair.first], table.rules[pair.second]
        customer = customer_text(grid.regions, pair.pieces)
        message = f"`{one.id}` and `{other.id}` of `{table.name}` both apply to {customer}"
        level, hint = Level.ERROR, "narrow one of them, or choose another hit policy"
        asked = 1 << pair.first | 1 << pair.second
        if table.hit_policy is HitPolicy.ANY:
            message += ", with different outputs"
            hint = "give both the same outputs, or narrow one of them"
        if not all(region.domain.given for region in grid.regions if region.asking & asked):
            level = Level.WARNING  # whether these values come together is for the computed columns to say
        if not pair.known:
            level, hint = Level.NOTE, "their outputs are computed: whether they agree is known only at a decision"
            message = message.replace(", with different outputs", ", and may give different outputs")
        if number == len(pairs) - 1 and count > len(pairs):
            message += f"; and {counted(count - len(pairs), 'more overlap')}"
        yield _issue("overlap", level, message, hint, other.span)


def _merge(grid: Grid, rules: tuple[int, ...], column: int, cell: str) -> Issue:
    text = grid.table.columns[column].text
    each = "both" if len(rules) == 2 else "all"
    message = f"{_named(grid, rules)} of `{grid.table.name}` {each} give the same and differ in `{text}` only"
    hint = f"write one rule without `{text}`" if cell == WHOLE else f"write one rule with `{text}: {yaml_text(cell)}`"
    return _issue("mergeable-rules", Level.NOTE, message, hint, grid.table.rules[rules[1]].span)


def _inexact(grid: Grid) -> Iterator[Issue]:
    """Says which rules compute, where that leaves a question about the table open."""
    table, rules = grid.table, list(bits(grid.computed))
    open_questions = bool(table.columns) or (
        table.hit_policy in _SINGLE
        and (table.otherwise is None or (table.hit_policy is not HitPolicy.FIRST and len(table.rules) > 1))
    )
    if rules and open_questions:
        verb = "computes its test" if len(rules) == 1 else "compute their tests"
        word = "rule" if len(rules) == 1 else "rules"
        them = "it" if len(rules) == 1 else "them"
        message = (
            f"{word} {_named(grid, rules)} of `{table.name}` {verb}, so gaps and overlaps with {them} are not known"
        )
        yield _issue("inexact", Level.NOTE, message, "try them with examples", table.rules[rules[0]].span)


def _undeclared(who: str, decision: Table | Formula, type: Type, part: Checked, output: str = "") -> Iterator[Issue]:
    """A computed output that is held to its declared values only when it is decided."""
    declared = set(type.values)
    if not declared or part.lenient:
        return
    for result in tree.results(part.tree):
        known = result.type.values
        if not isinstance(result, Literal) and not (known and set(known) <= declared):
            break
    else:
        return
    name = f"`{output}`" if output else f"`{decision.name}`"
    message = f"{who} computes {name}: whether the result is a declared value is known only at a decision"
    yield _issue(
        "undeclared-output", Level.NOTE, message, f"it must be one of {', '.join(type.values)}", part.tree.span
    )
