"""A request to whoever says who people are: bounded in time and size, and no redirection is followed.

The bound in time is one for all of it: the connection, the head and the body of the answer, however slowly they drip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import httpx

from ordain.api.limits import LIMITS

_HEAD = {"Accept": "application/json", "Accept-Encoding": "identity"}  # what is packed could be any size unpacked


class Unanswered(Exception):
    """Says why there is no answer that could be used, as in "`address` ..."."""


class Answer(NamedTuple):
    """`status` as HTTP has it."""

    status: int
    body: bytes


def get(address: str) -> bytes:
    """What is there. Raises Unanswered, also for any other status than 200."""
    answer = ask(address)
    if answer.status != httpx.codes.OK:
        raise Unanswered(f"answers {answer.status}")
    return answer.body


def ask(address: str, form: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Asks for it or, with a form as browsers encode it, posts that. Raises Unanswered.

    It waits, in whichever thread it is called, and may not be called in an event loop's.
    """
    sent = {**_HEAD, **(headers or {})}
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        return asyncio.run(_ask("GET" if form is None else "POST", address, form, sent))
    except TimeoutError:
        raise Unanswered(f"cannot be reached: no answer in {LIMITS.jwks_waits:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise Unanswered(f"cannot be reached: {str(error) or type(error).__name__}") from None


async def _ask(method: str, address: str, form: str | None, headers: Mapping[str, str]) -> Answer:
    body = b""
    async with (
        asyncio.timeout(LIMITS.jwks_waits),
        httpx.AsyncClient(timeout=LIMITS.jwks_waits, follow_redirects=False) as client,
        client.stream(method, address, content=form, headers=dict(headers)) as answer,
    ):
        async for part in answer.aiter_raw():
            body += part
            if len(body) > LIMITS.jwks_bytes:
                raise Unanswered(f"gives more than {LIMITS.jwks_bytes:,} bytes")
        return Answer(answer.status_code, body)
