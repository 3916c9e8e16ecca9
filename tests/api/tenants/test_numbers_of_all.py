"""The numbers of all tenants on one page: for the installation's own key alone, which opens nothing else."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from housed import OTHER, OURS, OVERALL_KEY, Two
from served import Reply, ordain_here
from test_role_matrix_of_tenants import OPEN, TABLE, has_nothing_of_the_other, request_to

from ordain.api.alerts.measured import Signal
from ordain.api.alerts.server_signals import Servers, read_page
from ordain.api.limits import LIMITS
from ordain.api.metrics.catalogue import CATALOGUE
from ordain.api.tenants.overall_key import OverallKey, read_keys
from ordain.engine.errors import SettingsError

OVERALL = {"Authorization": f"Bearer {OVERALL_KEY}"}
SECOND = "another-key-of-the-installation-that-follows-it"


def numbers(two: Two, headers: dict[str, str]) -> Reply:
    return two.server.ask("GET", "/metrics", None, headers)


def samples(page: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    lines = page.decode().splitlines()
    found = {(name, frozenset(labels)): value for (name, labels), value in read_page(page.decode()).items()}
    assert len(found) == sum(not line.startswith("#") for line in lines), "each series stands once"
    return found


def test_the_page_has_what_each_tenants_own_page_has_and_says_whose_it_is(two: Two) -> None:
    reply = numbers(two, OVERALL)
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    page = samples(reply.body)
    (memory,) = (labels for name, labels in page if name == "ordain_resident_memory_bytes")
    assert memory == frozenset()
    by_tenant = {name: [dict(labels).get("tenant") for each, labels in page if each == name] for name, _ in page}
    assert sorted(map(str, by_tenant["ordain_processes"])) == [OURS, OTHER]
    for tenant in (OURS, OTHER):
        own = samples(numbers(two, two.headers[tenant]["operator"]).body)
        own_names = {key for key in own if key[0] != "ordain_resident_memory_bytes"}
        labelled = {(name, labels | {("tenant", tenant)}) for name, labels in own_names}
        assert labelled <= set(samples(numbers(two, OVERALL).body))
        info = [key for key in own if key[0] in ("ordain_policy_info", "ordain_decisions_total")]
        assert all(page[name, labels | {("tenant", tenant)}] == own[name, labels] for name, labels in info)
    decided = frozenset({("tenant", OTHER), ("service", f"{OTHER}-advice"), ("verdict", "none")})
    assert page["ordain_decisions_total", decided] == 1
    helps = [line for line in reply.body.decode().splitlines() if line.startswith("# TYPE")]
    assert len(helps) == len(CATALOGUE), "each metric is explained once"


def test_no_key_of_a_tenant_gets_it_whatever_it_may(two: Two) -> None:
    for who, headers in two.headers[OURS].items():
        told = numbers(two, headers)
        assert b'tenant="' not in told.body, who
        assert has_nothing_of_the_other(two, told), who
    own, _, secret = two.headers[OURS]["every role"]["Authorization"].rpartition("_")
    for tried in (
        *(OVERALL_KEY, f"Basic {OVERALL_KEY}", f"Bearer {OVERALL_KEY[:-1]}", f"Bearer {OVERALL_KEY}x"),
        *(f"Bearer {OVERALL_KEY.upper()}", f"Bearer {OVERALL_KEY}\u00e9", f"{own}_{OVERALL_KEY}", "Bearer "),
        *(f"Bearer {OVERALL_KEY} {secret}", f"Bearer {OVERALL_KEY},{own[7:]}_{secret}"),
    ):
        told = numbers(two, {"Authorization": tried})
        assert (told.status, b"ordain_" in told.body) == (401, False), tried
    for header in ("X-Tenant", "Cookie", "X-Api-Key"):
        told = numbers(two, {**two.headers[OURS]["operator"], header: OVERALL_KEY})
        assert (told.status, b'tenant="' in told.body) == (200, False)


def test_the_key_opens_nothing_else(two: Two) -> None:
    for route in TABLE:
        if route == "GET /metrics":
            continue
        method, path, data = request_to(route, two.decision_id, f"{OTHER}-advice", two.untouched)
        told = two.server.ask(method, path, data, OVERALL)
        assert told.status == (200 if route in OPEN else 401), route
        assert has_nothing_of_the_other(two, told), route
    near = ("POST /metrics", "HEAD /metrics", "GET /metrics/", f"GET /t/{OTHER}/metrics")
    for method, path in (each.split() for each in near):
        assert two.server.ask(method, path, None, OVERALL).status == 401, path


def test_a_watch_of_alerts_takes_it_for_no_page_of_a_tenant(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    told, known = Servers([f"http://127.0.0.1:{two.server.port}/metrics"], OVERALL_KEY).signals()
    assert (told, known) == ([], {Signal.SERVER_DOWN})
    assert "the numbers of all tenants" in caplog.text


def test_neither_the_log_nor_the_page_says_the_key(two: Two) -> None:
    assert OVERALL_KEY.encode() not in numbers(two, OVERALL).body
    assert OVERALL_KEY not in two.server.said()


def test_a_key_follows_another_and_a_file_that_is_wrong_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ordain.api.tenants.overall_key.LIMITS", replace(LIMITS, overall_key_looks=0.0))
    file = tmp_path / "metrics.key"
    key = OverallKey(file)
    first, second = (f"Bearer {each}" for each in (OVERALL_KEY, SECOND))
    for text, opened in (
        (None, (False, False)),
        (f"{OVERALL_KEY}\n", (True, False)),
        (f"{OVERALL_KEY}\n\n {SECOND} \n", (True, True)),
        (SECOND, (False, True)),
        ("short", (False, False)),
        (f"{SECOND}\n", (False, True)),
    ):
        if text is not None:
            file.write_text(text)
        assert (key.opens(first), key.opens(second)) == opened
    file.unlink()
    with caplog.at_level(logging.ERROR):
        assert not key.opens(second)
    assert "nobody is told the numbers of all tenants" in caplog.text
    assert SECOND not in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\n\n", "has no key"),
        (b"x" * 31, "fewer than 32 characters"),
        (b"a key with spaces in it, which is long enough", "with a space in it"),
        (b"ordain_0123456789abcdef_0123456789abcdef", "an API key, which is a tenant's"),
        ("schl\u00fcssel".encode() * 9, "not ASCII"),
    ],
)
def test_what_is_no_key_is_told_at_the_start_without_saying_it(tmp_path: Path, text: bytes, why: str) -> None:
    file = tmp_path / "metrics.key"
    file.write_bytes(text)
    with pytest.raises(SettingsError, match=why) as raised:
        read_keys(file)
    assert text.strip().decode() == "" or text.strip().decode() not in str(raised.value)
    file.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(file)


def test_a_server_that_cannot_use_it_says_so_and_does_not_start(tmp_path: Path) -> None:
    told = ordain_here(tmp_path, "serve", ORDAIN_TENANTS_METRICS_KEY="metrics.key")
    assert (told.returncode, "this server has none" in told.stderr) == (2, True)
