"""The coverage of policies by their examples, and suggested examples, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.api.limits import LIMITS
from ordain.engine.examples.coverage import Coverage, TriedExample, percent
from ordain.engine.examples.example_text import example_text, outcome_of, shortened
from ordain.engine.examples.suggestions import Suggestions
from ordain.engine.policy.facts import Vocabulary

_LONGEST = LIMITS.given_characters


def show(coverage: Coverage) -> None:
    """The examples of one policy with the rules that fired, and what they reach of its rules and conditions."""
    policy = coverage.policy
    OUT.print(Text(policy.label, style="bold"))
    if policy.lenient:
        OUT.print(Text(f"  {policy.span.file} has no examples of its own: a .dmn file cannot hold any\n"))
        return
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "line", "given", "came", "fired", ""):
        grid.add_column(heading, overflow="fold")
    for tried in coverage.examples:
        grid.add_row(*_example_row(coverage, tried))
    OUT.print(grid)
    _show_rules(coverage)


def _example_row(coverage: Coverage, tried: TriedExample) -> list[Text]:
    fired = ", ".join(tried.run.fired_in_order) or "no rule"
    verdict = Text("ok", style="green")
    if tried.issues:
        said = (
            issue.message.removeprefix(f"example {tried.number} of `{coverage.policy.label}` ")
            for issue in tried.issues
        )
        verdict = Text("; ".join(said), style="red")
    place = f"{tried.example.span.line}"
    given = shortened(tried.example.given, _LONGEST)
    return [Text(str(tried.number)), Text(place), Text(given), Text(_came(coverage, tried)), Text(fired), verdict]


def _came(coverage: Coverage, tried: TriedExample) -> str:
    """What the example asks about, as it came; all that the policy gives when it asks about the rules alone."""
    if tried.run.error is not None:
        return tried.run.error.code
    came = outcome_of(coverage.policy, tried.run)
    asked = [path for path in tried.example.expect if path != "fired" and path in came]
    text = ", ".join(f"{path}: {came[path]}" for path in asked or [path for path in came if path != "fired"])
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3].rstrip()}..."


def _show_rules(coverage: Coverage) -> None:
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("rule", "fired by", "conditions", "true", "false"):
        grid.add_column(heading, overflow="fold")
    for seen in coverage.rules:
        fired = Text(_count(seen.fired)) if seen.fired else Text("never", style="red")
        name = seen.rule.id
        for each in seen.conditions:
            asked = Text(f"{each.condition.on}: {each.condition.text}"[:_LONGEST])
            grid.add_row(Text(name), fired, asked, _tick(each.true), _tick(each.false))
            name, fired = "", Text("")
        if not seen.conditions:
            grid.add_row(Text(name), fired, Text(""), Text(""), Text(""))
    if coverage.rules:
        OUT.print(grid)
    if coverage.never_fired:
        OUT.print(Text("never fired:", style="red"))
        for seen in coverage.never_fired:
            OUT.print(Text(f"  {seen.rule.id}  {seen.rule.span}"))
    OUT.print("")


def _count(numbers: tuple[int, ...]) -> str:
    """The first examples by number, and how many more there are."""
    shown = ", ".join(map(str, numbers[:5]))
    return f"{shown} and {len(numbers) - 5} more" if len(numbers) > 5 else shown


def _tick(numbers: tuple[int, ...]) -> Text:
    return Text("✓", style="green") if numbers else Text("✗", style="red")


def show_suggestions(vocabulary: Vocabulary, suggestions: Suggestions) -> None:
    """Examples to paste into a policy, and what none was found for as comments."""
    policy = suggestions.policy
    if suggestions.inputs:
        OUT.print(Text(f"# {policy.label}: to be added under `examples:`"))
        for each in suggestions.inputs:
            text = example_text(policy, vocabulary, each.given, each.run, each.reaches)
            OUT.print(Text(text), end="")
    for missed in suggestions.unreached:
        OUT.print(Text(f"# not reached: {missed.what}, {missed.span}: {missed.why}"))
    if suggestions.left_out:
        OUT.print(Text(f"# {suggestions.left_out} more were left out: add these first, and ask again"))
    if suggestions.inputs or suggestions.unreached:
        OUT.print("")


def show_totals(coverages: Sequence[Coverage]) -> None:
    """One line for each policy."""
    grid = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("policy", "examples ok", "rules fired", "outcomes seen"):
        grid.add_column(heading, justify="left" if heading == "policy" else "right")
    for each in coverages:
        if each.policy.lenient:
            grid.add_row(Text(each.policy.label), Text("none"), Text(""), Text(""))
            continue
        passed = len(each.examples) - len(each.failed)
        fired = len(each.rules) - len(each.never_fired)
        shares = ((passed, len(each.examples)), (fired, len(each.rules)), each.outcomes)
        grid.add_row(Text(each.policy.label), *(Text(f"{a} of {b} ({percent(a, b)} %)") for a, b in shares))
    OUT.print(grid)
