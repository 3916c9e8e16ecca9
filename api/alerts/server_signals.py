"""Signals that servers tell on `/metrics`: errors and times since the last look, models that cannot score."""

from __future__ import annotations

import http.client
import logging
import re
import ssl
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate
from urllib.parse import urlsplit

from ordain.api.alerts.measured import Measured, Signal, percent
from ordain.api.limits import LIMITS
from ordain.api.metrics.catalogue import CATALOGUE
from ordain.engine.errors import SettingsError

_LOG = logging.getLogger("ordain")
_SAMPLE = re.compile(r"(ordain_\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ALWAYS = "ordain_processes"
"""A number that each such page has."""
_OF_ALL = f'{_ALWAYS}{{tenant="'
"""What a page of several tenants has."""
_SECONDS, _DECIDE = "ordain_request_seconds", "/v1/decisions/<service>"
_NO_OUTCOME = frozenset(
    (
        *("NoRuleApplies", "RulesDisagree", "CalculationFailed", "NotInForce", "PricingConstraintViolation"),
        *("ModelDegradationDetected", "NotRecorded", "LedgerUnavailable", "LedgerRolledBack", "TextLost"),
        "InternalError",
    )
)
"""The codes of errors that are not the caller's: a right request got no outcome."""

Labels = tuple[tuple[str, str], ...]
Numbers = dict[tuple[str, Labels], float]


class Servers:
    """Asks servers at the addresses of their `/metrics`, with `key` if they know callers.

    Raises SettingsError for what is no such address.
    """

    def __init__(self, addresses: Sequence[str], key: str = "") -> None:
        for address in addresses:
            url = urlsplit(address)
            if url.scheme not in ("http", "https") or not url.hostname:
                raise SettingsError(f"`{address}` is not an address", "for example http://127.0.0.1:8080/metrics")
        self._addresses, self._key = tuple(addresses), key
        self._before: dict[str, Numbers] = {}
        self._said: dict[str, str] = {}

    def signals(self) -> tuple[list[Measured], frozenset[Signal]]:
        """What they tell, and the signals of which that is all. Errors and times take a look before this one."""
        pages, down, compared = [], 0, 0
        since: Numbers = defaultdict(float)
        for address in self._addresses:
            try:
                page = read_page(_asked(address, self._key))
            except _Refused as error:
                self._say(address, str(error))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._say(address, f"it does not answer: {type(error).__name__}")
                down += 1
            else:
                self._said.pop(address, None)
                pages.append(page)
                if (before := self._before.get(address)) is not None:
                    compared += 1
                    for key, value in page.items():
                        since[key] += value - before.get(key, 0) if value >= before.get(key, 0) else value
                self._before[address] = page
        found = [*_errors(since), *_times(since)]
        if lost := sum(page[key] == 0 for page in pages for key in page if key[0] == "ordain_model_usable"):
            found.append(Measured(Signal.MODEL_UNUSABLE, None, Decimal(lost), lost))
        if down:
            found.append(Measured(Signal.SERVER_DOWN, None, Decimal(down), len(self._addresses)))
        if not (asked := len(self._addresses)):
            return [], frozenset()
        known = {Signal.SERVER_DOWN}
        known |= {Signal.MODEL_UNUSABLE} if len(pages) == asked else set()
        known |= {Signal.ERROR_RATE, Signal.LATENCY} if compared == asked else set()
        return found, frozenset(known)

    def _say(self, address: str, why: str) -> None:
        if self._said.get(address) != why:
            _LOG.error("the numbers at %s cannot be read: %s", address, why)
        self._said[address] = why


class _Refused(Exception):
    """It answers, and not with its numbers."""


def _asked(address: str, key: str) -> str:
    """The page. No proxy is used and no redirect followed, so the key goes nowhere else."""
    url = urlsplit(address)
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(url.netloc, timeout=LIMITS.alert_waits, context=context)
    else:
        connection = http.client.HTTPConnection(url.netloc, timeout=LIMITS.alert_waits)
    try:
        connection.request("GET", url.path or "/metrics", headers={"Authorization": f"Bearer {key}"} if key else {})
        answer = connection.getresponse()
        if answer.status != 200:
            raise _Refused(f"it answers {answer.status}")
        page = answer.read(LIMITS.alert_page).decode("utf-8", "replace")
        if _ALWAYS not in page:
            raise _Refused(f"it has no numbers of Ordain (`{_ALWAYS}`): name the address of `/metrics`")
        if _OF_ALL in page:
            raise _Refused("it has the numbers of all tenants: take an API key of this one")
        return page
    finally:
        connection.close()


def read_page(text: str) -> Numbers:
    """The samples of a page, by name and sorted labels. Raises ValueError for a number that is none."""
    found: Numbers = {}
    for line in text.splitlines():
        if (match := _SAMPLE.fullmatch(line)) is not None:
            found[match[1], tuple(sorted(_LABEL.findall(match[2] or "")))] = float(match[3])
    return found


def _errors(since: Numbers) -> Iterator[Measured]:
    """Of each service how many right requests got no outcome."""
    failed: dict[str, float] = defaultdict(float)
    decided: dict[str, float] = defaultdict(float)
    for (name, labels), count in since.items():
        told = dict(labels)
        if name == "ordain_decisions_total":
            decided[told["service"]] += count
        elif name == "ordain_refusals_total" and told["code"] in _NO_OUTCOME:
            failed[told["service"]] += count
    for service in sorted({*failed, *decided} - {""}):
        if whole := failed[service] + decided[service]:
            yield Measured(Signal.ERROR_RATE, service, percent(failed[service], whole), int(whole))


def _times(since: Numbers) -> Iterator[Measured]:
    """What one decision in twenty takes, or longer: the lower bound of that one's bucket."""
    bounds = CATALOGUE[_SECONDS].bounds
    counted: dict[float, float] = defaultdict(float)
    for (name, labels), count in since.items():
        told = dict(labels)
        if name == f"{_SECONDS}_bucket" and told.get("route") == _DECIDE:
            counted[float(told["le"])] += count
    sums = [counted[bound] for bound in sorted(counted)]
    if not sums or not sums[-1]:
        return
    at = bisect_left(list(accumulate(sums, max)), sums[-1] * 0.95)
    least = (0.0, *bounds)[min(at, len(bounds))]
    yield Measured(Signal.LATENCY, None, Decimal(str(least * 1000)).quantize(Decimal(1)), int(sums[-1]))
