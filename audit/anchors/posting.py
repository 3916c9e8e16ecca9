"""One request to somebody outside who may be slow, or say too much: its time and the answer's length are bounded."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Posted:
    """What was answered. `reason` are the words of the status, `to` where a redirection would lead: it is not followed.

    `body` has one byte more than was asked for when there would be more.
    """

    status: int
    reason: str
    media: str
    to: str
    body: bytes


def post(url: str, data: bytes, headers: Mapping[str, str], timeout_seconds: float, most: int) -> Posted:
    """POSTs `data` to an `http` or `https` URL. `timeout_seconds` is for the connection and for each wait.

    Reads no more than `most` bytes and one, and no longer than the timeout and one wait, however slow they drip.
    Raises OSError, also for what is no HTTP.
    """
    request = urllib.request.Request(url, data, dict(headers))  # noqa: S310  # who calls has looked at the scheme
    try:
        with _OPENER.open(request, timeout=timeout_seconds) as answer:
            return _read(answer, timeout_seconds, most)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _read(refusal, timeout_seconds, most)
    except http.client.HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from error


def _read(answer: http.client.HTTPResponse | urllib.error.HTTPError, timeout_seconds: float, most: int) -> Posted:
    until = time.monotonic() + timeout_seconds
    body = b""
    while len(body) <= most and (part := answer.read1(most + 1 - len(body))):
        body += part
        if time.monotonic() > until:
            raise TimeoutError("the reply does not end")
    headers = answer.headers
    return Posted(
        answer.status or 0, str(answer.reason), headers.get("Content-Type", ""), headers.get("Location", ""), body
    )


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirection)
