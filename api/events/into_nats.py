"""Events into a stream of NATS (JetStream), as CloudEvents by its NATS binding, version 1.0.2.

Section 3: the payload of a message is the event in JSON, always. Its subject is the type of the event.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import nats.errors
import nats.js.errors
import orjson
from nats.aio.client import Client
from nats.js.api import Header

from ordain.api.events.addresses import Lookups, NotAllowed, chosen
from ordain.api.events.brokers import Server
from ordain.api.events.carrier import Came, first_line
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.nats_credentials import Credentials
from ordain.api.limits import LIMITS

MEDIA = "application/cloudevents+json; charset=UTF-8"

_OTHER_STREAM = 10060
"""The server's code for a stream that is not the one that the event was meant for."""


class IntoNats:
    """An event counts as delivered when the stream has kept it."""

    def __init__(self, endpoint: Endpoint) -> None:
        assert endpoint.broker is not None  # noqa: S101 - who calls sees to it
        self._endpoint, self._broker = endpoint, endpoint.broker
        self._lookups = Lookups(1)
        self._beginning = asyncio.Lock()
        self._client: Client | None = None
        self._lost: asyncio.Future[None] = asyncio.Future()

    async def send(self, event: dict[str, Any], line: bytes) -> Came:
        """One try. Whatever goes wrong is told, not raised. Lines are kept by who sends: a stream is in order."""
        try:
            async with asyncio.timeout(LIMITS.event_seconds):
                client = await self._connected()
                await self._published(client, event)
        except (TimeoutError, nats.errors.TimeoutError):
            await self._drop()
            return Came(None, f"no answer within {LIMITS.event_seconds:g} seconds")
        except NotAllowed as error:
            return Came(None, str(error))
        except nats.js.errors.NoStreamResponseError:
            subject = self._broker.subject(event["type"])
            return Came(None, f"no stream takes the subject `{subject}`: let `{self._broker.into}` have it")
        except nats.js.errors.APIError as error:
            if error.err_code == _OTHER_STREAM:
                subject = self._broker.subject(event["type"])
                return Came(None, f"another stream than `{self._broker.into}` takes the subject `{subject}`")
            return Came(None, f"the stream has not taken it: {first_line(error.description)}")
        except nats.errors.MaxPayloadError:
            return Came(None, "the event is larger than the server takes (`max_payload`)")
        except (OSError, UnicodeError, nats.errors.Error) as error:
            await self._drop()
            if "authorization" in str(error).lower():
                return Came(None, "NATS refuses the login: the user or the secret is wrong")
            return Came(None, f"NATS cannot be reached: {first_line(error)}")
        return Came(None, "")

    async def _published(self, client: Client, event: dict[str, Any]) -> None:
        """Ends, too, with the connection, after which no answer comes."""
        publishing = asyncio.create_task(
            client.jetstream().publish(
                self._broker.subject(event["type"]),
                orjson.dumps(event),
                timeout=LIMITS.event_seconds,
                stream=self._broker.into,
                headers={Header.MSG_ID.value: event["id"], "content-type": MEDIA},
            )
        )
        try:
            ended: set[asyncio.Future[Any]] = {publishing, self._lost}
            await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            if not publishing.done():
                raise nats.errors.ConnectionClosedError
            await publishing
        finally:
            publishing.cancel()

    async def _connected(self) -> Client:
        async with self._beginning:
            if self._client is None or not self._client.is_connected:
                await self._drop()
                self._client = await self._first_that_answers()
            return self._client

    async def _first_that_answers(self) -> Client:
        fault: Exception = OSError("no server is named")
        for server in self._broker.servers:
            try:
                return await self._connection(server)
            except (NotAllowed, OSError, UnicodeError, nats.errors.Error) as error:
                fault = error
        raise fault

    async def _connection(self, server: Server) -> Client:
        """To the address that was checked; no other server that this one tells of is asked."""
        broker = self._broker
        found = await self._lookups.addresses(*server)
        address = chosen(found, private=self._endpoint.private, encrypted=broker.encrypted)
        more: dict[str, Any] = {"tls": broker.tls(), "tls_hostname": server.host} if broker.encrypted else {}
        if self._endpoint.secrets:
            (secret,) = self._endpoint.secrets
            more |= Credentials.read(secret.decode(), broker.user).options()
        client, lost = _Encrypted() if broker.encrypted else Client(), asyncio.Future[None]()

        async def hear(fault: Exception) -> None:
            if not client.is_connected:  # else the library would try again by itself, and leave sockets open
                raise fault

        async def lose() -> None:
            if not lost.done():
                lost.set_result(None)

        try:
            await client.connect(
                f"nats://{Server(str(address), server.port)}",
                name="ordain",
                allow_reconnect=False,
                connect_timeout=int(LIMITS.event_seconds / 2),
                error_cb=hear,
                disconnected_cb=lose,
                closed_cb=lose,
                **more,
            )
        except BaseException:
            await _end(client)
            raise
        self._lost = lost
        return client

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _end(client)

    async def close(self) -> None:
        """Closes its connection."""
        self._lookups.close()
        await self._drop()


async def _end(client: Client) -> None:
    """Closes what it has open. Where TLS failed the library would wait for an end that never comes."""
    with suppress(OSError, nats.errors.Error):  # it may be closed already, or cut
        async with asyncio.timeout(LIMITS.broker_farewell):
            await client.close()


class _Encrypted(Client):
    """Says nothing to a server that wants no encryption: it would hear the password."""

    def _connect_command(self) -> bytes:
        if not self._server_info.get("tls_required"):
            raise nats.errors.SecureConnWantedError
        return super()._connect_command()
