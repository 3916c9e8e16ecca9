"""The house: inside the engine a file imports only files that stand above it; no file is long; no hidden imports."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from engine_order import EMPTY, ORDER

ROOT = Path(__file__).parents[2]
LONGEST = 400


def module(file: Path) -> str:
    """The name of an engine file below `engine`: `feel.tree`."""
    parts = file.relative_to(ROOT / "engine").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


FILES = {module(file): file for file in (ROOT / "engine").rglob("*.py")}
SOURCES = [file for package in ("engine", "models", "audit", "api") for file in (ROOT / package).rglob("*.py")]


def imported(file: Path) -> Iterator[str]:
    """The engine modules that a file imports, below `engine`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} has a relative import"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            if name.startswith("ordain.engine"):
                yield nearest(name.removeprefix("ordain.engine").removeprefix("."))


def nearest(name: str) -> str:
    """The module that `name` is, or that it is a part of."""
    while name not in FILES:
        name = name.rpartition(".")[0]
    return name


def test_every_file_of_the_engine_has_a_place_in_the_order() -> None:
    assert FILES.keys() - EMPTY == set(ORDER)
    for name in EMPTY:
        assert FILES[name].read_text(encoding="utf-8").strip() == "", f"{name} is meant to be empty"


@pytest.mark.parametrize("name", ORDER)
def test_an_engine_file_imports_only_files_that_stand_above_it(name: str) -> None:
    above = set(ORDER[: ORDER.index(name)])
    assert set(imported(FILES[name])) - EMPTY <= above


def test_no_files_import_each_other_in_a_circle() -> None:
    """Neither for types alone: who reads one of them has to read all of them."""
    names = {"ordain." + ".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in SOURCES}
    uses: dict[str, set[str]] = {}
    for name, file in names.items():
        found = [
            node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
        ]
        wanted = [
            part for node in found for part in (str(node.module), *(f"{node.module}.{a.name}" for a in node.names))
        ]
        uses[name] = names.keys() & set(wanted)
    assert uses["ordain.api.services"], "imports are found"
    list(TopologicalSorter(uses).static_order())  # raises CycleError, which names them


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_import_hides_in_a_function(file: Path) -> None:
    hidden = [
        inner.lineno
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


ALIKE: dict[str, str] = {}
"""Names that two files of one package may share, such as `engine/tables`, and why a word more would not help."""
CROWDED = 30
"""Loose files of one folder beyond which it wants rooms."""


def names_of(package: str) -> Iterator[tuple[str, Path]]:
    """Each file of a package with its name."""
    for file in (ROOT / package).rglob("*.py"):
        if file.name != "__init__.py":
            yield file.stem, file.relative_to(ROOT)


@pytest.mark.parametrize("package", ["engine", "models", "audit", "api"])
def test_no_two_files_of_a_package_have_one_name(package: str) -> None:
    places: dict[str, list[Path]] = {}
    for name, file in names_of(package):
        places.setdefault(f"{package}/{name}", []).append(file)
    twice = {name: files for name, files in places.items() if len(files) > 1 and not ALIKE.get(name)}
    assert twice == {}, "call one of them by a word more"


@pytest.mark.parametrize("package", ["engine", "models", "audit", "api"])
def test_no_folder_is_crowded(package: str) -> None:
    loose = Counter(str(file.parent) for _, file in names_of(package))
    assert {folder: count for folder, count in loose.items() if count > CROWDED} == {}, "make rooms"


NO_LIMITS = {
    "engine/values/temporal.py: _MOST_MONTHS": "what a duration can be",
    "engine/values/wide.py: _LONGEST": "what a duration can be",
    "engine/sheets/book.py: LONGEST": "what a spreadsheet can keep",
    "api/cli/finite.py: _MOST": "what databases can count to",
}
"""Numbers that nobody could choose otherwise."""


def test_limits_stand_in_one_file_of_their_package() -> None:
    pattern = re.compile(r"^(_?(?:MOST|MAX|LONGEST|LARGEST|FEWEST|SHOWN)\w*)(?:: \w+)? = \(?\d", re.MULTILINE)
    elsewhere = {
        f"{file.relative_to(ROOT)}: {name}"
        for package in ("engine", "models", "api")
        for file in (ROOT / package).rglob("*.py")
        for name in pattern.findall(file.read_text(encoding="utf-8"))
    }
    assert elsewhere == NO_LIMITS.keys()


def test_why_the_system_refused_is_said_in_one_place() -> None:
    saying = {
        str(file.relative_to(ROOT))
        for package in ("engine", "models", "api")
        for file in (ROOT / package).rglob("*.py")
        if ".strerror" in file.read_text(encoding="utf-8")
    }
    assert saying == {"engine/errors.py"}, "say it with `reason_of`"


TESTS = list((ROOT / "tests").rglob("*.py"))


def test_no_two_test_files_have_one_name() -> None:
    """pytest imports a file of a folder without `__init__.py` by its bare name, and refuses the second one."""
    places = Counter(file.name for file in TESTS if file.name != "conftest.py")
    assert [name for name, count in places.items() if count > 1] == [], "call one of them by a word more"


@pytest.mark.parametrize("file", [*SOURCES, *TESTS], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST
