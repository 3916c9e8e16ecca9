"""Callers for tests: keys in a file as the commands write it, and the header that each sends."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from flask.testing import FlaskClient
from served import Server

from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.access.rights import ROLES

NOW = dt.datetime.now(dt.UTC)
NOT_KNOWN = ("nobody", "expired", "revoked", "another secret", "another id", "basic")


class KnownClient(NamedTuple):
    """`headers` of each caller, by what it is."""

    client: FlaskClient
    headers: dict[str, dict[str, str]]


class KnownServer(NamedTuple):
    """The same of a process that serves."""

    server: Server
    headers: dict[str, dict[str, str]]


def keeper(folder: Path, now: dt.datetime | None = None) -> KeyKeeper:
    """What changes the file of keys in `folder`/keys; the commands' own tests look at what it records."""
    return KeyKeeper(folder / "keys/callers.json", lambda *_: None, lambda: now or dt.datetime.now(dt.UTC), "tests")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def a_key_for_each(folder: Path) -> dict[str, dict[str, str]]:
    """The headers of a caller of each role, and of those who are not to be let in, by what they are."""
    made, long_ago = keeper(folder), keeper(folder, NOW - dt.timedelta(days=2))
    headers = {role: bearer(made.make(role.replace(" ", "-"), [role]).text) for role in ROLES}
    headers["every role"] = bearer(made.make("every-role", ROLES).text)
    headers["no role that there is"] = bearer(made.make("no-role", ["nobody"]).text)
    headers["one service"] = bearer(made.make("one-service", ROLES, ["plan-advice"]).text)
    headers["nobody"] = {}
    headers["expired"] = bearer(long_ago.make("expired", ROLES, (), dt.timedelta(days=1)).text)
    revoked = made.make("revoked", ROLES)
    made.revoke(revoked.key.id)
    headers["revoked"] = bearer(revoked.text)
    headers["another secret"] = bearer(f"{headers['every role']['Authorization'].split()[1][:-1]}#")
    headers["another id"] = bearer("ordain_000000000000_" + "A" * 43)
    headers["basic"] = {"Authorization": "Basic YWRtaW46YWRtaW4="}
    return headers
