"""What the commands about versions work with: the policies in their folder, and the open ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ordain.api.ledger import open_for
from ordain.api.lifecycle.recorded import Lifecycle
from ordain.api.lifecycle.signed import verifying
from ordain.api.lifecycle.steps import BY_DATES, Steps
from ordain.api.settings import Settings
from ordain.engine.catalog import Texts, read_texts
from ordain.engine.errors import MalformedRequest, PolicyError, SettingsError
from ordain.engine.values.temporal import fixed_offset


@contextmanager
def steps_of(
    settings: Settings, *, taken: bool = False, make: bool = False, by_record: bool = False
) -> Iterator[Steps]:
    """Opens the ledger, which is made if it is to be; where a step is to be `taken`, nobody else takes one meanwhile.

    `by_record`: a folder of policies that cannot be read is as good as an empty one. Raises SettingsError where
    versions decide by their dates.
    """
    if settings.approvals == "none":
        raise SettingsError(*BY_DATES)
    verify, texts = verifying(settings), _texts(settings, by_record)
    opened = open_for(settings, make=make)
    try:
        with opened.store.alone() if taken else nullcontext():
            life = Lifecycle(opened, settings.approvals_needed)
            life.look()
            yield Steps(life, opened, texts, lambda: now_of(settings), verify)
    finally:
        opened.finish()


def _texts(settings: Settings, by_record: bool) -> Texts:
    try:
        return read_texts(settings.policies, settings.zone)
    except PolicyError:
        if not by_record:
            raise
        return Texts(b"", b"", {}, settings.policies.name, zone=settings.zone)


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
