"""A folder with one policy of several versions, each of which gives its own number, and people who take its steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from served import settings_in

from ordain.api.ledger import open_for
from ordain.api.lifecycle.recorded import Lifecycle, lifecycle_of
from ordain.api.lifecycle.signed import verifying
from ordain.api.lifecycle.steps import Steps
from ordain.api.lifecycle.who import Person
from ordain.api.settings import Settings
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.catalog import read_texts

ASHA, BELA, CHEN = Person("asha", "editor"), Person("bela", "approver"), Person("chen", "operator")


def fees(version: int, effective: str = "2026-01-01", uses: str = "") -> str:
    """Version 3 gives a fee of 3."""
    return f"""\
# The fee, as version {version} has it.
policy: fees
version: {version}
kind: decision
effective: {effective}  # its first day
owner: tests
purpose: A fee.
{uses}
decides:
  fee: {{gives: number, formula: base * 0 + {version}}}
examples:
  - given: {{base: 0}}
    expect: {{fee: {version}}}
"""


def write(folder: Path, version: int, *effective: str, uses: str = "") -> Path:
    file = folder / f"policies/fees/v{version}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    (folder / "policies/facts.yaml").write_text("facts:\n  base: {type: number, meaning: what it is of}\n")
    services = "services:\n  quote: {purpose: A fee., policies: [fees], gives: [fee]}\n"
    (folder / "policies/services.yaml").write_text(services)
    file.write_text(fees(version, *effective, uses=uses))
    return file


def settings_of(folder: Path, **more: object) -> Settings:
    chosen = {"policies": folder / "policies", "approvals": "named", "time_zone": "UTC", **more}
    return settings_in(folder, **chosen)


class Clock:
    """A time that stands still until it is set."""

    def __init__(self, day: str) -> None:
        self.set(day)

    def set(self, day: str) -> None:
        self.time = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")

    def __call__(self) -> dt.datetime:
        self.time += dt.timedelta(microseconds=1)
        return self.time


@contextmanager
def steps_in(settings: Settings, clock: Clock | None = None) -> Iterator[Steps]:
    """Each step reads the files as they are when this is called."""
    opened: OpenLedger = open_for(settings)
    if clock is not None:
        opened = replace(opened, now=clock)
    try:
        life = lifecycle_of(settings, opened)
        assert isinstance(life, Lifecycle)
        life.look()
        texts = read_texts(settings.policies, settings.zone)
        yield Steps(life, opened, texts, clock or (lambda: dt.datetime.now(dt.UTC)), verifying(settings))
    finally:
        opened.finish()


def activate(settings: Settings, version: int, clock: Clock | None = None, begins: str | None = None) -> None:
    """Submitted by asha, approved by bela, activated by chen."""
    label = f"fees@{version}"
    with steps_in(settings, clock) as steps:
        steps.submit(label, ASHA)
        steps.approve(label, BELA)
        first = None if begins is None else dt.datetime.fromisoformat(f"{begins}T00:00:00+00:00")
        steps.activate(label, CHEN, first, "as agreed")
