"""The flow of a service as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

from collections.abc import Iterator

from ordain.api.contract.service_flow import Flow, Shape

_SHAPES = {
    Shape.FACTS: ("([", "])"),
    Shape.MODEL: ("[[", "]]"),
    Shape.DECISION: ("[", "]"),
    Shape.HELD: ("{{", "}}"),
    Shape.OUTPUT: ("(", ")"),
}
_PLAIN = frozenset("_-.,@() ")


def mermaid(flow: Flow) -> str:
    """The text of the flowchart, which ends with a line break. Boxes have numbers, so that no name is a keyword."""
    return "\n".join([*_lines(flow), ""])


def _lines(flow: Flow) -> Iterator[str]:
    numbers = {name: f"n{number}" for number, name in enumerate(flow.boxes, start=1)}
    yield "flowchart LR"
    yield f"    %% {' '.join(flow.title.split())}".replace("{", "(").replace("}", ")")  # braces begin a directive
    for place, (group, names) in enumerate(flow.groups().items(), start=1):
        inside = "    "
        if group:
            yield f'    subgraph g{place}["{_escaped(group)}"]'
            inside = "        "
        for name in names:
            box = flow.boxes[name]
            begin, end = _SHAPES[box.shape]
            yield f'{inside}{numbers[name]}{begin}"{"<br/>".join(map(_escaped, box.lines))}"{end}'
        if group:
            yield "    end"
    for source, target in flow.arrows:
        yield f"    {numbers[source]} --> {numbers[target]}"
    faint = [numbers[name] for name, box in flow.boxes.items() if box.faint]
    if faint:
        yield "    classDef faint stroke-dasharray: 4 3"
        yield f"    class {','.join(faint)} faint"


def _escaped(text: str) -> str:
    """Mermaid's own escapes: the number of a character between `#` and `;`."""
    return "".join(sign if sign.isalnum() or sign in _PLAIN else f"#{ord(sign)};" for sign in " ".join(text.split()))
