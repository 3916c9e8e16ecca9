"""Writes the reference of the language from the tables of functions and properties, and two texts with places for them.

`pages` gives docs/feel.md, all of it, and docs/feel-cheat-sheet.md, one page for business users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.functions import FUNCTIONS, GROUPS
from ordain.engine.feel.functions.entry import Function
from ordain.engine.feel.functions.operators import PROPERTIES

_TOP = (
    "count",
    "sum",
    "mean",
    "decimal",
    "abs",
    "contains",
    "upper case",
    "substring",
    "string join",
    "date",
    "years and months duration",
    "day of week",
)
"""The functions of the one page, in its order."""


def pages() -> dict[str, str]:
    """The texts of both pages by file name."""
    return {
        "feel.md": _filled("reference.md", {"index": _index(), "functions": _functions(), "properties": _properties()}),
        "feel-cheat-sheet.md": _filled("cheat_sheet.md", {"top": _top()}),
    }


def about(word: str = "") -> dict[str, Function]:
    """The functions whose name or meaning has the word, in any case; the one of exactly that name alone."""
    if word in FUNCTIONS:
        return {word: FUNCTIONS[word]}
    low = word.lower()
    return {name: each for name, each in FUNCTIONS.items() if low in name.lower() or low in each.meaning.lower()}


def near(word: str) -> str:
    """What a word that names no function may have meant."""
    return did_you_mean(word, FUNCTIONS)


def signatures(name: str, function: Function) -> list[str]:
    """Each way to call a function, as one line."""
    return [f"{name}{signature.text}" for signature in function.signatures]


def _filled(template: str, parts: Mapping[str, str]) -> str:
    text = resources.files("ordain.engine.feel.functions").joinpath(template).read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _heading(group: str) -> str:
    """A group's heading: no other heading of the page is called so, and links find it."""
    return f"Functions: {group.lower()}"


def _index() -> str:
    """Every function by the alphabet, with a link to its group."""
    groups = {name: _heading(heading) for heading, group in GROUPS.items() for name in group}
    anchors = {name: re.sub(r"[^a-z ]", "", heading.lower()).replace(" ", "-") for name, heading in groups.items()}
    links = [f"[{_code(name)}](#{anchors[name]})" for name in sorted(groups)]
    lines = [""]
    for link in links:
        if len(lines[-1]) + len(link) > 118:
            lines.append("")
        lines[-1] += f"{link}, "
    return "\n".join(lines).replace(", \n", ",\n").removesuffix(", ")


def _functions() -> str:
    return "\n\n".join(_group(heading, group) for heading, group in GROUPS.items())


def _group(heading: str, group: Mapping[str, Function]) -> str:
    rows = [
        (f"{_code(name)}{' *' if each.own else ''}", _cell(each.meaning), _code(each.example), _code(each.result))
        for name, each in group.items()
    ]
    lines = [line for name, each in group.items() for line in signatures(name, each)]
    table = _table(("function", "meaning", "write", "gives"), rows)
    return "\n".join([f"### {_heading(heading)}", "", table, "", "```text signatures", *lines, "```"])


def _properties() -> str:
    rows = [(str(kind), ", ".join(_code(name) for name in names)) for kind, names in PROPERTIES.items()]
    return _table(("of a", "properties"), rows)


def _top() -> str:
    rows = [
        (_code(FUNCTIONS[name].example), _code(FUNCTIONS[name].result), _cell(FUNCTIONS[name].meaning)) for name in _TOP
    ]
    return _table(("write", "gives", "says"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, *rows]
    written = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([written[0], "|" + "---|" * len(heads), *written[1:]])


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    """A text inside a table, whose columns a bar would end."""
    return text.replace("|", "\\|")
