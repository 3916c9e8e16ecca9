"""The flow of a service as an SVG picture: plain shapes, no script, nothing that is loaded; all text is escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ordain.api.contract.flow_layout import Placed, Point, layout_of
from ordain.api.contract.service_flow import Box, Flow, Shape

_FILLS = {
    Shape.FACTS: "#eef4fb",
    Shape.MODEL: "#f3ecfa",
    Shape.DECISION: "#ffffff",
    Shape.HELD: "#fdf3e3",
    Shape.OUTPUT: "#e8f5e9",
}
_FONT = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12"'


def svg(flow: Flow) -> str:
    """The picture, as a file of its own."""
    laid = layout_of(flow)
    width, height = round(laid.width), round(laid.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {_FONT}>',
        f"<title>{_shown(flow.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<g fill="none" stroke="#8a94a0" stroke-width="1.2">',
        *(_arrow(points) for points in laid.runs.values()),
        "</g>",
    ]
    for name, placed in laid.boxes.items():
        parts += _box(flow.boxes[name], placed)
    return "\n".join([*parts, "</svg>", ""])


def _arrow(points: list[Point]) -> str:
    """A line through the points, straight along layers and bent between them, with a head."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for number, (to_x, to_y) in enumerate(rest):
        middle = (x + to_x) / 2
        bent = f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        path.append(bent if number % 2 else f"L{to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    head = f"M{x - 7:.1f} {y - 4:.1f} L{x:.1f} {y:.1f} L{x - 7:.1f} {y + 4:.1f}"
    return f'<path d="{" ".join(path)} {head}"/>'


def _box(box: Box, placed: Placed) -> Iterator[str]:
    x, y, width, height = placed.x, placed.y, placed.width, placed.height
    dashes = ' stroke-dasharray="4 3"' if box.faint else ""
    look = f'fill="{_FILLS[box.shape]}" stroke="#3d4852"{dashes}'
    if box.shape is Shape.HELD:
        middle, left, right, end = y + height / 2, x + 8, x + width - 8, y + height
        corners = [(x, middle), (left, y), (right, y), (x + width, middle), (right, end), (left, end)]
        yield f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" {look}/>'
    else:
        # As DMN draws them: what is put in has round ends, a decision has corners.
        round_by = {Shape.FACTS: min(height / 2, 16.0), Shape.OUTPUT: 6.0}.get(box.shape, 0.0)
        yield (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_by:.1f}" {look}/>')
    lines = [*box.lines, *([box.group] if box.group else [])]
    for number, line in enumerate(lines):
        strong = ' font-weight="bold"' if number == 0 and box.shape is not Shape.FACTS else ""
        soft = ' fill="#5c6670"' if number and box.shape is not Shape.FACTS else ""
        at = f'x="{x + width / 2:.1f}" y="{y + 17 + 16 * number:.1f}" text-anchor="middle"'
        yield f"<text {at}{strong}{soft}>{_shown(line)}</text>"


def _shown(text: str) -> str:
    """Escaped, without characters that XML cannot hold."""
    return escape("".join(sign for sign in text if sign.isprintable()))
