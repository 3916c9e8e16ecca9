"""The line of the log for each request, formatted by hand: a record of `logging` would cost as much as deciding.

Each part of it is a number, a word of ours, an id that `request_id_for` has let through, or the name of a caller, which
has its escapes already (`Caller.logged`): so none needs any here.
"""

from __future__ import annotations

import os

from ordain.api.access.caller import LOCAL
from ordain.api.http.account import BATCH, Account
from ordain.api.logs.records import time_text

ACCESS = "ordain.access"


def is_fault(status: int, code: str) -> bool:
    """Whether an answer is a fault of ours. "Not ready yet" (503) is no error, and has no code."""
    return status >= 500 and code != ""


def json_line(seen: Account, status: int, seconds: float, now: float, tenant: str = "") -> str:
    """As one line of JSON, with its end; `tenant` is given where there are several."""
    key = (seen.method, seen.route, seen.service, status, seen.verdict, seen.code, tenant)
    begins, goes_on, ends = _ALIKE.get(key) or _alike(*key)
    counts = f',"decided":{_decided(seen)},"refused":{_refused(seen)}' if seen.route == BATCH else ""
    caller = _named(seen)
    who = f'"caller":"{caller}",' if caller else ""
    return (
        f'{begins}{time_text(now)}{goes_on}{seconds * 1000:.3f},"id":"{seen.id}",{who}'
        f'"bytes_in":{seen.bytes_in},"bytes_out":{seen.bytes_out}{counts}{ends}'
    )


_Key = tuple[str, str, str, int, str, str, str]
_ALIKE: dict[_Key, tuple[str, str, str]] = {}
"""The parts of a line that are alike for many requests: there are as many as routes, services and codes."""


def _alike(
    method: str, route: str, service: str, status: int, verdict: str, code: str, tenant: str
) -> tuple[str, str, str]:
    level = "error" if is_fault(status, code) else "info"
    named = {"service": service, "verdict": verdict, "code": code, "tenant": tenant}
    words = "".join(f',"{name}":"{word}"' for name, word in named.items() if word)
    made = (
        f'{{"level":"{level}","time":"',
        f'","logger":"{ACCESS}","message":"request","method":"{method}","route":"{route}","status":{status}{words},"ms":',
        f',"pid":{os.getpid()}}}\n',
    )
    _ALIKE[method, route, service, status, verdict, code, tenant] = made
    return made


def text_line(seen: Account, status: int, seconds: float, now: float, tenant: str = "") -> str:
    """As one line of text, with its end."""
    level = "ERROR" if is_fault(status, seen.code) else "INFO"
    words = [f"[{tenant}]" if tenant else "", seen.service, seen.verdict, seen.code]
    words.append(f"by {caller}" if (caller := _named(seen)) else "")
    if seen.route == BATCH:
        words.append(f"{_decided(seen)} decided, {_refused(seen)} refused")
    told = "".join(f" {word}" for word in words if word)
    return (
        f"{time_text(now)} {level} {ACCESS}: {status} {seen.method} {seen.route}{told}"
        f" {seconds * 1000:.3f} ms, {seen.bytes_in} in, {seen.bytes_out} out, {seen.id}\n"
    )


def _named(seen: Account) -> str:
    """Who asked; empty where nobody is known."""
    return "" if seen.caller is None or seen.caller is LOCAL else seen.caller.logged


def _decided(seen: Account) -> int:
    return sum(count for (_, code), count in seen.lines.items() if not code)


def _refused(seen: Account) -> int:
    return sum(count for (_, code), count in seen.lines.items() if code)
