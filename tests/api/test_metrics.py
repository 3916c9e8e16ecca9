"""`GET /metrics`: the text format, numbers of several processes together, and what deploys by them."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from answers import ADVICE, CUSTOMER, QUOTE, RETENTION, body
from flask.testing import FlaskClient
from served import ROOT, Server, install_models

from ordain.api.limits import LIMITS
from ordain.api.metrics.catalogue import CATALOGUE, COUNTER, GAUGE, HISTOGRAM, Metric
from ordain.api.metrics.cells import Cells, Part, runs
from ordain.api.metrics.meter import Meter
from ordain.api.metrics.text_format import CONTENT_TYPE, text_of
from ordain.engine.text.source import parse

Labels = tuple[tuple[str, str], ...]
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL.pattern}(?:,{_LABEL.pattern})*)\}})? (\S+)")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")
ALERTS, BOARD, PAGE = "deploy/prometheus/alerts.yaml", "deploy/grafana/ordain.json", "docs/operations.md"
INCIDENTS = "docs/operations/incidents.md"


class Samples(dict[str, dict[Labels, float]]):
    """The samples of a page by name and labels, after a look at its form."""

    def one(self, name: str, **labels: str) -> float:
        return self[name].get(tuple(sorted(labels.items())), 0.0)

    def all(self, name: str, **labels: str) -> float:
        """The sum of those that have these labels, among others."""
        found = self.get(name, {})
        return sum(value for key, value in found.items() if set(labels.items()) <= set(key))


def samples(page: bytes) -> Samples:
    text = page.decode()
    assert text.endswith("\n")
    found, types, family = Samples(), dict[str, str](), ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in types, "a family comes once, its lines together"
        elif line.startswith("# TYPE "):
            _, _, name, types[family] = line.split(" ")
            assert name == family
        else:
            match = _SAMPLE.fullmatch(line)
            assert match, line
            name = match[1]
            assert (_SUFFIX.sub("", name) if types[family] == HISTOGRAM else name) == family
            labels = tuple(sorted((key, value) for key, value in _LABEL.findall(match[2] or "")))
            assert labels not in found.setdefault(name, {}), "a series comes once"
            found[name][labels] = float(match[7])
    _check_histograms(found, [name for name, kind in types.items() if kind == HISTOGRAM])
    return found


def _check_histograms(found: Samples, names: list[str]) -> None:
    for name in names:
        rows: dict[Labels, list[tuple[float, float]]] = defaultdict(list)
        for labels, value in found.get(f"{name}_bucket", {}).items():
            bound = dict(labels)["le"]
            rows[tuple(each for each in labels if each[0] != "le")].append((float(bound), value))
        for labels, buckets in rows.items():
            assert [bound for bound, _ in buckets] == sorted(bound for bound, _ in buckets)
            assert [count for _, count in buckets] == sorted(count for _, count in buckets)
            assert buckets[-1] == (float("inf"), found[f"{name}_count"][labels])
            assert labels in found[f"{name}_sum"]


# --- the text format --------------------------------------------------------------------------------------------


def test_the_page_is_as_the_format_has_it() -> None:
    odd = Metric("odd_total", COUNTER, "back\\slash\nand line", ("path",))
    took = Metric("took_seconds", HISTOGRAM, "Time.", ("route",), (0.1, 1.0))
    page = text_of([(odd, {('C:\\DIR\\"FILE"\n',): [1.0]}), (took, {("a",): [2.0, 0.0, 1.0, 7.25]})])
    assert page.decode().splitlines() == [
        "# HELP odd_total back\\\\slash\\nand line",
        "# TYPE odd_total counter",
        'odd_total{path="C:\\\\DIR\\\\\\"FILE\\"\\n"} 1',
        "# HELP took_seconds Time.",
        "# TYPE took_seconds histogram",
        'took_seconds_bucket{route="a",le="0.1"} 2',
        'took_seconds_bucket{route="a",le="1"} 2',
        'took_seconds_bucket{route="a",le="+Inf"} 3',
        'took_seconds_sum{route="a"} 7.25',
        'took_seconds_count{route="a"} 3',
    ]
    assert samples(page).one("took_seconds_count", route="a") == 3


def test_a_value_on_a_bound_is_in_its_bucket() -> None:
    part = Part(memoryview(bytearray(LIMITS.metric_bytes)))
    Meter(part).committed(4, 0.001)
    series = {key: list(part.cells[at : at + cells]) for key, (at, cells) in part.series().items()}
    assert series[("ordain_commit_entries",)][:4] == [0, 0, 1, 0]
    assert series[("ordain_commit_entries",)][-1] == 4
    assert series[("ordain_commit_seconds",)][1] == 1


def test_the_names_of_metrics_are_as_prometheus_wants_them() -> None:
    for metric in CATALOGUE.values():
        assert re.fullmatch(r"ordain_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == COUNTER)
        assert metric.kind in (COUNTER, GAUGE, HISTOGRAM)
        assert list(metric.bounds) == sorted(metric.bounds)


def test_a_series_without_room_is_dropped_and_counted_and_hurts_no_other() -> None:
    part = Part(memoryview(bytearray(8192)))
    for number in range(1000):
        part.add(("ordain_refusals_total", "service", f"Code{number}"))
    kept = {key: part.cells[at] for key, (at, _) in part.series().items()}
    assert len(kept) + part.lost == 1000
    assert part.lost > 0
    assert set(kept.values()) == {1.0}


def test_a_part_is_one_processs_until_that_ends_and_then_the_next_ones() -> None:
    cells = Cells(2)
    for number in (1, 2, 3):
        child = os.fork()
        if not child:  # it ends as one that is killed does
            cells.lease().add(("ordain_log_lines_dropped_total",), number)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        assert not runs(child)
    assert len(cells.parts()) == 1
    assert cells.total(("ordain_log_lines_dropped_total",)) == 6


# --- a real server ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["1", "2"])
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("metrics")
    with Server(folder, ORDAIN_WORKERS=request.param, ORDAIN_CHECKPOINT_SECONDS="0.2") as running:
        yield running


@pytest.fixture
def processes(request: pytest.FixtureRequest) -> int:
    return int(request.node.callspec.params["counted"])


def page_of(server: Server) -> Samples:
    reply = server.get("/metrics")
    assert (reply.status, reply.headers["content-type"]) == (200, CONTENT_TYPE)
    return samples(reply.body)


def workers(server: Server) -> set[int]:
    """The processes that have answered so far, by the log."""
    lines = [line for line in server.said().splitlines() if '"ordain.access"' in line]
    return {int(json.loads(line)["pid"]) for line in lines}


def test_what_was_asked_is_counted_whoever_answered(counted: Server, processes: int) -> None:
    before = page_of(counted)
    for number in range(20):
        assert counted.decide("plan-advice", f"C-{number}", ADVICE).status == 200
        assert counted.decide("plan-advice", "C-1", {"usage_gb": "x"}).status == 422
    assert counted.decide("price-quote", "C-1", QUOTE).status == 200
    assert counted.decide("nowhere", "C-1", {}).status == 404
    batch = (body(ADVICE) + b"\n") * 30 + b"x\n"
    headers = {"Content-Type": "application/x-ndjson"}
    assert counted.ask("POST", "/v1/decisions/plan-advice/batch", batch, headers).status == 200
    after = page_of(counted)

    def more(name: str, **labels: str) -> float:
        return after.all(name, **labels) - before.all(name, **labels)

    assert more("ordain_decisions_total", service="plan-advice", verdict="none") == 50
    assert more("ordain_decisions_total", service="price-quote") == 1
    assert more("ordain_refusals_total", service="plan-advice", code="DataQualityIssue") == 20
    assert more("ordain_refusals_total", service="plan-advice", code="MalformedRequest") == 1
    assert more("ordain_refusals_total", service="", code="UnknownService") == 1
    assert more("ordain_responses_total", route="/v1/decisions/<service>", status="200") == 21
    assert more("ordain_request_seconds_count", route="/v1/decisions/<service>") == 42
    assert more("ordain_commit_entries_sum") == 51
    assert more("ordain_commit_seconds_count") == more("ordain_commit_entries_count")
    assert after.one("ordain_processes") == processes
    assert after.one("ordain_resident_memory_bytes") > 10_000_000
    assert after.one("ordain_unanchored_places") == after.one("ordain_signing_faulty") == 0
    assert len(after["ordain_policy_info"]) == len(list((ROOT / "policies").glob("*/v*.yaml")))


def test_what_is_not_signed_yet_is_told_and_then_signed(counted: Server) -> None:
    assert counted.decide("plan-advice", "C-1", ADVICE).status == 200
    end = time.monotonic() + 10
    while (page := page_of(counted)).one("ordain_ledger_unsigned_entries") or not page.one("ordain_checkpoint_entries"):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert page.one("ordain_checkpoint_entries") == counted.entries()
    assert 0 <= page.one("ordain_checkpoint_age_seconds") < 60


def test_it_answers_while_the_database_is_stuck(counted: Server) -> None:
    with sqlite3.connect(counted.folder / "ordain.db", isolation_level=None) as stuck:
        stuck.execute("BEGIN EXCLUSIVE")
        for _ in range(5):
            page_of(counted)
        stuck.execute("ROLLBACK")
    stuck.close()


def test_what_a_killed_worker_counted_stays(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        for number in range(30):
            assert server.decide("plan-advice", f"C-{number}", ADVICE).status == 200
        assert page_of(server).all("ordain_decisions_total") == 30
        time.sleep(0.2)
        killed = workers(server)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + 30
        decided = 0
        while decided < 5:
            assert time.monotonic() < end
            try:
                decided += server.decide("plan-advice", "C-1", ADVICE).status == 200
            except OSError:
                time.sleep(0.05)
        assert 35 <= page_of(server).all("ordain_decisions_total") <= 36
        while page_of(server).one("ordain_processes") != 2:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_decisions_that_find_the_database_stuck_are_seen_waiting_and_each_refusal_is_logged(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_BUSY_SECONDS="3") as server:
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200
        with (
            closing(sqlite3.connect(tmp_path / "ordain.db", isolation_level=None)) as stuck,
            ThreadPoolExecutor(8) as pool,
        ):
            stuck.execute("BEGIN IMMEDIATE")
            refused = [pool.submit(server.decide, "plan-advice", "C-1", ADVICE) for _ in range(8)]
            end = time.monotonic() + 10
            while page_of(server).one("ordain_entries_waiting") != 8:
                assert time.monotonic() < end
                time.sleep(0.05)
            assert page_of(server).one("ordain_requests_in_flight") >= 8
            assert [each.result().status for each in refused] == [503] * 8
            stuck.execute("ROLLBACK")
        assert page_of(server).one("ordain_refusals_total", service="plan-advice", code="NotRecorded") == 8
        ids = {each.result().headers["x-request-id"] for each in refused}
        time.sleep(0.2)
        told = [json.loads(line) for line in server.said().splitlines() if '"status":503,' in line]
        assert {each["id"] for each in told} >= ids
        assert {(each["level"], each["code"]) for each in told if each["id"] in ids} == {("error", "NotRecorded")}
        assert server.decide("plan-advice", "C-1", ADVICE).status == 200


def test_what_a_model_takes_is_counted(tmp_path: Path, models: Path) -> None:
    asked = {name: value for name, value in RETENTION.items() if name != "churn_risk"} | CUSTOMER
    install_models(models, tmp_path)
    with Server(tmp_path) as server:
        assert server.decide("retention", "C-1", asked).status == 200
        page = page_of(server)
    assert page.one("ordain_scoring_seconds_count", model="churn") == 1
    assert page.one("ordain_model_usable", model="churn", version="1") == 1
    assert page.one("ordain_models_loading") == 0


# --- what is made of it -----------------------------------------------------------------------------------------


def named(text: str) -> set[str]:
    """The metrics that a text names, without the endings of histograms."""
    found = set(re.findall(r"\bordain_[a-z_]+", text))
    return {name if name in CATALOGUE else _SUFFIX.sub("", name) for name in found}


def families(client: FlaskClient) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", client.get("/metrics").text, re.MULTILINE))


@pytest.mark.parametrize("file", [ALERTS, BOARD, PAGE, INCIDENTS])
def test_each_metric_that_is_named_is_one_that_there_is(file: str, shared_client: FlaskClient) -> None:
    assert families(shared_client) == CATALOGUE.keys()
    assert sorted(named((ROOT / file).read_text(encoding="utf-8")) - families(shared_client)) == []


def test_each_metric_is_on_the_page_and_on_the_dashboard() -> None:
    rows = re.findall(r"^\| `(ordain_\w+)` \|", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(CATALOGUE)
    assert CATALOGUE.keys() - named((ROOT / BOARD).read_text(encoding="utf-8")) == set()


def test_each_alert_says_what_to_do() -> None:
    data = parse((ROOT / ALERTS).read_bytes(), "alerts.yaml").data()
    rules = [rule for group in data["groups"] for rule in group["rules"]]
    sections = re.findall(r"^## (\w+)$", (ROOT / INCIDENTS).read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules]
    for rule in rules:
        led = rule["annotations"]["runbook_url"]
        assert led == f"https://ordain.example/docs/latest/operations/incidents/#{rule['alert'].lower()}"


def test_the_labels_of_queries_are_those_of_their_metrics() -> None:
    queries = (ROOT / ALERTS).read_text(encoding="utf-8") + (ROOT / BOARD).read_text(encoding="utf-8").replace(
        '\\"', '"'
    )
    for name, matched in re.findall(r"\b(ordain_\w+)\{([^}]*)\}", queries):
        metric = CATALOGUE[name if name in CATALOGUE else _SUFFIX.sub("", name)]
        assert {label for label, _ in _LABEL.findall(re.sub("=~|!=", "=", matched))} <= {*metric.labels, "le"}
