"""A text of a policy checked, or two versions compared, in a process of its own: `python -m ordain.api.policy_process`.

What is asked comes as JSON on standard input, the answer goes out as JSON. It is what `ordain check` and `ordain diff`
call. A text that somebody sent may take long, and this may be ended at any time.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ordain.api.cli.model_cards import models_on_file
from ordain.api.differences.told_difference import as_data
from ordain.api.differences.two_versions import side_of, vocabulary_of
from ordain.api.told_findings import Lines, as_json, cells_told
from ordain.engine.catalog import Texts, read_texts
from ordain.engine.check.findings import check_policies
from ordain.engine.compare.difference import differences
from ordain.engine.errors import Issue, Level, MalformedRequest, PolicyError
from ordain.engine.sheets.row_edits import RowEdit, WrongCells, cell_issues, edited
from ordain.engine.versions import Kept

Json = dict[str, Any]

_MARK = b"\xef\xbb\xbf"
_NICE = 10  # of a process: others come first


def main() -> None:
    """Does what is asked for."""
    os.nice(_NICE)
    asked: Json = json.load(sys.stdin)
    zone = ZoneInfo(asked["zone"])
    try:
        texts = read_texts(Path(asked["policies"]), zone)
    except PolicyError as error:
        answer: Json = {"folder": _told(error.issues)}
    else:
        try:
            answer = _TASKS[asked["task"]](texts, zone, asked)
        except PolicyError as error:
            answer = {"issues": _told(error.issues)}
    json.dump(answer, sys.stdout)


def check(texts: Texts, zone: ZoneInfo, asked: Json) -> Json:
    """The findings about one text where it would stand among the others, and errors that it makes elsewhere.

    `findings` are those of the `level` asked for or above; `errors` how many are errors.
    """
    own, with_text = _found(texts, zone, asked, base64.b64decode(asked["text"]))
    levels = list(Level)
    shown = [issue for issue in own if levels.index(issue.level) <= levels.index(Level(asked["level"]))]
    return {"counts": _counts(own), "findings": as_json(shown, Lines(with_text))}


def edit(texts: Texts, zone: ZoneInfo, asked: Json) -> Json:
    """The text with rules edited as rows, and the findings about it by their cells.

    `text` is None where none can be made of the cells. `whole`: whether it is checked, too; else there are no findings.
    """
    before = base64.b64decode(asked["text"])
    mark = _MARK if before.startswith(_MARK) else b""
    edits = [RowEdit(**each) for each in asked["edits"]]
    try:
        made = edited(before.decode("utf-8-sig"), edits, asked["label"])
    except MalformedRequest as error:
        return {"malformed": _told(error.issues)}
    except WrongCells as wrong:
        issues = [each.issue for each in wrong.issues]
        return {"text": None, "counts": _counts(issues), "findings": cells_told(wrong.issues)}
    text = mark + made.text.encode()
    own = _found(texts, zone, asked, text)[0] if asked["whole"] else []
    found = cells_told(cell_issues([*made.notes, *own], made))
    return {"text": base64.b64encode(text).decode(), "counts": _counts(own), "findings": found}


def check_all(texts: Texts, zone: ZoneInfo, asked: Json) -> Json:
    """How many findings of each level stand in each file."""
    models, day = models_on_file(Path(asked["models"]), asked.get("live")), dt.datetime.now(zone).date()
    by_file: dict[str, list[Issue]] = {file: [] for file in texts.policies}
    for issue in check_policies(texts, models, day).issues:
        if issue.span is not None and issue.span.file in by_file:
            by_file[issue.span.file].append(issue)
    return {"files": {file: _counts(issues) for file, issues in by_file.items()}}


def _counts(issues: Iterable[Issue]) -> Json:
    told = list(issues)
    return {str(level): sum(issue.level is level for issue in told) for level in Level}


def _found(texts: Texts, zone: ZoneInfo, asked: Json, text: bytes) -> tuple[list[Issue], Texts]:
    """The findings about a text where it would stand, with the errors that it makes elsewhere; and all texts then."""
    file = f"{texts.root}/{asked['file']}"
    with_text = replace(texts, policies={**texts.policies, file: text})
    models, day, kept = models_on_file(Path(asked["models"]), asked.get("live")), dt.datetime.now(zone).date(), Kept()
    found = check_policies(with_text, models, day, kept, about=file).issues
    own = [issue for issue in found if issue.span is not None and issue.span.file == file]
    others = [issue for issue in found if issue not in own and issue.level is Level.ERROR]
    if others:  # it is answerable for what was right without it
        without = replace(texts, policies={each: text for each, text in texts.policies.items() if each != file})
        before = set(check_policies(without, models, day, kept, about=file).issues)
        own += [issue for issue in others if issue not in before]
    return own, with_text


def diff(texts: Texts, zone: ZoneInfo, asked: Json) -> Json:
    """What differs between `old` and `new`: of each its label, file and text."""
    vocabulary = vocabulary_of(texts)
    old, new = (
        side_of(each["label"], each["file"], base64.b64decode(each["text"]), vocabulary)
        for each in (asked["old"], asked["new"])
    )
    return {"differences": as_data(differences(old.compiled, new.compiled, vocabulary), old.shown, new.shown)}


def _told(issues: Iterable[Issue]) -> list[Json]:
    return [
        {"message": issue.message, "hint": issue.hint, "code": issue.code, "span": issue.span and asdict(issue.span)}
        for issue in issues
    ]


_TASKS: Mapping[str, Callable[[Texts, ZoneInfo, Json], Json]] = {
    "check": check,
    "check all": check_all,
    "diff": diff,
    "edit": edit,
}

if __name__ == "__main__":
    main()
