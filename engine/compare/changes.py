"""What the texts of two versions say otherwise: rules, formulas, constants, requirements, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ordain.engine.check.tables.in_words import value_text
from ordain.engine.feel.syntax.printer import printed
from ordain.engine.policy.model import Decision, Formula, HitPolicy, Policy, Requirement, Rule, Table
from ordain.engine.tables.grid import Grid, grid_of, type_of
from ordain.engine.values.types import plain

ADDED, GONE, CHANGED, MOVED, RENAMED = "added", "gone", "changed", "moved", "renamed"
_IN_ORDER = (HitPolicy.FIRST, HitPolicy.RULE_ORDER)
"""Hit policies under which the place of a rule has a meaning."""


@dataclass(frozen=True, slots=True)
class Change:
    """`sort` is one of ADDED, GONE, CHANGED, MOVED, RENAMED; `what` is named as people would, such as "rule `gold` of
    `offer`"; `part` is what of it, such as the heading of a column. `line` is that in the new text, where there is one,
    otherwise in the old."""

    sort: str
    what: str
    part: str = ""
    before: str = ""
    after: str = ""
    line: int = 0


def changes(old: Policy, new: Policy) -> Iterator[Change]:
    """Every change, in the order of the new text; what is gone comes last of its kind."""
    line = new.span.line
    for part, before, after in (
        ("kind", old.kind, new.kind),
        ("effective", _days(old), _days(new)),
        ("owner", old.owner, new.owner),
        ("purpose", old.purpose, new.purpose),
    ):
        if before != after:
            yield Change(CHANGED, "the policy", part, before, after, line)
    yield from _names("the fact it reads", old.reads, new.reads, line)
    yield from _names("the score it can do without", sorted(old.without), sorted(new.without), line)
    yield from _names("what it shares", [each.label for each in old.shared], [each.label for each in new.shared], line)
    yield from _values("the constant", _constants(old), _constants(new), line)
    earlier, later = _decisions(old), _decisions(new)
    yield from _values("what is taken by", _taken(old), _taken(new), line)
    for name, decision in later.items():
        if name not in earlier:
            yield Change(ADDED, f"`{name}`", after=_whole(decision), line=decision.span.line)
        else:
            yield from _decision(earlier[name], decision)
    for name, decision in earlier.items():
        if name not in later:
            yield Change(GONE, f"`{name}`", before=_whole(decision), line=decision.span.line)
    yield from _requirements(old.must_hold, new.must_hold)


def _decisions(policy: Policy) -> dict[str, Decision]:
    """What a policy decides and calls, by name; a table that is called in the place of its function."""
    decisions: dict[str, Decision] = {each.name: each for each in policy.decisions}
    return decisions | {each.table.name: each.table for each in policy.functions if each.takes}


def _taken(policy: Policy) -> dict[str, str]:
    called = (each for each in policy.functions if each.takes)
    return {each.table.name: "; ".join(f"{name}: {of}" for name, of in each.takes.items()) for each in called}


def _constants(policy: Policy) -> dict[str, str]:
    return {name: value_text(value) for name, (_, value) in policy.constants.items()}


def _days(policy: Policy) -> str:
    start, end = policy.effective.start, policy.effective.end
    season = ", a season" if policy.effective.season else ""
    return f"{start}" if end is None else f"{start} to {end}{season}"


def _names(what: str, old: Sequence[str], new: Sequence[str], line: int) -> Iterator[Change]:
    for name in new:
        if name not in old:
            yield Change(ADDED, f"{what}: `{name}`", line=line)
    for name in old:
        if name not in new:
            yield Change(GONE, f"{what}: `{name}`", line=line)


def _values(what: str, old: Mapping[str, str], new: Mapping[str, str], line: int) -> Iterator[Change]:
    for name, value in new.items():
        if name not in old:
            yield Change(ADDED, f"{what} `{name}`", after=value, line=line)
        elif old[name] != value:
            yield Change(CHANGED, f"{what} `{name}`", "", old[name], value, line)
    for name, value in old.items():
        if name not in new:
            yield Change(GONE, f"{what} `{name}`", before=value, line=line)


def _whole(decision: Decision) -> str:
    if isinstance(decision, Formula):
        return printed(decision.expression.tree)
    return f"a table of {len(decision.rules)} rules"


def _decision(old: Decision, new: Decision) -> Iterator[Change]:
    what, line = f"`{new.name}`", new.span.line
    if isinstance(old, Table) and isinstance(new, Table):
        yield from _table(old, new)
    elif isinstance(old, Formula) and isinstance(new, Formula):
        before, after = printed(old.expression.tree), printed(new.expression.tree)
        if before != after:
            yield Change(CHANGED, what, "formula", before, after, line)
        if old.because != new.because:
            yield Change(CHANGED, what, "because", old.because, new.because, line)
        if old.type != new.type:
            yield Change(CHANGED, what, "gives", str(old.type), str(new.type), line)
    else:
        yield Change(CHANGED, what, "", _whole(old), _whole(new), line)


def _table(old: Table, new: Table) -> Iterator[Change]:
    what, line = f"`{new.name}`", new.span.line
    for part, before, after in (
        ("hit policy", str(old.hit_policy), str(new.hit_policy)),
        ("aggregation", old.aggregation, new.aggregation),
        ("gives", _outputs(old), _outputs(new)),
    ):
        if before != after:
            yield Change(CHANGED, what, part, before, after, line)
    yield from _limits(old, new)
    old, new = (replace(each, rules=tuple(rule for rule in each.rules if not rule.limit)) for each in (old, new))
    before_rows, after_rows = _rows(old), _rows(new)
    renamed = _renamed(before_rows, after_rows)
    for rule in new.rules:
        name = f"rule `{rule.id}` of `{new.name}`"
        row = after_rows[rule.id]
        if rule.id in renamed:
            yield Change(RENAMED, name, "", renamed[rule.id], rule.id, rule.span.line)
        elif rule.id not in before_rows:
            yield Change(ADDED, name, after=_row_text(row), line=rule.span.line)
        else:
            yield from _row(name, before_rows[rule.id], row, rule.span.line)
    for rule in old.rules:
        if rule.id not in after_rows and rule.id not in renamed.values():
            name = f"rule `{rule.id}` of `{old.name}`"
            yield Change(GONE, name, before=_row_text(before_rows[rule.id]), line=rule.span.line)
    yield from _row(f"`otherwise` of `{new.name}`", _otherwise(old), _otherwise(new), line)
    if new.hit_policy in _IN_ORDER:
        yield from _moved(old, new, renamed)


def _limits(old: Table, new: Table) -> Iterator[Change]:
    """What `limits` say otherwise, as they are written: the rules that they stand for nobody wrote."""
    before, after = _limits_of(old), _limits_of(new)
    for name in dict.fromkeys((*after, *before)):
        was, now = before.get(name, {}), after.get(name, {})
        gone, added = [text for text in was if text not in now], [text for text in now if text not in was]
        what = f"`limits` of `{new.name}`"
        if len(gone) == len(added) == 1:
            yield Change(CHANGED, what, name, gone[0], added[0], now[added[0]])
            continue
        for text in added:
            yield Change(ADDED, what, name, after=text, line=now[text])
        for text in gone:
            yield Change(GONE, what, name, before=text, line=was[text])


def _limits_of(table: Table) -> dict[str, dict[str, int]]:
    """The limits under each key of `limits`, with the lines they stand in."""
    found: dict[str, dict[str, int]] = {}
    for rule in table.rules:
        if rule.limit:
            name, _, text = rule.limit.partition(": ")
            found.setdefault(name, {})[text] = rule.span.line
    return found


def _outputs(table: Table) -> str:
    parts = []
    for output in table.outputs:
        values = f" ({', '.join(map(str, output.priorities))})" if output.priorities else ""
        parts.append(f"{output.name or table.name}: {type_of(output)}{values}")
    return "; ".join(parts)


Row = dict[str, str]


def _rows(table: Table) -> dict[str, Row]:
    grid = grid_of(table)
    rows = {}
    for rule, squares in zip(table.rules, grid.rows, strict=True):
        row = _named(grid, [square.text for square in squares])
        row |= {name: text for name, text in _beside(rule) if text}
        rows[rule.id] = row
    return rows


def _named(grid: Grid, texts: Sequence[str]) -> Row:
    """The squares of a row that say something, by heading; an output of a column's name is told apart."""
    row: Row = {}
    for heading, text in zip(grid.headings, texts, strict=True):
        if text and heading.part != "rule":
            row[heading.text if heading.text not in row else f"then {heading.text}"] = text
    return row


def _beside(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "source", rule.source
    yield "confidence", rule.confidence
    for name, value in rule.obligations.items():
        yield f"requires {name}", str(plain(value))


def _otherwise(table: Table) -> Row:
    grid = grid_of(table)
    return {} if grid.otherwise is None else _named(grid, [square.text for square in grid.otherwise])


def _row(what: str, old: Row, new: Row, line: int) -> Iterator[Change]:
    for part in dict.fromkeys((*new, *old)):
        before, after = old.get(part, ""), new.get(part, "")
        if before != after:
            yield Change(CHANGED, what, part, before, after, line)


def _row_text(row: Row) -> str:
    return ", ".join(f"{name}: {text}" for name, text in row.items())


def _renamed(old: Mapping[str, Row], new: Mapping[str, Row]) -> dict[str, str]:
    """The old name by the new one of each rule that says what one did that is gone."""
    gone = {_row_text(row): name for name, row in old.items() if name not in new}
    return {name: gone.pop(text) for name, row in new.items() if name not in old and (text := _row_text(row)) in gone}


def _moved(old: Table, new: Table, renamed: Mapping[str, str]) -> Iterator[Change]:
    """The fewest rules that have another place among those that both have."""
    places = {rule.id: number for number, rule in enumerate(old.rules, start=1)}
    after = [rule for rule in new.rules if renamed.get(rule.id, rule.id) in places]
    order = [renamed.get(rule.id, rule.id) for rule in after]
    before = sorted(order, key=lambda name: places[name])
    blocks = SequenceMatcher(None, before, order, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in before[block.a : block.a + block.size]}
    now = {rule.id: number for number, rule in enumerate(new.rules, start=1)}
    for rule, name in zip(after, order, strict=True):
        if name not in kept:
            what = f"rule `{rule.id}` of `{new.name}`"
            yield Change(MOVED, what, "place", str(places[name]), str(now[rule.id]), rule.span.line)


def _requirements(old: Sequence[Requirement], new: Sequence[Requirement]) -> Iterator[Change]:
    before, after = ({each.id: each for each in several} for several in (old, new))
    for name, each in after.items():
        what, text, line = f"`must hold` `{name}`", printed(each.expression.tree), each.span.line
        if name not in before:
            yield Change(ADDED, what, after=text, line=line)
            continue
        if (was := printed(before[name].expression.tree)) != text:
            yield Change(CHANGED, what, "", was, text, line)
        if before[name].because != each.because:
            yield Change(CHANGED, what, "because", before[name].because, each.because, line)
    for name, each in before.items():
        if name not in after:
            what = f"`must hold` `{name}`"
            yield Change(GONE, what, before=printed(each.expression.tree), line=each.span.line)
