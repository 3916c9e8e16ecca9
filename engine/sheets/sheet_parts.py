"""A YAML text taken apart into its parts, each with where it begins and ends, so that one can be exchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ordain.engine.text.source import Node
from ordain.engine.text.source import parse as parse_nodes

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Part:
    """One value, from `start` until `end` (positions in the text). `style` is that of a scalar: "", ', ", | or >.

    `flow`: a list or mapping in brackets. `pairs` are the entries of a mapping, `items` those of a list.
    """

    start: int
    end: int
    text: str = ""
    style: str = ""
    flow: bool = False
    kind: str = "scalar"
    pairs: tuple[tuple[Part, Part], ...] = ()
    items: tuple[Part, ...] = ()

    def get(self, *path: str) -> Part | None:
        """The value under these keys; None when there is none."""
        part: Part | None = self
        for name in path:
            part = next((value for key, value in part.pairs if key.text == name), None) if part else None
        return part

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Part, Part]]:
        """Path, key and value of each scalar below a mapping."""
        for key, value in self.pairs:
            here = (*path, key.text)
            if value.kind == "scalar":
                yield here, key, value
            yield from value.leaves(here)

    def scalars(self) -> Iterator[Part]:
        """Every scalar below, keys too, in written order."""
        if self.kind == "scalar":
            yield self
        for key, value in self.pairs:
            yield key
            yield from value.scalars()
        for item in self.items:
            yield from item.scalars()


def parts_of(text: str) -> Part:
    """The parts of a YAML text that is known to be one document that `engine.text.source` reads."""
    return _part(yaml.compose(text, Loader=_LOADER), text)


def _part(node: Any, text: str) -> Part:
    start, end = node.start_mark.index, node.end_mark.index
    if node.id == "scalar":
        if node.style in ("|", ">"):
            end = start + len(text[start:end].rstrip())
        return Part(start, end, node.value, node.style or "")
    if node.id == "mapping":
        pairs = tuple((_part(key, text), _part(value, text)) for key, value in node.value)
        end = end if node.flow_style or not pairs else pairs[-1][1].end
        return Part(start, end, flow=bool(node.flow_style), kind="mapping", pairs=pairs)
    items = tuple(_part(item, text) for item in node.value)
    end = end if node.flow_style or not items else items[-1].end
    return Part(start, end, flow=bool(node.flow_style), kind="list", items=items)


def value_at(root: Node, path: tuple[str | int, ...]) -> Node | None:
    """The node under keys and numbers of items."""
    node: Node | None = root
    for step in path:
        node = node.value[step] if node is not None and isinstance(step, int) else node and node.get(str(step))
    return node


def read_nodes(text: str) -> Node:
    return parse_nodes(text.encode("utf-8", "surrogatepass"), "")


def line_starts(text: str) -> list[int]:
    """The position at which each line begins, by YAML's line breaks."""
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def line_start(text: str, position: int) -> int:
    """Where the line of `position` begins."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """Just after the line break that ends the line of `position`."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def comments_in(text: str, part: Part, start: int, end: int) -> list[str]:
    """The comments between two positions, without their sign, apart from what looks like one inside a scalar."""
    masked = list(text[start:end])
    for scalar in part.scalars():
        for position in range(max(scalar.start, start), min(scalar.end, end)):
            masked[position - start] = "\n" if text[position] == "\n" else "x"
    comments = re.finditer(r"(?:(?<=\s)|^)#[^\r\n]*", "".join(masked), re.MULTILINE)
    return [plain_comment(text[start + match.start() : start + match.end()]) for match in comments]


def plain_comment(line: str) -> str:
    """A comment without its sign and the space after it."""
    bare = line.strip().removeprefix("#")
    return bare[1:] if bare.startswith(" ") else bare
