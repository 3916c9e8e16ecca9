"""A model's card as one HTML page that stands alone: no script, no other file, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ordain.models.registry.card import Card
from ordain.models.spec import Figure
from ordain.models.training.drawing import legend, picture

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0; --some: #fff3c4;
  --c0: #0550ae; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; --c4: #bf3989; --c5: #59636e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --some: #3f3209; --c0: #79c0ff; --c1: #ffa657; --c2: #7ee787; --c3: #d2a8ff; --c4: #ff9bce; --c5: #9198a1; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } td.number { white-space: nowrap; }
th.number { max-width: 11rem; vertical-align: bottom; } td:last-child:not(.number) { min-width: 16rem; }
.soft { color: var(--soft); } .synthetic { background: var(--some); padding: .5rem .75rem; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; } dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; } code { font-size: .9em; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; max-width: 100%; }
figcaption { font-weight: 600; } svg { max-width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg text.axis { fill: var(--ink); }
svg .grid { stroke: var(--line); stroke-width: 1; } svg polyline { fill: none; stroke-width: 2; }
.legend { margin: 0; } .key::before { content: ""; display: inline-block; width: .8em; height: .8em;
  margin: 0 .4em 0 .8em;
  background: currentColor; border-radius: 2px; }
""" + "".join(
    f"svg polyline.c{at} {{ stroke: var(--c{at}); }} svg rect.c{at}, svg circle.c{at} {{ fill: var(--c{at}); }} "
    f".key.c{at}::before {{ background: var(--c{at}); }}\n"
    for at in range(6)
)


def page(card: Card) -> str:
    """The whole page, the same text for the same card. Raises nothing."""
    title = f"{card.name} version {card.version}"
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="soft">{escape(card.about)}</p>']
    if card.data.synthetic:
        parts.append('<p class="synthetic">SYNTHETIC data: invented, and no evidence about real customers.</p>')
    parts += [
        f"<h2>On held-out rows</h2>{_figures(card)}",
        _list("Notes", card.report.notes),
        _seeds(card),
        _plots(card),
        f"<h2>What it gives</h2>{_outputs(card)}",
        f"<h2>What it reads</h2>{_features(card)}",
        f"<h2>Data</h2>{_data(card)}",
        f"<h2>Training</h2>{_training(card)}",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _figures(card: Card) -> str:
    headings = (
        ("", ""),
        ("model", "n"),
        ("95 % interval", "n"),
        (card.report.baseline, "n"),
        ("", ""),
    )
    rows = (
        (each.name, _number(each.value), _interval(each), _number(each.baseline), each.meaning)
        for each in card.report.figures
    )
    return _table(headings, rows)


def _seeds(card: Card) -> str:
    if not card.seeds:
        return ""
    headings = (("", ""), ("mean", "n"), ("standard deviation", "n"), ("lowest", "n"), ("highest", "n"))
    rows = ((each.figure, *map(_number, (each.mean, each.deviation, each.low, each.high))) for each in card.seeds)
    return f"<h2>Over {card.trainings} seeds, each with a split of its own</h2>{_table(headings, rows)}"


def _plots(card: Card) -> str:
    if not card.report.plots:
        return ""
    figures = (
        f"<figure><figcaption>{escape(plot.title)}</figcaption>{picture(plot)}{legend(plot)}</figure>"
        for plot in card.report.plots
    )
    return f'<h2>Plots</h2><div class="plots">{"".join(figures)}</div>'


def _outputs(card: Card) -> str:
    rows = ((each.name, str(each.gives), " | ".join(each.values) or each.type, each.meaning) for each in card.outputs)
    return _table((("fact", ""), ("kind", ""), ("type", ""), ("meaning", "")), rows)


def _features(card: Card) -> str:
    rows = (
        (
            each.name,
            each.type,
            each.range or " | ".join(each.values),
            ", ".join(word for word, said in (("optional", each.optional), ("protected", each.protected)) if said),
            each.meaning,
        )
        for each in card.features
    )
    return _table((("fact", ""), ("type", ""), ("values", ""), ("", ""), ("meaning", "")), rows)


def _data(card: Card) -> str:
    data = card.data
    pairs = [
        ("table", data.table),
        ("about", data.about),
        ("licence", data.licence or "not said"),
        ("rows", f"{data.rows:,}"),
        *((part, f"{count:,}") for part, count in data.parts.items()),
        ("digest", data.digest),
    ]
    if card.mapping is not None:
        pairs.append(("mapping", f"{card.mapping.name}, {card.mapping.digest}"))
    return _pairs(pairs)


def _training(card: Card) -> str:
    pairs = [
        ("trained at", card.trained_at),
        ("seed", str(card.seed)),
        ("specification", card.spec),
        ("Ordain", card.code),
        *((library, version) for library, version in card.libraries.items()),
        *((name, _parameter(value)) for name, value in card.parameters.items()),
        *((name, digest) for name, digest in card.files.items()),
    ]
    return _pairs(pairs)


def _list(title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<h2>{title}</h2><ul>{items}</ul>" if items else ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(text)}</dd>' for name, text in pairs)}</dl>"


def _table(headings: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    classes = [' class="number"' if right else "" for _, right in headings]
    heads = "".join(
        f'<th scope="col"{how}>{escape(name)}</th>' for (name, _), how in zip(headings, classes, strict=True)
    )
    lines = (
        "<tr>" + "".join(f"<td{how}>{escape(cell)}</td>" for cell, how in zip(row, classes, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def _parameter(value: float | int | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _interval(each: Figure) -> str:
    return "" if each.low is None or each.high is None else f"{_number(each.low)} to {_number(each.high)}"
