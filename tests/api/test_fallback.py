"""A service in an emergency: stopped, and another one asked in its place, at once and on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batching import NDJSON
from flask.testing import FlaskClient
from served import Server, ordain_here, settings_in

from ordain.api.ask import make_ask
from ordain.api.decide import decide
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.records.replay import Replayer
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.errors import PolicyError, ServiceStopped

SERVICES = """\
services:
  quote: {purpose: A fee., policies: [fees], gives: [fee], fallback: static}
  static: {purpose: The same fee for everybody., policies: [still], gives: [fee]}
  other: {purpose: A fee., policies: [fees], gives: [fee]}
"""
POLICY = """\
policy: {name}
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A fee.
decides:
  {output}: {{gives: {type}, formula: {formula}}}
examples: [{{given: {{base: 1}}, expect: {{{output}: {expected}}}}}]
"""

LAW = """\
policy: law
version: 1
kind: compliance
effective: 2026-01-01
owner: tests
purpose: What is lawful.
notice: A case of a test, no advice.
rules:
  - id: large
    status: in force
    source: House rule
    checked on: 2026-11-29
    confidence: own rule
    permits when: base <= 100
    because: It is too much.
examples:
  - given: {base: 1}
    expect: {verdict: permit}
"""


def write(folder: Path, services: str = SERVICES, **still: str) -> Path:
    policies = folder / "policies"
    policies.mkdir()
    (policies / "facts.yaml").write_text("facts:\n  base: {type: number, meaning: what it is of}\n")
    (policies / "services.yaml").write_text(services)
    plain = {"output": "fee", "type": "number"}
    of = {"fees": {"formula": "base * 2", "expected": "2"}, "still": {"formula": "base * 0 + 9", "expected": "9"}}
    for name, own in of.items():
        (policies / name).mkdir()
        told = {"name": name, **plain, **own, **(still if name == "still" else {})}
        (policies / name / "v1.yaml").write_text(POLICY.format(**told))
    return policies


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Services]:
    use = wire(settings_in(tmp_path, policies=write(tmp_path)))
    yield use
    use.close()


@pytest.fixture
def client(use: Services) -> FlaskClient:
    return app_for(use).test_client()


def stop(client: FlaskClient, service: str = "quote", **more: Any) -> Any:
    told = client.post(f"/v1/services/{service}/stop", json={"reason": "prices are wrong", **more})
    return told.get_json()


def test_what_is_asked_of_it_is_decided_by_its_fallback_and_replays(use: Services, client: FlaskClient) -> None:
    assert stop(client, fallback=True)["fallback"] == "static"
    answer = decide(make_ask("quote", "C-1", {"base": 5}, None), use)
    told = answer.as_json()
    assert (told["outcome"], told["service"]) == ({"fee": "9"}, "static")
    record = use.ledger.reader.record(answer.entry.id)
    assert record is not None
    assert record.envelope["service"] == "static"
    assert Replayer(use.ledger.reader).replay(record)
    assert decide(make_ask("other", "C-1", {"base": 5}, None), use).as_json()["outcome"] == {"fee": "10"}
    assert client.post("/v1/services/quote/start", json={"reason": "mended"}).get_json()["stopped"] is False
    assert decide(make_ask("quote", "C-1", {"base": 5}, None), use).as_json()["outcome"] == {"fee": "10"}


def test_the_last_stop_says_whether_the_fallback_is_asked(use: Services, client: FlaskClient) -> None:
    since = stop(client)["since"]
    with pytest.raises(ServiceStopped):
        decide(make_ask("quote", "C-1", {"base": 5}, None), use)
    onto = stop(client, fallback=True)
    assert (onto["since"], onto["fallback"]) == (since, "static")
    assert decide(make_ask("quote", "C-1", {"base": 5}, None), use).as_json()["outcome"] == {"fee": "9"}
    assert "fallback" not in stop(client)
    with pytest.raises(ServiceStopped):
        decide(make_ask("quote", "C-1", {"base": 5}, None), use)


def test_a_service_without_one_is_not_put_onto_it(client: FlaskClient) -> None:
    assert "the service `other` has no fallback" in stop(client, "other", fallback=True)["error"]["message"]
    assert "`fallback` is" in stop(client, fallback="static")["error"]["message"]
    assert client.get("/healthz").get_json()["stopped"] == []


def test_a_server_answers_single_questions_and_batches_by_it_and_so_do_the_commands(tmp_path: Path) -> None:
    policies = write(tmp_path)
    chosen = {"ORDAIN_POLICIES": str(policies)}
    done = ordain_here(tmp_path, "service", "stop", "quote", "--fallback", "--reason", "wrong", **chosen)
    assert "`static` is asked in its place" in done.stdout
    (tmp_path / "facts.json").write_text('{"base": 5}')
    asked = ("decide", "quote", "--subject", "C-1", "--facts", "facts.json", "--json")
    assert json.loads(ordain_here(tmp_path, *asked, **chosen).stdout)["outcome"] == {"fee": "9"}
    (tmp_path / "rows.csv").write_text("subject,base\nC-1,5\nC-2,6\n")
    table = ordain_here(tmp_path, "decide", "quote", "--table", "rows.csv", "--out", "out.csv", **chosen)
    assert table.returncode == 0, table.stderr
    assert (tmp_path / "out.csv").read_text().count('"fee":"9"') == 2
    with Server(tmp_path, **chosen) as server:
        assert server.decide("quote", "C-1", {"base": 5}).json()["outcome"] == {"fee": "9"}
        lines = b'{"subject": "C-1", "facts": {"base": 5}}\n' * 2
        told = server.ask("POST", "/v1/decisions/quote/batch", lines, NDJSON)
        assert [json.loads(line)["outcome"] for line in told.body.splitlines()] == [{"fee": "9"}] * 2


@pytest.mark.parametrize(
    ("old", "new", "still", "text"),
    [
        ("fallback: static", "fallback: statik", {}, "an unknown service: `statik`"),
        ("fallback: static", "fallback: quote", {}, "has a fallback itself"),
        ("gives: [fee]}\n  other", "gives: [fee], fallback: other}\n  other", {}, "has a fallback itself"),
        (
            "policies: [still], gives: [fee]",
            "policies: [still], gives: [free]",
            {"output": "free"},
            "does not give `fee`",
        ),
        ("fallback: static", "fallback: static, at: refused", {}, "does not say `at: refused`"),
        ("fallback: static", "fallback: static, if denied: refuse", {}, "does not say `if denied: refuse`"),
        (
            "fallback: static}\n  static: {",
            "fallback: static}\n  static: {if review: answer, ",
            {},
            "`if review: withhold`",
        ),
        ("", "", {"type": "text", "formula": "'\"x\"'", "expected": "x"}, "gives another `fee`"),
    ],
)
def test_a_fallback_that_cannot_stand_in_is_refused_when_policies_are_loaded(
    tmp_path: Path, old: str, new: str, still: dict[str, str], text: str
) -> None:
    policies = write(tmp_path, SERVICES.replace(old, new), **still)
    with pytest.raises(PolicyError, match=text):
        load_catalog(read_texts(policies))


def test_what_is_lawful_is_asked_in_an_emergency_too(tmp_path: Path) -> None:
    policies = write(
        tmp_path,
        SERVICES.replace("policies: [fees], gives: [fee], fallback", "policies: [fees, law], gives: [fee], fallback"),
    )
    (policies / "law").mkdir()
    (policies / "law/v1.yaml").write_text(LAW)
    with pytest.raises(PolicyError, match="`static`, the fallback of `quote`, does not ask `law`"):
        load_catalog(read_texts(policies))
    services = policies / "services.yaml"
    services.write_text(services.read_text().replace("policies: [still]", "policies: [still, law]"))
    assert load_catalog(read_texts(policies)).service("quote").fallback == "static"
