"""A server whose console is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from served import Server


@dataclass(frozen=True, slots=True)
class Console:
    """A server with decisions on record: `decisions` by their service, the newest id of each."""

    server: Server
    address: str
    decisions: dict[str, str]
