"""One server with two tenants, in which the other one has something of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from answers import ADVICE
from housed import OTHER, OVERALL_KEY, House, Two, house_of_two


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("two")
    (folder / "metrics.key").write_text(f"{OVERALL_KEY}\n")
    headers = house_of_two(folder, tenants_metrics_key="metrics.key")
    with House(folder) as server:
        other = headers[OTHER]
        subject = f"{OTHER}-customer"
        key = {"Idempotency-Key": f"{OTHER}-request"}
        decided = server.decided({**other["app"], **key}, subject).json()
        untouched = f"{OTHER}-untouched"
        assert server.decided(other["app"], untouched).status == 200
        facts = {"subject": f"{subject}-2", "facts": ADVICE}
        batch = json.dumps(facts).encode() + b"\n"
        sent = {**other["app"], "Content-Type": "application/x-ndjson"}
        assert server.ask("POST", f"/v1/decisions/{OTHER}-advice/batch", batch, sent).status == 200
        reason = json.dumps({"reason": f"{OTHER} stops it"}).encode()
        assert server.ask("POST", f"/v1/services/{OTHER}-advice/stop", reason, other["operator"]).status == 200
        known = server.ask("GET", "/healthz", None, other["operator"]).json()
        digest = decided["policies"][0]["digest"]
        leaf = decided["receipt"]["leaf_hash"]
        texts = (OTHER, decided["decision_id"], leaf, digest, known["ledger"])
        yield Two(server, headers, decided["decision_id"], subject, untouched, tuple(text.encode() for text in texts))
