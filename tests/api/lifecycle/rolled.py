"""Two versions of a policy, the second approved and rolled out; who is decided about by which."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from fees import ASHA, BELA, CHEN, Clock, activate, settings_of, steps_in, write

from ordain.api.ask import make_ask
from ordain.api.decide import Answer, decide
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.lifecycle.taking_over import activated
from ordain.api.services import Services
from ordain.api.settings import Settings
from ordain.engine.versions import Kept

WEEK = dt.timedelta(days=7)
SHARES = (100, 500, 2_500, 10_000)
SUBJECTS = [f"C-{number}" for number in range(60)]


def approved(folder: Path, clock: Clock) -> Settings:
    """Version 1 decides, 2 is approved."""
    write(folder, 1)
    settings = settings_of(folder)
    activate(settings, 1, clock)
    write(folder, 2)
    with steps_in(settings, clock) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA)
    return settings


def start(settings: Settings, clock: Clock, label: str = "fees@2", **asked: object) -> str:
    given = {"shares": SHARES, "every": WEEK} | asked
    with steps_in(settings, clock) as steps:
        return Rolling(steps).start(label, CHEN, Asked(**given)).id  # type: ignore[arg-type]


def followed(use: Services) -> Services:
    assert use.lifecycle is not None
    return activated(use, use.lifecycle, Kept())


def ask(use: Services, subject: str, **facts: object) -> Answer:
    return decide(make_ask("quote", subject, {"base": 7, **facts}, None), use)


def versions(use: Services, subjects: list[str] = SUBJECTS) -> dict[str, int]:
    return {subject: int(ask(use, subject).as_json()["outcome"]["fee"]) for subject in subjects}
