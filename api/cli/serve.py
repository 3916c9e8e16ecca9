"""`ordain serve`: the HTTP service on a production server."""

from __future__ import annotations

import os
import socket
import sys

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.terminal import OUT
from ordain.api.http.writer_keeper import new_folder
from ordain.api.services import wire
from ordain.api.settings import CONFIG, load_settings
from ordain.engine.errors import SettingsError, reason_of


@click.command()
@click.option("--host", help="The address to listen on; else the setting.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on; else the setting.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that decide; else the setting.")
@click.pass_obj
def serve(call: Invocation, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve decisions over HTTP until interrupted."""
    if call.config is not None:
        os.environ[CONFIG] = str(call.config.absolute())
    settings = load_settings()
    host, port, workers = host or settings.host, port or settings.port, workers or settings.workers
    # Faults are shown here, once and readably, and not by a worker that is restarted over and over.
    _refuse_taken(host, port)
    wire(settings).close()
    shares_writer = workers > 1 and settings.database_url.startswith("sqlite")
    folder = [str(new_folder())] if shares_writer else []
    OUT.print(f"Ordain listens on http://{host}:{port}  (stop it with Ctrl-C)")
    sys.stdout.flush()
    # This process has loaded the models, so it must not fork a worker: see api/http/server.py.
    command = [sys.executable, "-m", "ordain.api.http.server", host, str(port), str(workers), *folder]
    os.execv(sys.executable, command)  # noqa: S606 - our own command


def _refuse_taken(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        hint = "choose another one with --port, or the setting `port`"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason_of(error)}", hint) from None
