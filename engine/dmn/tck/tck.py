"""Runs the cases of the DMN Technology Compatibility Kit: one row a case, as vendors hand in their results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from ordain.engine.dmn.reading.run_model import Ran, Runnable, load_model, read_bytes
from ordain.engine.dmn.tck.comparing import difference
from ordain.engine.dmn.tck.testcases import Case, Expected, declared, read_tests
from ordain.engine.errors import DataError, Issue, OrdainError, PolicyError, did_you_mean
from ordain.engine.values.types import ANY, Value

_LEVEL = "compliance-level-"


class Verdict(StrEnum):
    """How a case came out, in the words of the published result files."""

    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    IGNORED = "IGNORED"


@dataclass(frozen=True, slots=True)
class Row:
    """One case: folder below the kit's cases, test file without suffix, case, what came out and why."""

    folder: str
    file: str
    case: str
    verdict: Verdict
    message: str = ""

    @property
    def level(self) -> str:
        return self.folder.rpartition("/")[0]

    def csv(self) -> str:
        """Its line, every field in quotes."""
        fields = (self.folder, self.file, self.case, self.verdict, " ".join(self.message.split()))
        return ",".join('"' + field.replace('"', '""') + '"' for field in fields)


@dataclass(frozen=True, slots=True)
class Tests:
    """One test file of a suite. `fault`: why its cases could not be read."""

    path: Path
    folder: str
    model: str
    cases: tuple[Case, ...]
    fault: str = ""

    __test__ = False  # pytest takes classes of this name for tests

    def row(self, case: Case, verdict: Verdict, message: str = "") -> Row:
        return Row(self.folder, self.path.stem, case.id, verdict, message)

    def rows(self, message: str, start: int = 0) -> Iterator[Row]:
        """All cases from the position `start`, wrong for one reason."""
        return (self.row(case, Verdict.ERROR, message) for case in self.cases[start:])


def find_tests(directory: Path, only: Sequence[str] = ()) -> list[Tests]:
    """The test files at and below a folder, by path; where compliance levels are among them, only those.

    `only` names folders of cases, or patterns of names with `*`. Raises DataError: there is no such folder, there
    are no cases, or nothing has such a name.
    """
    if not directory.is_dir():
        raise DataError(f"there is no folder `{directory}`", "name a folder of the kit, such as tck/TestCases")
    root = directory.resolve()
    suites = [tests for file in sorted(root.rglob("*.xml")) if (tests := _read(file)) is not None]
    if any(tests.folder.startswith(_LEVEL) for tests in suites):
        suites = [tests for tests in suites if tests.folder.startswith(_LEVEL)]
    if not suites:
        raise DataError(f"there are no test cases in `{directory}`", "a folder of cases has .dmn and .xml files")
    if not only:
        return suites
    names = {tests.path.parent.name for tests in suites}
    for pattern in only:
        if not any(_named(tests, pattern) for tests in suites):
            raise DataError(f"no folder of cases is called `{pattern}`", did_you_mean(pattern, names))
    return [tests for tests in suites if any(_named(tests, pattern) for pattern in only)]


def _named(tests: Tests, pattern: str) -> bool:
    wanted = pattern.strip("/")
    return fnmatchcase(tests.path.parent.name, wanted) or fnmatchcase(tests.folder, wanted)


def _read(file: Path) -> Tests | None:
    """The tests of an XML file; None when it holds none, or stands in a folder without a model."""
    if not any(file.parent.glob("*.dmn")):
        return None
    folder = f"{file.parent.parent.name}/{file.parent.name}"
    try:
        read = read_tests(read_bytes(file), file.name)
    except OrdainError as error:
        unread = Case("", "decision", "", (), ())
        return Tests(file, folder, "", (unread,), error.message)
    return None if read is None else Tests(file, folder, read.model, read.cases)


def run_cases(tests: Tests, start: int = 0) -> Iterator[Row]:
    """Runs the cases of a file, from the position `start` on. Raises nothing: what goes wrong is in the rows."""
    if tests.fault:
        yield from tests.rows(tests.fault, start)
        return
    try:
        runnable = load_model(_model_file(tests))
    except OrdainError as error:
        yield from tests.rows(f"the model cannot be loaded: {error.issues[0]}", start)
        return
    except Exception as fault:  # a fault of the engine spoils one file, never the run
        yield from tests.rows(f"loading failed: {_crash(fault)}", start)
        return
    at = dt.datetime.now(dt.UTC)
    without_inputs: list[Ran] = []  # such a run is the same for every case that has no inputs
    for case in tests.cases[start:]:
        try:
            yield _run_case(tests, runnable, case, at, without_inputs)
        except Exception as fault:  # as above, for one case
            yield tests.row(case, Verdict.ERROR, _crash(fault))


def _crash(fault: Exception) -> str:
    return f"a fault of the engine: {type(fault).__name__}: {fault}"


def _model_file(tests: Tests) -> Path:
    """The file of the model: the one that the tests name; the only one, or the one of the folder's name, if none."""
    there = sorted(tests.path.parent.glob("*.dmn"))
    wanted = Path(tests.model).name
    for file in there:
        if file.name == wanted or (not wanted and (len(there) == 1 or file.stem == file.parent.name)):
            return file
    raise PolicyError(f"the model `{wanted}` is not in the folder", did_you_mean(wanted, [file.name for file in there]))


def _run_case(tests: Tests, runnable: Runnable, case: Case, at: dt.datetime, without_inputs: list[Ran]) -> Row:
    if not case.expected:
        return tests.row(case, Verdict.IGNORED, "the case asks for nothing")
    try:
        if case.kind != "decision":
            ran = runnable.call(case.invocable, _given(case, runnable), at)
        elif case.given:
            ran = runnable.run(_given(case, runnable), at)
        else:
            without_inputs[:] = without_inputs or [runnable.run({}, at)]
            ran = without_inputs[0]
    except OrdainError as error:
        expected = all(node.error for node in case.expected)
        return tests.row(case, Verdict.SUCCESS if expected else Verdict.ERROR, "" if expected else error.message)
    wrong = {node.name: why for node in case.expected if (why := _wrong(node, case, runnable, ran))}
    if not wrong:
        return tests.row(case, Verdict.SUCCESS)
    return tests.row(case, Verdict.ERROR, "; ".join(wrong.values()) + _because(ran, wrong))


def _given(case: Case, runnable: Runnable) -> dict[str, Value]:
    """The inputs by the names that the model has for them: those of imported models by their namespace."""
    model = runnable.model
    named = ((model.names.get((each.namespace or model.namespace, each.name), each.name), each) for each in case.given)
    return {name: declared(each.value, model.inputs.get(name, ANY)) for name, each in named}


def _wrong(node: Expected, case: Case, runnable: Runnable, ran: Ran) -> str:
    """What is wrong with one result, or nothing."""
    if case.kind == "decision":
        if node.name not in ran.values:
            return f"`{node.name}`: the model has no such decision"
        actual = ran.values[node.name]
    else:
        actual = ran.values[case.invocable]
        decisions = set(runnable.model.decisions)
        if isinstance(actual, dict) and node.name in actual and actual.keys() <= decisions:
            actual = actual[node.name]  # one of several outputs of a service
    if node.error and actual is None:
        return ""
    unlike = difference(actual, node.value)
    return f"`{node.name}`: {unlike}" if unlike else ""


def _because(ran: Ran, names: Collection[str]) -> str:
    """The first reasons of nulls, those of the decisions that are wrong before others."""
    first = sorted(ran.reasons, key=lambda reason: reason.decision not in names)
    said = list(dict.fromkeys(_format_issue(reason.issue) for reason in first))[:3]
    return f" [{'; '.join(said)}]" if said else ""


def _format_issue(issue: Issue) -> str:
    return f"{issue.message} ({issue.span.line}:{issue.span.column})" if issue.span is not None else issue.message
