"""The house: inside the engine a file imports only files that stand above it; no file is long; no hidden imports."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
ORDER = [
    "limits",
    "made_often",
    "errors",
    "late",
    "values.zones",
    "values.wide",
    "values.temporal",
    "values.types",
    "values.joining",
    "values.temporal_sums",
    "values.json_text",
    "text.source",
    "text.shape",
    "text.structure",
    "text.violations",
    "feel.syntax.escapes",
    "feel.syntax.lexer",
    "feel.signature",
    "feel.syntax.tree",
    "feel.functions.result_rules",
    "feel.functions.entry",
    "feel.functions.contexts",
    "feel.functions.conversion",
    "feel.functions.flags",
    "feel.runtime.work",
    "feel.functions.operators",
    "feel.functions.aggregates",
    "feel.functions.lists",
    "feel.functions.numbers",
    "feel.functions.ranges",
    "feel.functions.temporals",
    "feel.functions.xpath_patterns",
    "feel.functions.patterns",
    "feel.functions.texts",
    "feel.functions",
    "feel.functions.folding",
    "feel.syntax.names",
    "feel.syntax.words",
    "feel.syntax.operands",
    "feel.runtime.describe",
    "feel.syntax.parser",
    "feel.syntax.parse",
    "feel.syntax.printer",
    "feel.syntax.typenames",
    "feel.typing.fitting",
    "feel.typing.rule_base",
    "feel.typing.number_limits",
    "feel.typing.offsets",
    "feel.typing.units",
    "feel.typing.comparisons",
    "feel.typing.scopes",
    "feel.typing.builtins",
    "feel.typing.function_calls",
    "feel.typing.checker",
    "feel.runtime.conform",
    "feel.runtime.nulls",
    "feel.runtime.loops",
    "feel.runtime.java_format",
    "feel.runtime.trigonometry",
    "feel.runtime.missing",
    "feel.runtime.java",
    "feel.runtime.calls",
    "feel.functions.reference",
    "policy.readers",
    "policy.visible",
    "policy.facts",
    "policy.model",
    "policy.draft",
    "policy.kinds.table_section",
    "policy.kinds.rounding",
    "policy.kinds.decision",
    "policy.kinds.pricing",
    "policy.kinds.bounds",
    "policy.kinds.grandfathering",
    "policy.kinds.compliance",
    "policy.kinds.intervention",
    "policy.kinds",
    "policy.load_facts",
    "policy.load",
    "tables.cells",
    "tables.hit_policies",
    "tables.index_column",
    "tables.index",
    "backends.settled",
    "backends.plan",
    "step",
    "backends.python.writing",
    "backends.python.strict",
    "backends.python.lenient",
    "backends.python.expressions",
    "backends.python.prepared",
    "backends.python.table_code",
    "backends.python.policy",
    "gather",
    "policy.service",
    "evaluate",
    "examples.run",
    "values.from_json",
    "explain.trial",
    "explain.conditions",
    "explain.why_not",
    "dmn.reading.xml",
    "dmn.reading.files",
    "dmn.reading.guards",
    "dmn.reading.items",
    "dmn.reading.variable_names",
    "dmn.reading.boxed",
    "dmn.reading.decision_tables",
    "dmn.reading.elements",
    "dmn.reading.read",
    "dmn.reading.policy_file",
    "uncollected",
    "versions",
    "catalog",
    "check.across.held",
    "check.across.fit",
    "check.across.protected_paths",
    "check.across.conjuncts",
    "check.across.customers",
    "check.across.demands",
    "check.across.rules_at_odds",
    "check.across.unused",
    "check.across.validity",
    "check.across.across",
    "check.tables.one_name",
    "check.tables.domains",
    "check.tables.samples",
    "check.tables.regions",
    "check.tables.axes",
    "check.tables.box_search",
    "check.tables.regions_of",
    "check.tables.outputs",
    "check.tables.spans",
    "check.tables.gaps",
    "check.tables.in_words",
    "check.tables.merging",
    "check.tables.overlaps",
    "check.tables.examined",
    "check.findings",
    "check.codes",
    "examples.variables",
    "examples.borders",
    "examples.example_text",
    "examples.coverage",
    "examples.input_search",
    "examples.suggestions",
    "dmn.tck.comparing",
    "dmn.converting.inlining",
    "dmn.converting.table_trees",
    "dmn.converting.strict_trees",
    "dmn.converting.yaml_tables",
    "dmn.converting.convert",
    "dmn.reading.run_model",
    "dmn.tck.testcases",
    "dmn.tck.tck",
    "dmn.tck.limited",
    "policy.schema",
    "text.layout.document",
    "text.layout.reader",
    "text.layout.scalar_style",
    "text.layout.flow",
    "text.layout.rows",
    "text.layout.writer",
    "policy.fmt",
    "tables.grid",
    "sheets.sheet_parts",
    "sheets.scalars",
    "sheets.edits",
    "sheets.sections",
    "sheets.book",
    "sheets.arriving",
    "sheets.back",
    "sheets.csv",
    "sheets.xlsx",
    "backends.digits",
    "version",
]
EMPTY = {
    "",
    "backends",
    "backends.python",
    "check",
    "check.across",
    "check.tables",
    "dmn",
    "dmn.converting",
    "dmn.reading",
    "dmn.tck",
    "examples",
    "explain",
    "feel",
    "feel.runtime",
    "feel.syntax",
    "feel.typing",
    "policy",
    "sheets",
    "tables",
    "text",
    "text.layout",
    "values",
}


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


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST
