"""What the commands of events have in common: endpoints, the ledger, and the state of deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ordain.api.events.endpoints import Endpoint, load_endpoints
from ordain.api.events.known_services import known_services
from ordain.api.events.state import State
from ordain.api.ledger import open_for, require_ledger
from ordain.api.settings import Settings, load_settings
from ordain.audit.ledger.open_ledger import OpenLedger


@dataclass(frozen=True, slots=True)
class Events:
    """The endpoints by name, in the order of their file, as it was when this was opened."""

    settings: Settings
    endpoints: dict[str, Endpoint]
    opened: OpenLedger
    state: State

    def read_again(self) -> dict[str, Endpoint]:
        """The endpoints as the file has them now. Raises SettingsError, LedgerUnavailable."""
        return _endpoints(self.settings, self.opened)


@contextmanager
def opened_events(config: Path | None) -> Iterator[Events]:
    """Closed at the end; nothing is signed, which is the server's business.

    Raises SettingsError, also when there is no ledger, and LedgerUnavailable.
    """
    settings = load_settings(config)
    load_endpoints(settings.events)  # what is wrong in the file itself is told before there is a ledger, too
    require_ledger(settings)
    opened = open_for(settings, make=False)
    try:
        endpoints = _endpoints(settings, opened)
        state = State(opened)
        try:
            yield Events(settings, endpoints, opened, state)
        finally:
            state.close()
    finally:
        opened.close()


def _endpoints(settings: Settings, opened: OpenLedger) -> dict[str, Endpoint]:
    return load_endpoints(settings.events, known_services(settings, opened.reader))
