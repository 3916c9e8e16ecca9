"""The server of a witness: Granian's, with one process, whose threads answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ordain.api.limits import LIMITS
from ordain.api.witness.wsgi import WitnessApp
from ordain.audit.witness.cosigner import Cosigner


def serve_witness(made: Callable[[], Cosigner], host: str, port: int) -> None:
    """Serves until interrupted. `made` is called in the process that answers."""
    server = Granian(
        "ordain.api.witness.wsgi:WitnessApp",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=LIMITS.witness_reads),
        backlog=LIMITS.witness_backlog,
        workers=1,
        blocking_threads=LIMITS.witness_threads,
        workers_kill_timeout=LIMITS.stop_seconds,
        websockets=False,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=partial(_app, made), wrap_loader=False)


def _app(made: Callable[[], Cosigner]) -> WitnessApp:
    return WitnessApp(made())
