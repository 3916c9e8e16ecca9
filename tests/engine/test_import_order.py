"""The house: inside the engine a file imports only files that stand above it; no file is long; no hidden imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
ORDER = [
    "errors",
    "zones",
    "wide",
    "temporal",
    "values",
    "temporal_sums",
    "jsontext",
    "source",
    "structure",
    "feel.tree",
    "feel.escapes",
    "feel.lexer",
    "feel.signature",
    "feel.functions.contexts",
    "feel.functions.conversion",
    "feel.functions.flags",
    "feel.work",
    "feel.operators",
    "feel.functions.aggregates",
    "feel.functions.lists",
    "feel.functions.numbers",
    "feel.functions.ranges",
    "feel.functions.temporals",
    "feel.functions.patterns",
    "feel.functions.texts",
    "feel.functions",
    "feel.names",
    "feel.reading",
    "feel.operands",
    "feel.shown",
    "feel.parser",
    "feel.parse",
    "feel.printer",
    "feel.typenames",
    "feel.fitting",
    "feel.results",
    "feel.checking",
    "feel.check_limits",
    "feel.check_offsets",
    "feel.check_units",
    "feel.check_comparisons",
    "feel.check_scopes",
    "feel.check_builtins",
    "feel.check_calls",
    "feel.types",
    "feel.conform",
    "feel.nulls",
    "feel.loops",
    "feel.java_format",
    "feel.trigonometry",
    "feel.java",
    "feel.calls",
    "feel.reference",
    "readers",
    "facts",
    "policy",
    "draft",
    "kinds.tables",
    "kinds.rounding",
    "kinds.decision",
    "kinds.pricing",
    "kinds.bounds",
    "kinds.grandfathering",
    "kinds.compliance",
    "kinds.intervention",
    "kinds",
    "load_facts",
    "load",
    "backends.cells",
    "backends.index_column",
    "backends.table_index",
    "backends.hit_policies",
    "backends.writing",
    "backends.strict",
    "backends.lenient",
    "backends.python",
    "backends.prepared",
    "backends.table_code",
    "backends.python_policy",
    "gather",
    "service",
    "evaluate",
    "examples",
    "feel.given",
    "trial",
    "why_not",
    "dmn.xml",
    "dmn.files",
    "dmn.guards",
    "dmn.items",
    "dmn.names",
    "dmn.boxed",
    "dmn.tables",
    "dmn.elements",
    "dmn.read",
    "dmn.policy_file",
    "catalog",
    "analysis.held",
    "analysis.fit",
    "analysis.protected_paths",
    "analysis.conjuncts",
    "analysis.customers",
    "analysis.demands",
    "analysis.rules_at_odds",
    "analysis.unused",
    "analysis.validity",
    "analysis.across",
    "analysis.conditions",
    "analysis.domains",
    "analysis.samples",
    "analysis.regions",
    "analysis.axes",
    "analysis.search",
    "analysis.grid",
    "analysis.rows",
    "analysis.spans",
    "analysis.coverage",
    "analysis.shown",
    "analysis.merging",
    "analysis.overlaps",
    "analysis.tables",
    "checked",
    "checks",
    "coverage.variables",
    "coverage.borders",
    "coverage.observing",
    "coverage.example_text",
    "coverage.measured",
    "coverage.search",
    "coverage.suggestions",
    "dmn.compare",
    "dmn.inlining",
    "dmn.table_trees",
    "dmn.strict_trees",
    "dmn.yaml_tables",
    "dmn.convert",
    "dmn.run",
    "dmn.testcases",
    "dmn.tck",
    "dmn.limited",
    "editor_schema",
    "layout.document",
    "layout.reading",
    "layout.scalars",
    "layout.flow",
    "layout.rows",
    "layout.writing",
    "formatting",
    "grid",
    "sheets.parts",
    "sheets.scalars",
    "sheets.edits",
    "sheets.sections",
    "sheets.book",
    "sheets.arriving",
    "sheets.back",
    "sheets.csv",
    "sheets.xlsx",
]
EMPTY = {"", "feel", "backends", "dmn", "analysis", "sheets", "layout", "coverage"}


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
            if name.split(".")[0] == "engine":
                yield nearest(name.removeprefix("engine").removeprefix("."))


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


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST
