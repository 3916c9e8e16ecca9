"""`ordain serve`: the HTTP service on a production server."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from queue import SimpleQueue

import click

from ordain.api.access.gate import Gate
from ordain.api.access.listening import refuse_strangers
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.taken_port import refuse_taken
from ordain.api.http.reloads import Asked, Reloads
from ordain.api.logs.begin import begin_logs
from ordain.api.services import wire, with_hooks
from ordain.api.settings import CONFIG, load_settings, unknown_variables
from ordain.api.watching import stamps
from ordain.audit.shared_writer.meeting_place import MeetingPlace
from ordain.engine.errors import SettingsError
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
    settings = load_settings(of_server=True)
    settings = replace(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
    )
    begin_logs(settings)
    if settings.traces is not None:
        late("ordain.api.traces.otlp")
    if settings.redis_url is not None:
        late("ordain.api.rates.redis_times:RedisTimes")(settings.redis_url, settings.tenant)
    for line in unknown_variables():
        click.echo(f"warning: {line}", err=True)
    asked: Asked = SimpleQueue()
    signal.signal(signal.SIGHUP, lambda *_: asked.put(None))  # one that comes before all is loaded is kept
    # Faults are shown here, once and readably, and not by a worker that is restarted over and over.
    refuse_taken(settings.host, settings.port)
    if settings.tenants is not None:
        late("ordain.api.tenants.starting:serve_tenants")(settings, asked)
        return
    if settings.tenants_metrics_key is not None:
        raise SettingsError(
            "`tenants_metrics_key` opens the numbers of all tenants, and this server has none",
            "make an API key for who reads its numbers: ordain keys new NAME --role operator",
        )
    seen = stamps(settings.policies) if settings.reload == "change" else None
    kept = Kept()
    use = wire(settings, kept=kept)
    use.close()
    use = with_hooks(use)
    gate = Gate(use)
    if not gate.configured:
        refuse_strangers(settings.host)
    shares_writer = settings.workers > 1 and settings.database_url.startswith("sqlite")
    place = MeetingPlace() if shares_writer else None
    late("ordain.api.http.server:serve")(settings, Reloads(use, kept, asked, seen, gate), place)
