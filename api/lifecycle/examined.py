"""Texts of policies examined for who asks over HTTP, each in a process of its own: `ordain check`, `ordain diff`."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ordain.api.apart import TooLong, answered
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings
from ordain.api.stages.live_versions import live_versions
from ordain.engine.errors import Issue, Level, MalformedRequest, PolicyError, PolicyRefused, Span
from ordain.engine.sheets.row_edits import RowEdit

Json = dict[str, Any]

_ROOM = threading.Semaphore(LIMITS.checks_at_once)


class ExaminesAlready(Exception):
    """As many are examined by this process as may be at once."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """`ends` waits so many seconds and says whether the server is to end.

    The methods raise ExaminesAlready, ServerEnds; PolicyError when the folder of policies cannot be read;
    MalformedRequest for what takes too long.
    """

    settings: Settings
    ends: Callable[[float], bool]

    def check(self, file: str, text: bytes, level: Level = Level.WARNING) -> Json:
        """`counts` by level, and the `findings` about a text where it would stand among the others.

        `file` is its place below the folder of policies: `retention-offer/v3.yaml`.
        """
        asked = {"task": "check", "file": file, "text": _encoded(text), "level": str(level)}
        models = {"models": str(self.settings.models), "live": live_versions(self.settings)}
        return self._ask({**asked, **models}, "checked")

    def check_all(self) -> Json:
        """The counts by level of each file of a policy: `policies/retention-offer/v3.yaml`."""
        models = {"models": str(self.settings.models), "live": live_versions(self.settings)}
        files: Json = self._ask({"task": "check all", **models}, "checked")["files"]
        return files

    def refuse_wrong(self, file: str, text: bytes) -> Json:
        """The same, of a text without an error. Raises PolicyRefused, with all of them."""
        found = self.check(file, text)
        if found["counts"][Level.ERROR]:
            raise PolicyRefused([_issue_of(each) for each in found["findings"] if each["level"] == Level.ERROR])
        return found

    def edited(self, label: str, file: str, text: bytes, edits: Sequence[RowEdit], *, whole: bool) -> Json:
        """A text with rules edited as rows: `text`, bytes, None where none can be made; `counts` and `findings` by
        cell, of the whole text or, else, of what no text can be made of alone.

        Raises MalformedRequest for a rule that there is not."""
        asked = {"task": "edit", "label": label, "file": file, "text": _encoded(text), "whole": whole}
        rows = [asdict(each) for each in edits]
        answer = self._ask({**asked, "edits": rows, "models": str(self.settings.models)}, "checked")
        if "malformed" in answer:
            raise MalformedRequest([_issue(each) for each in answer["malformed"]])
        return {**answer, "text": None if answer["text"] is None else base64.b64decode(answer["text"])}

    def diff(self, old: tuple[str, str, bytes], new: tuple[str, str, bytes]) -> Json:
        """What differs; each version is its label, file and text. Raises PolicyRefused for one that does not load."""
        told = {"old": _version(*old), "new": _version(*new)}
        differences: Json = self._ask({"task": "diff", **told}, "compared")["differences"]
        return differences

    def _ask(self, asked: Json, what: str) -> Json:
        question = {**asked, "policies": str(self.settings.policies), "zone": self.settings.time_zone}
        if not _ROOM.acquire(blocking=False):
            raise ExaminesAlready
        try:
            answer = answered("ordain.api.policy_process", question, LIMITS.check_seconds, self.ends)
        except TooLong:
            raise MalformedRequest(
                f"it cannot be {what} in {LIMITS.check_seconds:g} seconds", "use the command: ordain check, ordain diff"
            ) from None
        finally:
            _ROOM.release()
        if "folder" in answer:
            raise PolicyError([_issue(each) for each in answer["folder"]])
        if "issues" in answer:
            raise PolicyRefused([_issue(each) for each in answer["issues"]])
        return answer


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _version(label: str, file: str, text: bytes) -> Json:
    return {"label": label, "file": file, "text": _encoded(text)}


def _issue(told: Json) -> Issue:
    span = told["span"]
    return Issue(told["message"], told["hint"], None if span is None else _span(span), code=told["code"])


def _issue_of(found: Json) -> Issue:
    """An error among the findings, as a refusal has it."""
    place = None if found["file"] is None else Span(found["file"], found["line"], found["column"], found["text"])
    return Issue(found["message"], found["hint"], place, code=found["code"], fields={"code": found["code"]})


def _span(told: Json) -> Span:
    return Span(told["file"], told["line"], told["column"], told["text"])
