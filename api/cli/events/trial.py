"""`ordain events test`: one event of no meaning, so that an endpoint can be set up before anything is decided."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import click

from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.events.carrier import Came
from ordain.api.events.carriers import carrier_of
from ordain.api.events.endpoints import Endpoint, endpoint_named, load_endpoints
from ordain.api.settings import load_settings
from ordain.audit.entry.entry import new_id, utc
from ordain.audit.ledger.outgoing import NOBODY


@click.command("test")
@click.argument("name", metavar="ENDPOINT")
@json_option("Print JSON.")
@click.pass_obj
def test_command(call: Invocation, name: str, as_json: bool) -> None:
    """Send an event of the type `ordain.test.sent` to an endpoint, once. It is not on record.

    Exit codes: 0 delivered, 1 not, 2 bad settings or endpoints.
    """
    endpoint = endpoint_named(load_endpoints(load_settings(call.config).events), name)
    came = asyncio.run(_sent(endpoint))
    if as_json:
        told = {"name": name, "delivered": not came.fault, "status": came.status, "fault": came.fault}
        OUT.print(json.dumps(told), markup=False)
    else:
        delivered = "delivered" if came.status is None else f"delivered, it answered {came.status}"
        OUT.print(f"{name}: {came.fault or delivered}", markup=False)
    if came.fault:
        raise SystemExit(1)


async def _sent(endpoint: Endpoint) -> Came:
    carrier, now = carrier_of(endpoint), dt.datetime.now(dt.UTC)
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(new_id(now)),
        "source": "ordain",
        "type": "ordain.test.sent",
        "time": utc(now),
        "datacontenttype": "application/json",
        "data": {"endpoint": endpoint.name},
    }
    try:
        return await carrier.send(event, NOBODY)
    finally:
        await carrier.close()
