"""Whether a server can listen where it is to."""

from __future__ import annotations

import errno
import socket

from ordain.engine.errors import SettingsError, reason_of


def refuse_taken(host: str, port: int) -> None:
    """Raises SettingsError where something listens already, or this machine has no such address."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        hint = "choose another one with --port, or the setting `port`"
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            hint = "choose an address of this machine with --host, or the setting `host`"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason_of(error)}", hint) from None
