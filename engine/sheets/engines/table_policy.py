"""A decision table of another engine's sheet as a policy, its facts, and an example for each rule that can fire."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.dmn.converting.convert import Converted, converted
from ordain.engine.dmn.converting.yaml_text import yaml_text
from ordain.engine.dmn.reading.read import read_model
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.examples.coverage import measure
from ordain.engine.examples.example_text import example_text
from ordain.engine.examples.suggestions import suggest
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.load import load_besides_examples, load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.alike import told_once
from ordain.engine.sheets.engines.rule_table import Model, RuleTable, model_of
from ordain.engine.sheets.foreign.policy_text import Made, Named, any_value, with_facts
from ordain.engine.sheets.foreign.squares import ForeignSheet, Square

_NO_EXAMPLES = "examples: []\n"
_TOLD = ("the policy has no examples yet",)
"""What a conversion says and is not so here."""


def policy_of_table(
    table: RuleTable, sheet: ForeignSheet, vocabulary: Vocabulary | None, named: Named, *, dmn: bool = True
) -> Made:
    """The policy, and the facts that `vocabulary` lacks: all, where there is none.

    `dmn`: the sheet is one of DMN, so how a policy differs from that is told. Raises PolicyError with each square of
    which a policy has no words, and with what its loading finds.
    """
    model, result = _converted(table, sheet, named)
    file = f"policies/{named.policy}/v1.yaml"
    text = result.files[f"{named.policy}/v1.yaml"]
    if _NO_EXAMPLES not in text:
        raise PolicyError([_at_square(note, sheet, model.squares) for note in result.notes])
    head = text.removesuffix(_NO_EXAMPLES)
    wanted: Mapping[str, Any] = yaml.safe_load(result.files.get("facts.yaml", "facts: {}"))["facts"]
    added = {name: entry for name, entry in wanted.items() if vocabulary is None or name not in vocabulary}
    facts = textwrap.indent(yaml_text(added), "  ") if added else ""
    known = load_vocabulary(with_facts(vocabulary.text if vocabulary is not None else b"facts:", facts), "facts.yaml")
    examples, notes = _examples(head, file, known, [known[name] for name in wanted])
    final = formatted(f"{head}examples:\n{examples}".encode(), file)
    load_policy(final, file, known)
    notable = [note for note in result.notes if note.message not in _TOLD and (dmn or " in DMN" not in note.message)]
    told = [_at_square(note, sheet, model.squares) for note in notable]
    return Made(final.decode(), facts, (*sheet.notes, *told_once(told), *notes))


def _converted(table: RuleTable, sheet: ForeignSheet, named: Named) -> tuple[Model, Converted]:
    """The model and its policy. Raises PolicyError; where the table is lost, with the fault of each of its rows."""
    model, result = _try(table, sheet, named)
    if not _lost(result):
        return model, result
    issues: list[Issue] = []
    _find_faults(table, sheet, named, issues)
    # What no row alone shows is the table's own: an output of two types.
    raise PolicyError(told_once(issues or [_at_square(note, sheet, model.squares) for note in _lost(result)]))


def _find_faults(table: RuleTable, sheet: ForeignSheet, named: Named, issues: list[Issue]) -> None:
    """The faults of single rows of a table that is lost, found by halving it; so many that it is worth mending them."""
    if len(issues) >= LIMITS.sheet_faults:
        return
    model, tried = _try(table, sheet, named)
    if not _lost(tried):
        return
    if len(table.rows) == 1:
        issues += [_at_square(note, sheet, model.squares) for note in _lost(tried)]
        return
    middle = len(table.rows) // 2
    for rows in (table.rows[:middle], table.rows[middle:]):
        _find_faults(replace(table, rows=rows), sheet, named, issues)


def _try(table: RuleTable, sheet: ForeignSheet, named: Named) -> tuple[Model, Converted]:
    purpose = f"{sheet.title}, from a spreadsheet."
    model = model_of(table, named.policy, named.decision, named.effective.isoformat(), named.owner, purpose)
    try:
        return model, converted(read_model(model.text, sheet.file))
    except PolicyError as error:
        raise PolicyError([_at_square(issue, sheet, model.squares) for issue in error.issues]) from None


def _lost(result: Converted) -> list[Issue]:
    return [note for note in result.notes if " is left out: " in note.message]


def _at_square(issue: Issue, sheet: ForeignSheet, squares: Mapping[int, Square]) -> Issue:
    square = squares.get(issue.span.line) if issue.span is not None else None
    if square is None:
        return replace(issue, span=None)
    message = issue.message.partition(" is left out: ")[2] or issue.message
    place = f"{sheet.place(square)}: {message}"
    return replace(issue, message=place, span=sheet.span(square), code="sheet-cell", replacements=())


def _examples(head: str, file: str, vocabulary: Vocabulary, facts: Sequence[Fact]) -> tuple[str, list[Issue]]:
    """An example for each rule that some input makes fire, as it is decided; and what no input was found for."""
    given = ", ".join(f"{fact.name}: {any_value(fact)}" for fact in facts)
    text = f"{head}examples:\n  - given: {{{given}}}\n    refused: NoRuleApplies\n"
    policy, issues = load_besides_examples(text.encode(), file, vocabulary)
    if issues:
        raise PolicyError(issues)
    compiled = compile_policy(policy)
    coverage = measure(compiled)
    suggested = suggest(compiled, vocabulary, coverage)
    runs = [(each.given, each.run, each.reaches) for each in suggested.inputs if each.fires is not None]
    first = coverage.examples[0]
    if first.run.error is None or not runs:
        about = ", ".join(first.run.fired_in_order) or "no rule"
        runs.insert(0, (dict(first.example.given), first.run, f"{about} fires"))
    lines = [example_text(policy, vocabulary, known, run, about) for known, run, about in runs]
    notes = [Issue(f"{each.what}: {each.why}") for each in suggested.unreached if each.what.startswith("rule ")]
    return "".join(lines), [*notes, *_left_out(policy, suggested.left_out)]


def _left_out(policy: Policy, number: int) -> list[Issue]:
    if not number:
        return []
    return [Issue("not every rule has an example", f"`ordain test --policy {policy.name} --suggest` finds more")]
