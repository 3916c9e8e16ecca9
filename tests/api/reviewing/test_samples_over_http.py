"""`GET /v1/audit/sample`: what the command draws, which anybody can draw again; what it opened is on record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from answers import error_in
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from reviewing import decided, page, readings
from served import ordain_here

from ordain.api.http.routes import audit_search
from ordain.api.limits import LIMITS
from ordain.api.services import Services
from ordain.audit.records.counting import sample

SAMPLE = "/v1/audit/sample"


def test_the_command_draws_the_same_and_so_does_whoever_knows_the_seed(
    use: Services, client: FlaskClient, tmp_path: Path
) -> None:
    decided(client, "C-1", 12)
    use.ledger.settle()
    drawn = page(client, SAMPLE, service="plan-advice", size=4, seed="a b")
    assert (drawn["of"], drawn["seed"], len(drawn["entries"])) == (12, "a b", 4)
    ids = [each["entry_id"] for each in page(client, "/v1/audit/search", service="plan-advice")["entries"]]
    smallest = sorted(ids, key=lambda each: hashlib.sha256(f"a b:{each}".encode()).hexdigest())[:4]
    assert [each["entry_id"] for each in drawn["entries"]] == [each for each in ids if each in smallest]
    if not use.settings.database_url.startswith("sqlite"):
        return  # the command finds its ledger in the folder
    done = ordain_here(
        tmp_path, "audit", "report", "--sample", "4", "--seed", "a b", "--service", "plan-advice", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [each["entry_id"] for each in told["entries"]] == [each["entry_id"] for each in drawn["entries"]]
    assert (told["of"], told["key"]) == (drawn["of"], drawn["key"])


def test_a_sample_of_what_is_private_is_on_record_with_all_that_was_opened_for_it(
    use: Services, client: FlaskClient
) -> None:
    decided(client, "C-1", 5)
    use.ledger.settle()
    before = len(readings(use))
    page(client, SAMPLE, service="plan-advice", size=2, seed="1")
    assert len(readings(use)) == before
    page(client, SAMPLE, subject="C-1", size=2, seed="1", purpose="review 4711")
    assert len(readings(use)) == before + 1


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, "needs a `seed`"),
        ({"seed": " "}, "needs a `seed`"),
        ({"seed": "x" * (LIMITS.seed_characters + 1)}, "needs a `seed`"),
        ({"seed": "1", "size": "0"}, "`size` is `0`"),
        ({"seed": "1", "size": str(LIMITS.sampled + 1)}, "`size` is"),
        ({"seed": "1", "size": "ten"}, "`size` is `ten`"),
        ({"seed": "1", "order": "newest"}, "unknown parameter `order`"),
        ({"seed": "1", "service": "plan-advise"}, "plan-advise"),
    ],
)
def test_a_slip_is_told(client: FlaskClient, query: dict[str, str], text: str) -> None:
    told = client.get(SAMPLE, query_string=query)
    assert (told.status_code, text in error_in(told.data)["message"]) == (400, True), told.data


def test_what_takes_too_long_says_how_far_it_came(
    use: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(client, "C-1", 3)
    use.ledger.settle()
    times = iter([0.0, *[1e9] * 9])
    monkeypatch.setattr(audit_search.time, "monotonic", lambda: next(times))
    told = client.get(SAMPLE, query_string={"seed": "1"})
    assert (told.status_code, "entries have been looked at" in error_in(told.data)["message"]) == (400, True)


@given(st.lists(st.integers(), unique=True, max_size=40), st.integers(0, 45), st.text(max_size=5))
def test_a_sample_is_that_of_all_sorted_at_once(entries: list[int], size: int, seed: str) -> None:
    seed = seed.encode("utf-8", "replace").decode()
    drawn = sorted(entries, key=lambda each: hashlib.sha256(f"{seed}:{each}".encode()).digest())[:size]
    assert sample(entries, str, size, seed) == [each for each in entries if each in drawn]
