"""Limits of a served process: what is refused is told when to come again, and nothing of it is done."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from answers import ADVICE, body, error_in
from asking import bearer, keeper
from batching import NDJSON, on_record
from served import Reply, Server, ordain_here

ADVISE = "/v1/decisions/plan-advice"
LONG = "ordain_000000000000_"


def advise(server: Server, headers: dict[str, str]) -> Reply:
    return server.ask("POST", ADVISE, body(ADVICE), headers)


def many(server: Server, headers: dict[str, str], times: int) -> list[Reply]:
    """Asked by several at once, each over a connection of its own: all workers get some."""
    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(lambda _: advise(server, headers), range(times)))


def statuses(replies: list[Reply]) -> tuple[int, int]:
    told = [reply.status for reply in replies]
    assert set(told) <= {200, 429}
    return told.count(200), told.count(429)


def limited(server: Server, headers: dict[str, str]) -> dict[tuple[str, str], int]:
    """What the metrics say was refused by a limit: by service and limit."""
    page = server.ask("GET", "/metrics", headers=headers).body.decode()
    found = re.findall(r'^ordain_limited_total\{service="([^"]*)",limit="([^"]*)"\} (\d+)$', page, re.MULTILINE)
    return {(service, limit): int(number) for service, limit, number in found}


def test_two_workers_keep_the_rate_of_each_caller_together(tmp_path: Path) -> None:
    keys = keeper(tmp_path)
    slow = bearer(keys.make("slow", ["app"], rate="5 per hour").text)
    plain, other = (bearer(keys.make(name, ["app"]).text) for name in ("plain", "other"))
    operator = bearer(keys.make("operator", ["operator"], rate="1000 per second").text)
    with Server(tmp_path, ORDAIN_WORKERS="2", ORDAIN_RATE_PER_CALLER="9 per hour") as server:
        replies = many(server, slow, 30)
        assert statuses(replies) == (5, 25)
        assert statuses(many(server, plain, 30)) == (9, 21)
        refused = next(reply for reply in replies if reply.status == 429)
        error = error_in(refused.body)
        assert error["code"] == "TooManyRequests"
        assert error["message"] == "too many requests: this caller is limited to 5 per hour"
        wait = int(refused.headers["retry-after"])
        assert 600 < wait <= 720
        assert error["details"] == [{"hint": f"ask again in {wait} seconds", "limit": "caller", "retry_after": wait}]
        first = advise(server, other)
        assert (first.status, first.headers["ratelimit-policy"]) == (200, '"caller";q=9;w=3600')
        assert re.fullmatch(r'"caller";r=8;t=(399|400)', first.headers["ratelimit"])
        for path in ("/v1/services", "/v1/services/none", "/metrics"):
            last = server.ask("GET", path, headers=other)
            assert last.headers["ratelimit"].startswith('"caller";r='), path
        batch = server.ask("POST", f"{ADVISE}/batch", body(ADVICE), other | {"Content-Type": "application/x-ndjson"})
        assert batch.headers["ratelimit"].startswith('"caller";r=4;')
        assert refused.headers["ratelimit"].startswith('"caller";r=0;')
        assert "ratelimit" not in server.get("/healthz").headers
        assert server.ask("GET", "/readyz", headers=slow).status == 200
        assert server.ask("GET", "/healthz", headers=slow).status == 200
        assert server.ask("GET", "/v1/services", headers=slow).status == 429
        assert limited(server, operator) == {("plan-advice", "caller"): 46, ("", "caller"): 1}
        assert 'caller="' not in server.ask("GET", "/metrics", headers=operator).body.decode()
    assert sum(on_record(tmp_path).values()) == 16


def test_a_service_and_the_whole_server_have_rates_of_their_own(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_RATE="20 per hour", ORDAIN_RATE_PER_SERVICE="8 per hour") as server:
        assert statuses(many(server, {}, 20)) == (8, 12)
        assert "ratelimit" not in advise(server, {}).headers, "what others draw on is told to nobody"
        dry = server.ask("POST", f"{ADVISE}/dry-run", body(ADVICE))
        assert (dry.status, error_in(dry.body)["details"][0]["limit"]) == (429, "service")
        # Twelve are left: what a limit refused has not drawn on the others. A service that there is not has no rate.
        for _ in range(12):
            assert server.ask("POST", "/v1/decisions/nothing", body(ADVICE)).status == 404
        last = server.get("/v1/services")
        assert (last.status, error_in(last.body)["details"][0]["limit"]) == (429, "installation")
        assert server.get("/readyz").status == 200


def test_an_address_has_a_rate_and_what_a_client_says_of_itself_changes_nothing(tmp_path: Path) -> None:
    more = {"ORDAIN_RATE_PER_ADDRESS": "6 per hour", "ORDAIN_PROXIES": "127.0.0.0/8"}

    def by_proxy(*said: str) -> dict[str, str]:
        return {"X-Forwarded-For": ", ".join(said)}

    with Server(tmp_path, **more) as server:
        told = [advise(server, by_proxy(f"198.51.100.{number}", "203.0.113.9")).status for number in range(9)]
        assert told == [200] * 6 + [429] * 3
        assert advise(server, by_proxy("203.0.113.10")).status == 200
        refused = advise(server, by_proxy("127.0.0.1", "203.0.113.9"))
        assert error_in(refused.body)["details"][0]["limit"] == "address"
        assert "203.0.113" not in server.said() + refused.body.decode()  # nobody's address is told
    (tmp_path / "other").mkdir()
    with Server(tmp_path / "other", ORDAIN_RATE_PER_ADDRESS="6 per hour") as server:  # no proxy is believed
        told = [advise(server, by_proxy(f"198.51.100.{number}")).status for number in range(9)]
        assert told == [200] * 6 + [429] * 3


def test_who_tries_keys_is_slowed_down_and_keeps_out_nobody_who_was_in(tmp_path: Path) -> None:
    keys = keeper(tmp_path)
    was_in, never = (bearer(keys.make(name, ["app", "operator"]).text) for name in ("was-in", "never"))
    with Server(tmp_path, ORDAIN_RATE_OF_WRONG_KEYS="5 per hour", ORDAIN_RATE_PER_ADDRESS="1000 per hour") as server:
        assert advise(server, was_in).status == 200
        tried = [advise(server, bearer(f"{LONG}{number:043}")) for number in range(8)]
        assert [reply.status for reply in tried] == [401] * 5 + [429] * 3
        assert tried[0].headers["www-authenticate"]
        error = error_in(tried[-1].body)
        assert (error["code"], error["details"][0]["limit"]) == ("TooManyRequests", "wrong keys")
        assert advise(server, never).status == 429  # right or wrong, it is not looked at
        assert server.ask("GET", "/healthz", headers=never).json() == {"status": "ok"}
        assert server.ask("GET", "/readyz", headers=never).json() == {"ready": True}
        assert advise(server, {}).status == 401  # no key is no guess
        assert advise(server, was_in).status == 200
        assert "services" in server.ask("GET", "/healthz", headers=was_in).json()
        assert limited(server, was_in) == {("", "wrong keys"): 4}


def test_failed_log_ins_count_for_the_rate_of_their_address_and_draw_on_nothing_that_others_share(
    tmp_path: Path,
) -> None:
    key = bearer(keeper(tmp_path).make("checkout", ["app"]).text)
    more = {"ORDAIN_RATE_PER_ADDRESS": "6 per hour", "ORDAIN_RATE": "3 per hour", "ORDAIN_PROXIES": "127.0.0.1"}
    with Server(tmp_path, **more) as server:
        told = [advise(server, {"X-Forwarded-For": "203.0.113.9"}).status for _ in range(8)]
        assert told == [401] * 6 + [429] * 2
        told = [advise(server, {**key, "X-Forwarded-For": "203.0.113.10"}).status for _ in range(4)]
        assert told == [200] * 3 + [429]


def lines_of(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reply.body.splitlines()]


def test_a_batch_goes_on_at_the_pace_of_its_caller_or_ends_with_a_line_that_says_when(tmp_path: Path) -> None:
    keys = keeper(tmp_path)
    quick = bearer(keys.make("quick", ["app"], rate="200 per second").text)
    slow = bearer(keys.make("slow", ["app"], rate="20 per hour").text)
    with Server(tmp_path, ORDAIN_RATE_PER_SERVICE="100000 per hour") as server:
        batch = b"\n".join([body(ADVICE)] * 500)
        answered = lines_of(server.ask("POST", f"{ADVISE}/batch", batch, {**NDJSON, **quick}))
        assert [line.get("verdict", line) for line in answered] == [None] * 500
        *done, last = lines_of(server.ask("POST", f"{ADVISE}/batch", batch, {**NDJSON, **slow}))
        assert len(done) == 32  # 1 for the request, 16 for the first lines; 3 were left, which let 16 more in
        assert all("decision_id" in line for line in done)
        assert (last["http_status"], last["error"]["code"]) == (429, "TooManyRequests")
        assert last["error"]["details"][0]["retry_after"] > 1000
        again = server.ask("POST", f"{ADVISE}/batch", batch, {**NDJSON, **slow})
        assert (again.status, error_in(again.body)["code"]) == (429, "TooManyRequests")
        assert int(again.headers["retry-after"]) > 1000
    assert sum(on_record(tmp_path).values()) == 532


def test_a_server_that_stops_does_not_wait_for_a_batch_that_waits(tmp_path: Path) -> None:
    slow = bearer(keeper(tmp_path).make("slow", ["app"], rate="200 per hour").text)
    with Server(tmp_path) as server, ThreadPoolExecutor(1) as threads:
        batch = b"\n".join([body(ADVICE)] * 208)  # 199 and an overdraft of some, then a wait of minutes
        told = threads.submit(server.ask, "POST", f"{ADVISE}/batch", batch, {**NDJSON, **slow})
        assert told.result().status == 200
        assert server.stop()


def test_a_limit_that_cannot_be_read_is_told_at_the_start(tmp_path: Path) -> None:
    for name, text, said in (
        ("ORDAIN_RATE", "many", "`many` is not a rate; for example: 100 per minute, or none"),
        ("ORDAIN_PROXIES", "nginx", "`nginx` is no address and no network"),
        ("ORDAIN_REDIS_URL", "localhost:6379", "it must begin with redis://"),
    ):
        done = ordain_here(tmp_path, "serve", **{name: text})
        assert done.returncode == 2
        assert said in done.stderr
