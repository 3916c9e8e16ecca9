"""The carrier of an endpoint: by HTTP, into Kafka, or into NATS. Only the library that it needs is loaded."""

from __future__ import annotations

from typing import cast

from ordain.api.events.carrier import Carrier
from ordain.api.events.endpoints import Endpoint
from ordain.engine.late import late


def carrier_of(endpoint: Endpoint) -> Carrier:
    """To be closed. Raises SettingsError when its package is not installed."""
    by = "post:Post" if endpoint.broker is None else endpoint.broker.carrier
    return cast(Carrier, late(f"ordain.api.events.{by}")(endpoint))
