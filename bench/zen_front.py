"""zen-engine behind the HTTP front that Ordain uses, granian's RSGI, and without a record.

`python -m bench.zen_front HOST PORT` serves POST /v1/decisions/offer: `facts` go in, result and trace come out.
The policy is that of `python -m bench decision`: twenty rules, first hit, and a price guard.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
import zen
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from bench.zen_peer import KEY, graph

_HEADERS = [("content-type", "application/json")]


class Front:
    """The application, as RSGI has it."""

    def __init__(self) -> None:
        model = graph(Path(__file__).parent / "policies")
        engine = zen.ZenEngine({"loader": {"type": "static", "content": {KEY: model}}})
        self._decide = engine.get_decision(KEY).evaluate

    async def __rsgi__(self, scope: Any, exchange: Any) -> None:
        body = await exchange()
        answer: Any = self._decide(orjson.loads(body)["facts"], {"trace": True}) if body else {}
        exchange.response_bytes(200, _HEADERS, orjson.dumps(answer))


def create() -> Front:
    """What the server calls."""
    return Front()


if __name__ == "__main__":
    Granian(
        "bench.zen_front:create",
        address=sys.argv[1],
        port=int(sys.argv[2]),
        interface=Interfaces.RSGI,
        factory=True,
        websockets=False,
        workers=1,
        loop=Loops.asyncio,
        log_level=LogLevels.warning,
    ).serve()
