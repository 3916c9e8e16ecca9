"""The page of the house is true: its drawing is the imports, its table has every room, and what it names exists."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from doc_fragments import DOCUMENTS, ROOT, blocks

PAGE = ROOT / "docs/architecture.md"
PACKAGES = ("engine", "models", "audit", "api")
REPLACED = re.compile(r"^Replaced by ADR", re.MULTILINE)
Arrows = dict[str, set[str]]
"""The rooms that each room imports."""

_CODE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.py)(?::([A-Za-z_][\w.]*))?`")
"""A Python file in a document, perhaps with what is defined in it: `engine/step.py:Step`."""
_PATH = re.compile(r"(?<![\w./~@-])(?:engine|models|audit|api|ordain|tests|bench|docs)/[\w./-]*\w")
_MODULE = re.compile(r"ordain(?:\.\w+)+(?::\w+)?")
_ARROW = re.compile(r"^ *(\w+) --> (\w+(?: & \w+)*)$")
_ROW = re.compile(r"^\| `([\w/]+)` \| (.+) \| `([\w/.]+\.py)(?::[\w.]+)?` \|$")


# --- the drawing ------------------------------------------------------------------------------------------------


def room(module: str) -> str:
    """The node of the drawing that a module below `ordain` belongs to: of the engine the folder, or the loose file."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "engine" and rest else package


def named(node: ast.AST) -> list[str]:
    """The modules that a node imports, or names for `engine/late.py` to import when they are used."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case ast.Constant(value=str() as text) if _MODULE.fullmatch(text):
            return [text.partition(":")[0]]
    return []


def imported() -> Arrows:
    """Which room imports which, by what stands in the files."""
    arrows: Arrows = defaultdict(set)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            own = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                for name in named(node):
                    top, _, below = name.partition(".")
                    if top == "ordain" and below.partition(".")[0] in PACKAGES and (other := room(below)) != own:
                        arrows[own].add(other)
    return arrows


def drawn() -> Arrows:
    """The arrows of the one drawing on the page."""
    (drawing,) = (block.text for block in blocks(PAGE) if block.kind == "mermaid")
    arrows: Arrows = defaultdict(set)
    for line in drawing.splitlines():
        if match := _ARROW.match(line):
            arrows[match[1]].update(match[2].split(" & "))
    return arrows


def reached(arrows: Arrows, start: str) -> set[str]:
    """All rooms that are imported by a room, or by one that it imports, and so on."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for other in arrows.get(waiting.pop(), set()) - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def shortest(arrows: Arrows) -> set[str]:
    """The arrows that no way over other rooms stands for, as `a --> b`."""
    return {
        f"{own} --> {other}"
        for own, others in arrows.items()
        for other in others
        if not any(other in reached(arrows, between) for between in others - {other})
    }


def lines(arrows: Arrows) -> set[str]:
    return {f"{own} --> {other}" for own, others in arrows.items() for other in others}


def test_the_arrows_of_the_drawing_are_the_imports_between_rooms() -> None:
    is_drawn, is_there = lines(drawn()), shortest(imported())
    assert sorted(is_there - is_drawn) == [], "draw these"
    assert sorted(is_drawn - is_there) == [], "no import, or a way over other arrows says it already"


def test_no_room_imports_itself_over_others() -> None:
    arrows = imported()
    assert [own for own in arrows if own in reached(arrows, own)] == []


def test_an_arrow_that_others_say_already_is_left_out_and_no_other() -> None:
    arrows = {"house": {"wall", "stone"}, "wall": {"stone"}, "roof": {"stone"}}
    assert shortest(arrows) == {"house --> wall", "wall --> stone", "roof --> stone"}


# --- the table of rooms -----------------------------------------------------------------------------------------


def rooms() -> set[str]:
    """Every package, and every folder of one that holds Python of ours."""
    folders = {file.relative_to(ROOT).parts[:2] for package in PACKAGES for file in (ROOT / package).glob("*/**/*.py")}
    return {*PACKAGES, *("/".join(parts) for parts in folders)}


def rows() -> list[re.Match[str]]:
    return [match for line in PAGE.read_text(encoding="utf-8").splitlines() if (match := _ROW.match(line))]


def test_every_room_has_its_row() -> None:
    named = [row[1] for row in rows()]
    assert sorted(named) == sorted(rooms())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_a_room_is_entered_by_a_file_of_its_own(row: re.Match[str]) -> None:
    assert row[3].startswith(f"{row[1]}/")
    assert (ROOT / row[3]).is_file()


# --- what documents name ----------------------------------------------------------------------------------------


@cache
def defined(file: Path) -> frozenset[str]:
    """What a file defines: names of the module, and below classes `Class.name`."""
    return frozenset(_defined(ast.parse(file.read_text(encoding="utf-8")).body))


def _defined(body: list[ast.stmt], above: str = "") -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield above + name
            case ast.ClassDef(name=name):
                yield above + name
                yield from _defined(node.body, f"{above}{name}.")
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield above + name
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from (above + part.id for part in ast.walk(target) if isinstance(part, ast.Name))


@cache
def file_names() -> frozenset[str]:
    folders = (*PACKAGES, "bench", "docs", "tests")
    return frozenset(file.name for folder in folders for file in (ROOT / folder).rglob("*.py"))


def wrong_names(text: str) -> list[str]:
    """The files of the project, and what is said to be in them, that are not there. A file may be named alone where
    its folder is clear."""
    wrong = [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    for path, name in _CODE.findall(text):
        if "/" not in path:
            wrong += [path] if path not in file_names() else []
        elif not (ROOT / path).is_file():
            wrong.append(path)
        elif name and name not in defined(ROOT / path):
            wrong.append(f"{path}:{name}")
    return wrong


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_document_names_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if not REPLACED.search(text):  # a record that another one replaced speaks of its own time
        assert wrong_names(text) == []


@pytest.mark.parametrize(
    "text",
    ["`engine/policy.py`", "engine/nowhere", "`engine/step.py:Stop`", "`engine/step.py:Step.nothing`", "`nowhere.py`"],
)
def test_a_name_of_nothing_is_seen(text: str) -> None:
    assert wrong_names(text)


def test_the_four_ways_are_told_with_files_and_functions() -> None:
    ways = PAGE.read_text(encoding="utf-8").split("\n## The way of ")[1:]
    assert [way.split("\n")[0] for way in ways] == ["one decision", "one check", "one append", "one verification"]
    assert all(sum(bool(name) for _, name in _CODE.findall(way)) >= 8 for way in ways)
