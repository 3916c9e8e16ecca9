"""What the commands about versions work with: the policies in their folder, and the open ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from ordain.api.ledger import open_for
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.signed import verifying
from ordain.api.lifecycle.steps import Steps
from ordain.api.settings import Settings
from ordain.engine.catalog import read_texts
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.lifecycle.change import Change
from ordain.engine.values.temporal import fixed_offset


@contextmanager
def steps_of(settings: Settings, *, taken: bool = False, make: bool = False) -> Iterator[Steps]:
    """Opens the ledger, which is made if it is to be; where a step is to be `taken`, nobody else takes one meanwhile.

    Raises SettingsError where versions decide by their dates.
    """
    if settings.approvals == "none":
        raise SettingsError(
            "versions decide by their dates here, and nothing is approved or activated (`approvals: none`)",
            "set `approvals: named` or `approvals: signed` first",
        )
    verify, texts = verifying(settings), read_texts(settings.policies, settings.zone)
    opened = open_for(settings, make=make)
    try:
        with opened.store.alone() if taken else nullcontext():
            life = Lifecycle(opened, settings.approvals_needed)
            life.look()
            yield Steps(life, opened, texts, lambda: now_of(settings), verify)
    finally:
        opened.finish()


def now_of(settings: Settings) -> dt.datetime:
    return fixed_offset(dt.datetime.now(settings.zone))


def day_of(text: str | None) -> dt.date | None:
    """The day that somebody names. Raises MalformedRequest."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise MalformedRequest(f"`{text[:40]}` is no day", "write it like 2026-01-31") from None


def as_json(change: Change) -> dict[str, Any]:
    """One step, for programs."""
    told: dict[str, Any] = {
        "entry_id": change.id,
        "step": "rollback" if change.rollback else str(change.step),
        "policy": change.policy,
        "version": change.version,
        "digest": change.text.digest,
        "parts": [{"part": part.label, "digest": part.digest} for part in change.parts],
        "recorded": change.recorded.isoformat(),
        "who": change.who,
        "role": change.role,
        "reason": change.reason,
        "signed": bool(change.signature),
    }
    if change.step == "activation":
        told["from"] = change.starts.isoformat()
    return told
