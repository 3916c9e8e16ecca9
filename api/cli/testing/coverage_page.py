"""The coverage of policies by their examples as one HTML page that stands alone: no script, no other file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ordain.api.limits import LIMITS
from ordain.engine.examples.coverage import ConditionSeen, Coverage, RuleSeen, percent

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0;
  --good: #dafbe1; --some: #fff3c4; --bad: #ffe0dd; --mark: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --good: #12361f; --some: #3f3209; --bad: #4a1d1a; --mark: #79c0ff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.text { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
.text table { margin: 0; font: 13px/1.5 ui-monospace, monospace; width: 100%; }
.text td { border: 0; padding: 0 .6rem; white-space: pre; }
.text td.place { text-align: right; color: var(--soft); user-select: none; }
tr.fired, .fired { background: var(--good); } tr.partly, .partly { background: var(--some); }
tr.never, .never { background: var(--bad); }
.badge { color: var(--soft); font-size: 12px; } .cell { border-bottom: 2px solid var(--mark); }
.cell.once, .cell.unseen { border-bottom-style: dashed; } .ticks { color: var(--mark); font-size: 11px; }
.key span { padding: .1rem .5rem; border-radius: 4px; margin-right: .5rem; }
"""


def coverage_page(coverages: Sequence[Coverage]) -> str:
    """The whole page: a summary, then each policy's text with its rules and conditions marked."""
    body = "\n".join(
        [
            "<h1>What the examples reach</h1>",
            _summary(coverages),
            '<p class="key"><span class="fired">a rule that fired</span><span class="partly">some rules of the line '
            'fired</span><span class="never">a rule that never fired</span> ✓T ✓F: a condition seen true, seen false; '
            "✗: not seen</p>",
            *(_policy(coverage) for coverage in coverages),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Ordain: what the examples reach</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _summary(coverages: Sequence[Coverage]) -> str:
    rows = []
    for each in coverages:
        name = f'<a href="#{escape(each.policy.label)}">{escape(each.policy.label)}</a>'
        if each.policy.lenient:
            rows.append(f'<tr><td>{name}</td><td colspan="3">a .dmn file has no examples of its own</td></tr>')
            continue
        passed = len(each.examples) - len(each.failed)
        fired, seen = len(each.rules) - len(each.never_fired), each.outcomes
        shares = (_share(passed, len(each.examples)), _share(fired, len(each.rules)), _share(*seen))
        rows.append(f"<tr><td>{name}</td>{''.join(shares)}</tr>")
    head = "<tr><th>policy</th><th>examples as written</th><th>rules fired</th><th>condition outcomes seen</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _share(part: int, whole: int) -> str:
    return f'<td class="number">{part} of {whole} ({percent(part, whole)} %)</td>'


def _policy(coverage: Coverage) -> str:
    policy = coverage.policy
    head = f'<h2 id="{escape(policy.label)}">{escape(policy.label)}</h2>\n<p>{escape(policy.purpose)}</p>'
    if policy.lenient:
        return f"{head}\n<p>A .dmn file has no examples of its own.</p>"
    failed = "".join(
        f"<li>example {tried.number}, line {tried.example.span.line}: {escape(issue.message)}</li>"
        for tried in coverage.failed
        for issue in tried.issues
    )
    never = "".join(
        f"<li><code>{escape(seen.rule.id)}</code>, {escape(str(seen.rule.span))}</li>" for seen in coverage.never_fired
    )
    parts = [head]
    if failed:
        parts.append(f"<h3>Examples with another result</h3><ul>{failed}</ul>")
    if never:
        parts.append(f"<h3>Rules never fired</h3><ul>{never}</ul>")
    return "\n".join([*parts, f'<div class="text"><table>{"".join(_lines(coverage))}</table></div>'])


def _lines(coverage: Coverage) -> Iterator[str]:
    """The policy's text line by line, with what was seen."""
    text = coverage.policy.text.decode("utf-8-sig").splitlines()
    starting: dict[int, list[RuleSeen]] = {}
    colours: dict[int, str] = {}
    conditions: dict[int, list[ConditionSeen]] = {}
    for seen in coverage.rules:
        starting.setdefault(seen.rule.span.line, []).append(seen)
        for each in seen.conditions:
            conditions.setdefault(each.condition.span.line, []).append(each)
    for first, rules in starting.items():
        fired = sum(bool(seen.fired) for seen in rules)
        colour = "fired" if fired == len(rules) else "partly" if fired else "never"
        colours.update(dict.fromkeys(_block(text, first), colour))
    for number, line in enumerate(text, start=1):
        row = f'<tr class="{colours[number]}">' if number in colours else "<tr>"
        code, rest = _marked(line, conditions.get(number, ()))
        badges = [_rule_badge(seen) for seen in starting.get(number, ())] + [_ticks(each, named=True) for each in rest]
        yield f'{row}<td class="place">{number}</td><td>{code}</td><td class="badge">{"; ".join(badges)}</td></tr>\n'


def _block(text: Sequence[str], line: int) -> Iterable[int]:
    """The lines of the list item that the rule on a line is: up to the next line that stands as far left."""
    first = line
    while first > 1 and not text[first - 1].lstrip().startswith("- "):
        first -= 1
    indent = _indent(text[first - 1]) if text[first - 1].lstrip().startswith("- ") else _indent(text[line - 1])
    first = first if text[first - 1].lstrip().startswith("- ") else line
    last = first
    for number in range(first + 1, len(text) + 1):
        written = text[number - 1]
        if written.strip() and _indent(written) <= indent:
            break
        if written.strip():
            last = number
    return range(first, max(last, line) + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _marked(line: str, conditions: Iterable[ConditionSeen]) -> tuple[str, list[ConditionSeen]]:
    """The line with the conditions that stand in it underlined, and those that stand in it only in part."""
    done, written, rest = 0, "", []
    for each in sorted(conditions, key=lambda seen: seen.condition.span.column):
        start, under = each.condition.span.column - 1, each.condition.span.text
        if start < done or not under or line[start : start + len(under)] != under:
            rest.append(each)
            continue
        how = ("unseen", "once", "both")[each.outcomes]
        written += escape(line[done:start])
        written += f'<span class="cell {how}" title="{escape(_told(each))}">{escape(under)}</span>{_ticks(each)}'
        done = start + len(under)
    return written + escape(line[done:]), rest


def _ticks(seen: ConditionSeen, *, named: bool = False) -> str:
    said = f"{'✓' if seen.true else '✗'}T {'✓' if seen.false else '✗'}F"
    name = f"{escape(seen.condition.on)} {escape(seen.condition.text)} " if named else " "
    return f'{name}<span class="ticks" title="{escape(_told(seen))}">{said}</span>'


def _told(seen: ConditionSeen) -> str:
    return f"true: {_numbers(seen.true)}; false: {_numbers(seen.false)}"


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[: LIMITS.listed_examples]))
    if len(numbers) < 2:
        return f"example {shown}" if numbers else "never"
    return f"examples {shown}{' ...' if len(numbers) > LIMITS.listed_examples else ''}"


def _rule_badge(seen: RuleSeen) -> str:
    return f"{escape(seen.rule.id)}: {f'fired, {_numbers(seen.fired)}' if seen.fired else 'never fired'}"
