"""The entries of the menu: the page each leads to, and the right without which it would show nothing."""

from __future__ import annotations

from typing import NamedTuple

from ordain.api.access.rights import Right


class Entry(NamedTuple):
    """`page` is the name of a page without parts in its address; its text is `menu.<page>` of `texts.yaml`."""

    page: str
    right: Right


MENU: tuple[Entry, ...] = (
    Entry("home", Right.DESCRIBE),
    Entry("policies", Right.READ_POLICIES),
    Entry("whatifs", Right.DRY_RUN),
    Entry("decisions", Right.SEARCH),
    Entry("people", Right.SEARCH),
    Entry("evidence", Right.VERIFY),
    Entry("models", Right.READ_MODELS),
    Entry("rollouts", Right.READ_POLICIES),
    Entry("operations", Right.HEALTH),
    Entry("settings", Right.MANAGE_KEYS),
)
