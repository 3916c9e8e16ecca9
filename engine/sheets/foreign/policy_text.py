"""The policy that a person's sheet says, as its file's text: a table, with a rule and an example for each row."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import Issue, PolicyError, counted
from ordain.engine.examples.run import example_issues
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.templates import without_braces
from ordain.engine.sheets.foreign.columns import NAMED, Column, Role
from ordain.engine.sheets.foreign.doubts import doubts_of
from ordain.engine.sheets.foreign.given_values import as_expected, gives_texts, type_of
from ordain.engine.sheets.foreign.layout import Layout, Line
from ordain.engine.sheets.foreign.new_facts import fact_entry, new_fact
from ordain.engine.sheets.foreign.row_rules import Row, row_of, starts_of
from ordain.engine.text.scalars import scalar

_TRIED = 200
"""For how many rows an example is written."""


@dataclass(frozen=True, slots=True)
class Made:
    """The policy's text, the facts that have to be added to facts.yaml for it, and what to look at."""

    policy: str
    facts: str
    notes: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a sheet does not say of the policy."""

    policy: str
    effective: dt.date
    owner: str
    decision: str


def policy_of(layout: Layout, columns: Sequence[Column], vocabulary: Vocabulary, named: Named) -> Made:
    """Raises PolicyError with each square that cannot be what its column is, or what the checks find in the result."""
    if not any(column.role is Role.THEN for column in columns):
        raise PolicyError("no column is an output", 'say which: --column "HEADING=then NAME"')
    wanted = [column.name for column in columns if column.role in (Role.WHEN, Role.FROM, Role.TO)]
    if not wanted:
        raise PolicyError("no column asks about a fact", 'say which: --column "HEADING=when FACT"')
    new = {name: new_fact(name, layout, columns) for name in dict.fromkeys(wanted) if name not in vocabulary}
    facts = {name: new[name] if name in new else vocabulary[name] for name in dict.fromkeys(wanted)}
    issues: list[Issue] = []
    texts = {column.index for column in columns if column.role is Role.THEN and gives_texts(layout, column)}
    starts = starts_of(layout, columns, facts)
    said = [line for line in layout.lines if not _is_blank(line, columns)]
    rows = [row_of(layout, line, columns, facts, texts, starts, issues) for line in said]
    if issues:
        raise PolicyError(issues)
    gives = {column.name: type_of(layout, column) for column in columns if column.role is Role.THEN}
    notes = [*layout.sheet.notes, *doubts_of(layout, columns, facts)]
    added = "".join(fact_entry(fact) for fact in new.values())
    known = load_vocabulary(with_facts(vocabulary.text, added), "facts.yaml")
    head = _head(layout, named, gives)
    body = "".join(_rule(row, gives) for row in rows)
    file = f"policies/{named.policy}/v1.yaml"
    text = head + body
    examples = [_example(row, facts, named.decision, gives) for row in rows[:_TRIED]]
    first = load_policy(f"{text}examples:\n{''.join(examples)}".encode(), file, known)
    wrong = {issue.span.line for issue in example_issues(compile_policy(first)) if issue.span}
    lines = [example.span.line for example in first.examples]
    kept = [example for example, line in zip(examples, lines, strict=True) if line not in wrong]
    for row, line in zip(rows, lines, strict=False):
        if line in wrong:
            place = layout.sheet.span(row.line.squares[0])
            message = f"row {row.line.number}: the first case that it is for is taken by a row above it"
            notes.append(Issue(message, "is it meant to come first? `ordain check` says which row takes it", place))
    if not kept:
        raise PolicyError("no row decides the case that it is for", "look at the order of the rows")
    if len(rows) > _TRIED:
        notes.append(Issue(f"examples are written for the first {_TRIED} of {counted(len(rows), 'row')}"))
    return Made(formatted(f"{text}examples:\n{''.join(kept)}".encode(), file).decode(), added, tuple(notes))


def _is_blank(line: Line, columns: Sequence[Column]) -> bool:
    """Whether nothing stands in any column that says something, as in the rows of a table beside this one."""
    return all(line.squares[column.index].empty for column in columns if column.role in NAMED)


def with_facts(facts: bytes, added: str) -> bytes:
    """The text of a vocabulary with further entries at its end."""
    return (facts.decode("utf-8-sig").rstrip("\n") + "\n" + added).encode()


def _head(layout: Layout, named: Named, gives: dict[str, str]) -> str:
    purpose = ". ".join(layout.titles) or f"{layout.sheet.title}, from a spreadsheet."
    lines = [
        f"policy: {named.policy}",
        "version: 1",
        "kind: decision",
        f"effective: {named.effective.isoformat()}",
        f"owner: {scalar(named.owner, flow=False)}",
        f"purpose: {scalar(purpose, flow=False, words_only=True)}",
        "",
        "decides:",
        f"  {named.decision}:",
        "    gives:",
        *(f"      {name}: {type}" for name, type in gives.items()),
        "    hit policy: first",
        "    rules:",
    ]
    return "\n".join(lines) + "\n"


def _rule(row: Row, gives: dict[str, str]) -> str:
    comments = [f"      # {line}" for text in row.comments for line in text.splitlines()]
    when = ", ".join(f"{name}: {_in_flow(test.text)}" for name, test in row.when.items())
    then = ", ".join(f"{name}: {row.then[name]}" for name in gives)
    lines = [*comments, f"      - id: {row.id}"]
    lines += [f"        when: {{{when}}}"] if when else []
    lines += [f"        then: {{{then}}}"]
    lines += (
        [f"        because: {scalar(without_braces(row.because), flow=False, words_only=True)}"] if row.because else []
    )
    return "\n".join(lines) + "\n"


def _in_flow(test: str) -> str:
    return test if re.fullmatch(r"[a-z][a-z0-9 ]*|\d+(\.\d+)?", test) else scalar(test)


def _example(row: Row, facts: dict[str, Fact], decision: str, gives: dict[str, str]) -> str:
    given = {name: row.when[name].sample if name in row.when else any_value(fact) for name, fact in facts.items()}
    said = ", ".join(f"{name}: {value}" for name, value in given.items())
    expect = ", ".join(f"{decision}.{name}: {as_expected(row.then[name])}" for name in gives)
    return f"  - given: {{{said}}}\n    expect: {{{expect}, fired: [{row.id}]}}\n"


def any_value(fact: Fact) -> str:
    """Some value of a fact that a row does not ask about."""
    kind = str(fact.type.kind)
    if fact.type.values:
        return json.dumps(fact.type.values[0], ensure_ascii=False)
    if kind == "number":
        low = fact.limits.low if fact.limits else None
        high = fact.limits.high if fact.limits else None
        value = high if high is not None else low if low is not None else Decimal(1)
        return format(value, "f")
    return {"flag": "false", "date": "2026-01-01", "text": '"any"'}.get(kind, "null")
