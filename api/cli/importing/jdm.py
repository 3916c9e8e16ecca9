"""`ordain import jdm`: a GoRules graph as a policy, with its facts, its service and its tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.importing.new_folder import FORCE, TO, check_name, write_new
from ordain.api.cli.invocation import json_option
from ordain.api.cli.terminal import ERR, OUT
from ordain.engine.errors import Issue, MalformedRequest, counted, reason_of
from ordain.engine.jdm.imported import Imported, imported
from ordain.engine.jdm.result.trials import Trial
from ordain.engine.limits import LIMITS


@click.command("jdm")
@click.argument("graph", type=click.Path(path_type=Path, dir_okay=False))
@TO
@click.option("--name", default="", help="The name of policy and service; the file's own, if left out.")
@FORCE
@json_option("Print what was written, each test and each note as JSON.")
def jdm_command(graph: Path, folder: Path, name: str, force: bool, as_json: bool) -> None:
    """Import a GoRules GRAPH as a policy, its facts and its service.

    The graph's own tests are decided by the policy: those that come out alike become its examples, for the others it
    is said why. What a policy has no words for is listed, with node, row and column. Nothing is written when one of the
    files exists, unless --force is given.

    Exit codes: 0 written, 1 written but a test differs and nothing explains it, 2 no graph, or a file exists already.
    """
    check_name(name)
    done = imported(_bytes_of(graph), graph.name, name, lambda key: _beside(graph, key))
    write_new({folder / path: text for path, text in done.files.items()}, force)
    if as_json:
        OUT.print(json.dumps(_data(done, folder), ensure_ascii=False), markup=False)
    else:
        _show(done, folder)
    unexplained = any(not difference.why for trial in done.trials for difference in trial.differences)
    click.get_current_context().exit(1 if unexplained else 0)


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LIMITS.graph_bytes + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None


def _beside(graph: Path, key: str) -> bytes | None:
    """The graph that a node names: a file in the folder of this one, or below it."""
    folder = graph.resolve().parent
    for name in (key, f"{key}.json"):
        file = folder.joinpath(name).resolve() if "\0" not in name else folder
        if file.is_relative_to(folder) and file.is_file():
            return _bytes_of(file)
    return None


def _show(done: Imported, folder: Path) -> None:
    for path in done.files:
        OUT.print(Text(f"written: {folder / path}"))
    for note in done.notes:
        ERR.print(Text(str(note)))
    for trial in done.trials:
        for difference in trial.differences:
            what = (
                f"`{difference.key}` is {difference.ours}, not {difference.expected}"
                if difference.key
                else difference.ours
            )
            ERR.print(Text(f"test {trial.number}: {what}\n    {difference.why or 'nothing explains it'}"))
    OUT.print(Text(_summary(done.trials)))


def _summary(trials: Sequence[Trial]) -> str:
    if not trials:
        return "the graph has no tests"
    passed = sum(trial.passed for trial in trials)
    explained = sum(not trial.passed and all(one.why for one in trial.differences) for trial in trials)
    others = len(trials) - passed - explained
    said = f"{passed} of {counted(len(trials), 'test')} pass"
    if explained:
        said += f", {explained} differ for a reason that is said"
    return f"{said}, {others} for no reason that is known" if others else said


def _data(done: Imported, folder: Path) -> dict[str, Any]:
    return {
        "policy": done.name,
        "files": [str(folder / path) for path in done.files],
        "tests": [
            {
                "number": trial.number,
                "passed": trial.passed,
                "differences": [
                    {"key": one.key, "expected": one.expected, "ours": one.ours, "why": one.why}
                    for one in trial.differences
                ],
            }
            for trial in done.trials
        ],
        "notes": [_note(issue) for issue in done.notes],
    }


def _note(issue: Issue) -> dict[str, str]:
    place, text = (str(issue.span), issue.span.text) if issue.span else ("", "")
    said = {"message": issue.message, "hint": issue.hint, "place": place, "text": text}
    return {key: value for key, value in said.items() if value}
