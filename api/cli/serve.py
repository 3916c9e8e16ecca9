"""`ordain serve`: the HTTP service on a production server."""

from __future__ import annotations

import os
import signal
import socket
from queue import SimpleQueue

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.http.reloads import Asked, Reloads
from ordain.api.logs.begin import begin_logs
from ordain.api.services import wire
from ordain.api.settings import CONFIG, load_settings, unknown_variables
from ordain.api.watching import stamps
from ordain.audit.shared_writer.meeting_place import MeetingPlace
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.late import late
from ordain.engine.versions import Kept


@click.command()
@click.option("--host", help="The address to listen on; else the setting.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on; else the setting.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that decide; else the setting.")
@click.pass_obj
def serve(call: Invocation, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve decisions over HTTP until interrupted. It says that it listens once it answers."""
    if call.config is not None:
        os.environ[CONFIG] = str(call.config.absolute())
    settings = load_settings()
    begin_logs(settings)
    for line in unknown_variables():
        click.echo(f"warning: {line}", err=True)
    asked: Asked = SimpleQueue()
    signal.signal(signal.SIGHUP, lambda *_: asked.put(None))  # one that comes before all is loaded is kept
    host, port, workers = host or settings.host, port or settings.port, workers or settings.workers
    # Faults are shown here, once and readably, and not by a worker that is restarted over and over.
    _refuse_taken(host, port)
    seen = stamps(settings.policies) if settings.reload == "change" else None
    kept = Kept()
    use = wire(settings, late_models=True, catalog=load_catalog(read_texts(settings.policies), kept=kept))
    use.close()
    shares_writer = workers > 1 and settings.database_url.startswith("sqlite")
    place = MeetingPlace() if shares_writer else None
    late("ordain.api.http.server:serve")(host, port, Reloads(use, kept, asked, seen), workers, place)


def _refuse_taken(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        hint = "choose another one with --port, or the setting `port`"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason_of(error)}", hint) from None
