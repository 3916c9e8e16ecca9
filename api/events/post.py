"""One try to deliver an event: looked up, checked, signed, posted. What comes back is a status and no more."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from ordain.api.events.addresses import Lookups, NotAllowed, chosen
from ordain.api.events.carrier import Came, first_line
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.signing import signed
from ordain.api.events.waits import retry_after
from ordain.api.limits import LIMITS
from ordain.engine.version import VERSION

MEDIA = "application/cloudevents+json; charset=utf-8"


class Post:
    """Posts to one endpoint. Its connections are kept open for the next events; `close` it."""

    def __init__(self, endpoint: Endpoint, verify: ssl.SSLContext | None = None) -> None:
        self._endpoint = endpoint
        url = urlsplit(endpoint.url)
        self._host, self._encrypted = url.hostname or "", url.scheme == "https"
        self._port = url.port or (443 if self._encrypted else 80)
        self._url = httpx.URL(endpoint.url)
        self._lookups = Lookups(LIMITS.events_at_once)
        # No redirect is followed and no proxy of the environment used: what was checked is what is connected to.
        self._client = httpx.AsyncClient(
            verify=verify or ssl.create_default_context(),
            follow_redirects=False,
            trust_env=False,
            timeout=LIMITS.event_seconds,
            limits=httpx.Limits(max_connections=LIMITS.events_at_once),
        )

    async def send(self, event: dict[str, Any], line: bytes) -> Came:
        """Posts an event. Whatever goes wrong is told, not raised. Lines are kept by who sends."""
        try:
            async with asyncio.timeout(LIMITS.event_seconds):
                return await self._send(event["id"], orjson.dumps(event))
        except TimeoutError:
            return Came(None, f"no answer within {LIMITS.event_seconds:g} seconds")
        except NotAllowed as error:
            return Came(None, str(error))
        except (OSError, UnicodeError) as error:
            return Came(None, f"`{self._host}` cannot be looked up: {first_line(error)}")
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            return Came(None, f"`{self._host}` cannot be reached: {first_line(error)}")

    async def _send(self, message_id: str, body: bytes) -> Came:
        found = await self._lookups.addresses(self._host, self._port)
        address = chosen(found, private=self._endpoint.private, encrypted=self._encrypted)
        headers = {
            "host": self._url.netloc.decode("ascii"),
            "content-type": MEDIA,
            "user-agent": f"Ordain/{VERSION}",
            **signed(self._endpoint.secrets, message_id, int(time.time()), body),
        }
        # The certificate is checked against the name, not the address.
        named = {"sni_hostname": self._host} if self._encrypted else {}
        url = self._url.copy_with(host=str(address))
        async with self._client.stream("POST", url, content=body, headers=headers, extensions=named) as answer:
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > LIMITS.event_answer:
                    break
        return _came(answer)

    async def close(self) -> None:
        """Closes its connections."""
        self._lookups.close()
        await self._client.aclose()


def _came(answer: httpx.Response) -> Came:
    if answer.is_success:
        return Came(answer.status_code, "")
    what = "a redirect, which is not followed" if answer.is_redirect else "an error"
    asked = retry_after(answer.headers.get("retry-after"), dt.datetime.now(dt.UTC))
    return Came(answer.status_code, f"answered {answer.status_code}: {what}", asked)
