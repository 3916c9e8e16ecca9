"""What the commands about versions work with: the policies in their folder, and the open ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ordain.api.ledger import open_for
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.signed import verifying
from ordain.api.lifecycle.steps import BY_DATES, Steps
from ordain.api.lifecycle.texts import texts_or_none
from ordain.api.settings import Settings
from ordain.engine.catalog import read_texts
from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.engine.values.temporal import fixed_offset


@contextmanager
def steps_of(
    settings: Settings, *, taken: bool = False, make: bool = False, by_record: bool = False, first: str = ""
) -> Iterator[Steps]:
    """Opens the ledger, which is made if it is to be; where a step is to be `taken`, nobody else takes one meanwhile.

    `first` is a version that is compiled before, so that nobody else waits for that. `by_record`: a folder of policies
    that cannot be read is as good as an empty one. Raises SettingsError where versions decide by their dates.
    """
    if settings.approvals == "none":
        raise SettingsError(*BY_DATES)
    verify = verifying(settings)
    texts = texts_or_none(settings) if by_record else read_texts(settings.policies, settings.zone)
    opened = open_for(settings, make=make)
    try:
        life = Lifecycle(opened, settings.approvals_needed)
        steps = Steps(life, opened, texts, lambda: now_of(settings), verify)
        if first:
            life.look()
            steps.compile(first)
        with opened.store.alone() if taken else nullcontext():
            life.look()
            yield steps
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
