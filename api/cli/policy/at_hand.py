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
from ordain.engine.catalog import read_texts
from ordain.engine.errors import SettingsError
from ordain.engine.values.temporal import fixed_offset


@contextmanager
def steps_of(settings: Settings, *, taken: bool = False, make: bool = False) -> Iterator[Steps]:
    """Opens the ledger, which is made if it is to be; where a step is to be `taken`, nobody else takes one meanwhile.

    Raises SettingsError where versions decide by their dates.
    """
    if settings.approvals == "none":
        raise SettingsError(*BY_DATES)
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
