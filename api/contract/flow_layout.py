"""Where the boxes of a flow stand, and how its arrows run: in layers from left to right (K. Sugiyama et al., 1981).

An arrow that crosses layers has a place of its own in each of them, so that it runs between boxes and not behind
them. Positions are floats, in pixels: they are what a picture is made of, and nothing is decided by them.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ordain.api.contract.service_flow import Flow, Shape

_LETTER, _LINE, _PAD = 7.2, 16.0, 10.0
_ACROSS, _BETWEEN, _LANE = 80.0, 14.0, 6.0
_SWEEPS = 12
Point = tuple[float, float]


@dataclass(slots=True)
class Placed:
    """A box by its upper left corner; `end` is where the widest of its column ends, left of which no arrow bends."""

    x: float
    y: float
    width: float
    height: float
    end: float


@dataclass(frozen=True, slots=True)
class Layout:
    """`runs` are the points that each arrow goes through, from the edge of one box to that of the other: straight to
    the second, bent to the third, and so on in turn."""

    boxes: Mapping[str, Placed]
    runs: Mapping[tuple[str, str], list[Point]]
    width: float
    height: float


def layout_of(flow: Flow) -> Layout:
    """The flow laid out. Boxes of decisions tell their policy, too, in a line of its own."""
    layers = _layers(flow)
    chains = {arrow: _chain(arrow, layers) for arrow in flow.arrows}
    for chain in chains.values():
        start = layers[chain[0]]
        layers.update({name: start + step for step, name in enumerate(chain)})
    columns: list[list[str]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for name in [*flow.boxes, *(each for each in layers if each not in flow.boxes)]:
        columns[layers[name]].append(name)
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for chain in chains.values():
        for source, target in pairwise(chain):
            after[source].append(target)
            before[target].append(source)
    _uncross(columns, before, after)
    placed = _placed(flow, columns)
    _level(columns, flow.boxes, placed, before, after)
    top = min((box.y for box in placed.values()), default=0.0)
    for box in placed.values():
        box.y += _PAD - top
    boxes = {name: placed[name] for name in flow.boxes}
    runs = {arrow: _run(chain, placed) for arrow, chain in chains.items()}
    width = max((box.x + box.width for box in placed.values()), default=0.0) + _PAD
    return Layout(boxes, runs, width, max((box.y + box.height for box in placed.values()), default=0.0) + _PAD)


def _layers(flow: Flow) -> dict[str, int]:
    """The layer of each box: one further than all that it reads; facts right before the first that reads them."""
    sources: dict[str, list[str]] = defaultdict(list)
    targets: dict[str, list[str]] = defaultdict(list)
    for source, target in flow.arrows:
        sources[target].append(source)
        targets[source].append(target)
    layers: dict[str, int] = {}
    waiting = list(flow.boxes)
    while waiting:  # what a box reads is decided before it, so there is always one whose sources are known
        ready = [name for name in waiting if all(source in layers for source in sources[name])]
        layers.update({name: 1 + max((layers[source] for source in sources[name]), default=-1) for name in ready})
        waiting = [name for name in waiting if name not in layers]
    last = max(layers.values(), default=0)
    for name, box in flow.boxes.items():
        if box.shape is Shape.OUTPUT:
            layers[name] = last
        elif not sources[name] and targets[name]:
            layers[name] = min(layers[target] for target in targets[name]) - 1
    return layers


def _chain(arrow: tuple[str, str], layers: Mapping[str, int]) -> list[str]:
    source, target = arrow
    between = range(layers[source] + 1, layers[target])
    return [source, *(f"{source} -> {target} in {layer}" for layer in between), target]


def _uncross(columns: list[list[str]], before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> None:
    """Orders each column by where its neighbours in the one beside it stand, forwards and backwards in turn."""
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        neighbours = before if forwards else after
        for column in columns if forwards else reversed(columns):
            place = {name: float(at) for each in columns for at, name in enumerate(each)}
            column.sort(key=lambda name: _mean((place[each] for each in neighbours.get(name, ())), place[name]))


def _mean(numbers: Iterable[float], otherwise: float) -> float:
    found = list(numbers)
    return sum(found) / len(found) if found else otherwise


def _placed(flow: Flow, columns: list[list[str]]) -> dict[str, Placed]:
    placed: dict[str, Placed] = {}
    x = _PAD
    for column in columns:
        sizes = {name: _size(flow, name) for name in column}
        widest, y = max((width for width, _ in sizes.values()), default=0.0), _PAD
        for name, (width, height) in sizes.items():
            placed[name] = Placed(x, y, width if name in flow.boxes else widest, height, x + widest)
            y += height + (_BETWEEN if name in flow.boxes else _LANE)
        x += widest + _ACROSS
    return placed


def _size(flow: Flow, name: str) -> Point:
    box = flow.boxes.get(name)
    if box is None:
        return 0.0, _LANE
    lines = [*box.lines, *([box.group] if box.group else [])]
    return max(map(_letters, lines)) * _LETTER + 2 * _PAD, len(lines) * _LINE + _PAD


def _letters(text: str) -> int:
    """How many letters wide a text is: those of East Asia are two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _level(
    columns: list[list[str]],
    boxes: Collection[str],
    placed: Mapping[str, Placed],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
) -> None:
    """Moves boxes up and down to where their neighbours stand, as near as the others of their column leave room."""
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        neighbours = before if forwards else after
        for column in columns if forwards else reversed(columns):
            offset, offsets = 0.0, []
            for name in column:
                offsets.append(offset)
                offset += placed[name].height + (_BETWEEN if name in boxes else _LANE)
            wanted = [_wanted(name, placed, neighbours) - offset for name, offset in zip(column, offsets, strict=True)]
            for name, offset, y in zip(column, offsets, _rising(wanted), strict=True):
                placed[name].y = y + offset


def _rising(wanted: Iterable[float]) -> Iterator[float]:
    """The numbers nearest to these, by the sum of squares, of which none is below the one before: pool adjacent
    violators (M. Ayer et al., 1955)."""
    pools: list[tuple[float, int]] = []
    for number in wanted:
        total, count = number, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, several = pools.pop()
            total, count = total + more, count + several
        pools.append((total, count))
    for total, count in pools:
        yield from [total / count] * count


def _wanted(name: str, placed: Mapping[str, Placed], neighbours: Mapping[str, list[str]]) -> float:
    middles = (placed[each].y + placed[each].height / 2 for each in neighbours.get(name, ()))
    box = placed[name]
    return _mean(middles, box.y + box.height / 2) - box.height / 2


def _run(chain: list[str], placed: Mapping[str, Placed]) -> list[Point]:
    first, *lanes, last = (placed[name] for name in chain)
    begin = first.y + first.height / 2
    points = [(first.x + first.width, begin), (first.end, begin)]
    for lane in lanes:
        middle = lane.y + lane.height / 2
        points += [(lane.x, middle), (lane.x + lane.width, middle)]
    return [*points, (last.x, last.y + last.height / 2)]
