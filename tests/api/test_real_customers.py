"""End to end on the shared data sets: train by command, decide held-out customers over HTTP, verify, replay."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from answers import NOON
from served import Server, ordain

_TIERS, _CONSENTS = ("high", "medium", "low"), ([], ["phone"], ["e-mail"], ["phone", "e-mail", "sms"])


OTHERS = 4
"""Entries that nobody asks for here: the ledger's own first, the training, the promotion and its decision."""


def _asks(held_out: Path, most: int) -> list[dict[str, Any]]:
    """The held-out customers with facts that no churn table has; these vary so that verdicts do."""
    asks = []
    for number, line in enumerate(held_out.read_text(encoding="utf-8").splitlines()[:most]):
        ask = json.loads(line)
        ask["facts"] |= {
            "clv_tier": _TIERS[number % 3],
            "offers_last_90_days": number % 4 % 3,
            "jurisdiction": "IN",
            "marketing_objection": number % 7 == 0,
            "opted_out_channels": ["e-mail"] if number % 5 == 0 else [],
            "consented_channels": _CONSENTS[number % 4],
            "consent_kind": "explicit",
            "promotions_blocked": False,
            "vulnerable_customer": number % 11 == 0,
            "recipient_time_zone": "Asia/Kolkata",
        }
        asks.append({**ask, "at": NOON})
    return asks


def _decide_all(folder: Path, asks: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Decides over one connection of a real server; counts verdicts and actions."""
    verdicts: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    with Server(folder) as server:
        connection = server.connection()
        try:
            for ask in asks:
                connection.request("POST", "/v1/decisions/retention", json.dumps(ask).encode())
                answer = connection.getresponse()
                data = json.loads(answer.read())
                assert answer.status == 200, data
                scored = [] if ask["facts"]["marketing_objection"] else ["churn"]
                assert [model["model"] for model in data["models"]] == scored
                verdicts[data["verdict"]] += 1
                if data["status"] == "in_review":  # what a person has yet to decide is withheld
                    assert data["outcome"] is None, data
                else:
                    actions[data["outcome"]["offer"]["action"]] += 1
        finally:
            connection.close()
        assert server.entries() == len(asks) + OTHERS
        assert "Traceback" not in server.said()
    return verdicts, actions


@pytest.mark.parametrize(
    ("mapping", "table", "most"),
    [
        ("iranian", "iranian/churn.csv", 500),
        ("telco", "telco/Telco-Customer-Churn.csv", 500),
    ],
)
def test_held_out_customers_are_decided_over_http_verified_and_replayed(
    tmp_path: Path, shared_data: Path, mapping: str, table: str, most: int
) -> None:
    held_out = tmp_path / "held-out.jsonl"
    named = ("--table", str(shared_data / table), "--mapping", mapping, "--held-out", str(held_out))
    trained = ordain(tmp_path, "train", "churn", *named, "--promote")
    assert trained.returncode == 0, trained.stderr
    asks = _asks(held_out, most)
    assert len(asks) >= 300
    began = time.perf_counter()
    verdicts, actions = _decide_all(tmp_path, asks)
    took = time.perf_counter() - began
    assert set(verdicts) == {"permit", "deny", "review"}
    assert {"personal call", "e-mail", "automated campaign", "loyalty reward", "none"} == set(actions)
    verified = ordain(tmp_path, "audit", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    evidence = json.loads(verified.stdout)
    assert (evidence["holds"], evidence["entries"]) == (True, len(asks) + OTHERS)
    replayed = ordain(tmp_path, "replay", "--all", "--json")
    assert replayed.returncode == 0, replayed.stdout
    told = json.loads(replayed.stdout)
    assert (told["replayed"], told["differing"]) == (len(asks) + 1, {})
    print(f"\n{mapping}: {len(asks):,} held-out customers decided: {dict(verdicts)}, {dict(actions)};", end=" ")
    print(f"{evidence['entries']:,} entries hold, {len(asks):,} replays agree; {took:.1f} s with the server's start")
