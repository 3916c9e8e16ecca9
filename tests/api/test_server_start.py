"""How the server starts: it says that it listens once it answers, and who needs no model waits for none."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from heads import head
from ports import free_port
from served import Server, edit, environment, ordain

from ordain.api.http.app import app_for
from ordain.api.http.front import Front
from ordain.api.late_model import LateModel
from ordain.api.services import Services
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import Fact, FactSource, Score
from ordain.engine.values.types import Value

ADVICE = {"usage_gb": 95, "plan_gb": 100}
RETENTION = {
    "clv_tier": "high",
    "offers_last_90_days": 0,
    "jurisdiction": "UK",
    "marketing_objection": False,
    "opted_out_channels": [],
    "vulnerable_customer": False,
}


@dataclass(frozen=True)
class Scores:
    """A model that gives everybody the same score."""

    name: str = "churn"
    version: str = "7"
    digest: str = "sha256:0"
    reads: tuple[Fact, ...] = ()

    def score(self, inputs: dict[str, Value]) -> Score:
        return Score(Decimal("0.1"), (), {})


@dataclass
class Slow:
    """A model that is read once `come` is set."""

    come: threading.Event = field(default_factory=threading.Event)
    times: int = 0
    result: Any = field(default_factory=Scores)

    def load(self) -> FactSource:
        self.times += 1
        assert self.come.wait(30)
        if isinstance(self.result, Exception):
            raise self.result
        model: FactSource = self.result
        return model


@dataclass
class Asked:
    """One request in the event loop, and its answer."""

    body: bytes
    status: int = 0
    answer: bytes = b""

    def __call__(self) -> Any:
        async def whole() -> bytes:
            return self.body

        return whole()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body

    def response_bytes(self, status: int, headers: object, body: bytes) -> None:
        self.status, self.answer = status, body


@pytest.fixture
def slow() -> Iterator[Slow]:
    model = Slow()
    yield model
    model.come.set()


@pytest.fixture
def starting(use: Services, slow: Slow) -> Services:
    """The service while its model is still to be read."""
    return replace(use, models={"churn": LateModel(Scores(), slow.load)})


async def asked(front: Front, method: str, path: str, facts: dict[str, object] | None = None) -> Asked:
    body = b"" if facts is None else json.dumps({"subject": "C-1", "facts": facts}).encode()
    exchange = Asked(body)
    headers = {"content-length": str(len(body))}
    await front.__rsgi__(head(method, path, headers), exchange)
    return exchange


def test_a_decision_without_a_model_does_not_wait_for_one_that_needs_it(starting: Services, slow: Slow) -> None:
    async def both() -> tuple[Asked, Asked, bool]:
        front = Front(starting, lambda *_: [], 1)
        front.__rsgi_init__(asyncio.get_running_loop())
        scored = asyncio.create_task(asked(front, "POST", "/v1/decisions/retention", RETENTION))
        await asyncio.sleep(0.05)
        advice = await asked(front, "POST", "/v1/decisions/plan-advice", ADVICE)
        waited = not scored.done()
        slow.come.set()
        return advice, await scored, waited

    advice, scored, waited = asyncio.run(both())
    assert (advice.status, waited) == (200, True)
    assert (scored.status, slow.times) == (200, 1), scored.answer
    assert json.loads(scored.answer)["models"][0]["model"] == "churn"


def test_it_is_ready_once_its_models_are_read(starting: Services, slow: Slow) -> None:
    async def readiness() -> tuple[int, dict[str, object]]:
        answer = await asked(Front(starting, lambda *_: [], 1), "GET", "/readyz")
        return answer.status, json.loads(answer.answer)

    client = app_for(starting).test_client()
    assert asyncio.run(readiness()) == (503, {"ready": False, "loading": ["churn"]})
    assert client.get("/readyz").status_code == 503
    assert models(client) == [{"model": "churn", "version": 7, "state": "loading"}]
    slow.come.set()
    starting.models["churn"].read()  # type: ignore[union-attr]
    assert asyncio.run(readiness()) == (200, {"ready": True, "loading": []})
    assert client.get("/readyz").get_json() == {"ready": True, "loading": []}
    assert models(client) == [{"model": "churn", "version": 7, "state": "ready"}]


def test_a_model_that_cannot_be_read_refuses_the_decisions_that_need_it(starting: Services, slow: Slow) -> None:
    slow.result = ModelDegradationDetected("model `churn` version 7: `model.ubj` cannot be read")
    slow.come.set()
    client = app_for(starting).test_client()
    for _ in range(2):
        answer = client.post("/v1/decisions/retention", json={"subject": "C-1", "facts": RETENTION})
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "ModelDegradationDetected")
    assert slow.times == 1
    assert models(client) == [
        {
            "model": "churn",
            "version": 7,
            "state": "unusable",
            "fault": "model `churn` version 7: `model.ubj` cannot be read",
        }
    ]
    assert client.post("/v1/decisions/plan-advice", json={"subject": "C-1", "facts": ADVICE}).status_code == 200


def models(client: FlaskClient) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get("/healthz").get_json()["models"]
    return found


def test_once_it_says_that_it_listens_it_answers(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.port = free_port()
    command = [sys.executable, "-m", "ordain", "serve", "--port", str(server.port)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            said = run.stdout.readline()
            answer = server.decide("plan-advice", "C-9", ADVICE)  # no second try: it would be refused
        finally:
            run.terminate()
    listens = f"Ordain listens on http://127.0.0.1:{server.port}  (stop it with Ctrl-C); it knows nobody: "
    assert said.startswith(listens)
    assert said.count("\n") == 1
    assert answer.status == 200


def test_what_is_wrong_is_told_before_and_nothing_listens(tmp_path: Path, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", "unique", "uneek")
    done = ordain(tmp_path, "serve", "--port", str(free_port()), ORDAIN_POLICIES=str(policies))
    assert (done.returncode, done.stdout) == (2, "")
    assert "`uneek` is not allowed" in done.stderr


def test_to_answer_the_first_decision_no_library_of_models_or_routes_is_loaded() -> None:
    code = (
        "import sys, ordain.api.http.server; print(*({'flask', 'xgboost', 'numpy', 'jsonschema'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""
