"""What limits are tried with: a request's head, and settings with limits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

from served import settings_in

from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.access.rates import read_rate
from ordain.api.settings import Settings


class Head(NamedTuple):
    """The head of a request from `client`."""

    client: str = "192.0.2.1:5000"
    given: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> Any:
        return _Plain(self.given)


class _Plain:
    def __init__(self, given: tuple[tuple[str, str], ...]) -> None:
        self._given = given

    def __contains__(self, name: str) -> bool:
        return any(name == each for each, _ in self._given)

    def get(self, name: str) -> str | None:
        return next((value for each, value in self._given if each == name), None)

    def get_all(self, name: str) -> list[str]:
        return [value for each, value in self._given if each == name]


def limited(folder: Path, **rates: str) -> Settings:
    """Settings with the limits as people write them."""
    return settings_in(folder, **{name: read_rate(text) for name, text in rates.items()})


def keeper(folder: Path) -> KeyKeeper:
    """What makes keys for a server in `folder`."""
    return KeyKeeper(folder / "keys/callers.json", lambda *_: None, lambda: dt.datetime.now(dt.UTC), "tests")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}
