"""Policies and models that change while the server runs: the new decide after a reload, nothing fails meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from answers import ADVICE, RETENTION
from batching import talk
from long_runs import LONG
from served import SECONDS, Server, edit, install_models, make_live, settings_in
from test_http_decisions import CUSTOMER
from test_workers import until, workers

from ordain.audit.verifier.check import verify

ONE_AND_TWO = pytest.mark.parametrize("count", [pytest.param("1", marks=LONG), "2"])
V1, V2 = "plan-advice/v1.yaml", "plan-advice/v2.yaml"
OLD, NEW = "plan up", "plan up now"
ASKED = json.dumps({"subject": "C-1", "facts": ADVICE}).encode()
SUBJECTS = [f"C-{number}" for number in range(6)]


def next_version(policies: Path, action: str = NEW) -> None:
    """Another version of plan-advice, in force at once, which says something else to ADVICE."""
    text = (policies / V1).read_text(encoding="utf-8")
    text = text.replace("version: 1\n", "version: 2\n", 1).replace(OLD, action)
    whole = policies / ".next"
    whole.write_text(text, encoding="utf-8")
    whole.rename(policies / V2)


def advised(server: Server) -> tuple[str, str]:
    """What is advised now, and by which version."""
    answer = server.decide("plan-advice", "C-1", ADVICE)
    assert answer.status == 200, answer.body
    data = answer.json()
    return data["outcome"]["advice"]["action"], str(data["policies"][0]["version"])


def reload(server: Server) -> None:
    os.kill(server.pid, signal.SIGHUP)


def everywhere(server: Server, true: Callable[[], object]) -> None:
    """Waits until it is so in all workers: each connection goes to one of them, by chance."""
    until(lambda: all(true() for _ in range(12)))


def faults(server: Server) -> list[str]:
    found: list[str] = server.get("/healthz").json()["faults"]
    assert server.get("/readyz").status == 200
    return found


class Asking:
    """Clients that ask all the time; every answer is kept."""

    def __init__(self, server: Server) -> None:
        self.server, self.answers, self.other = server, Counter[tuple[str, str]](), list[str]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(subject,)) for subject in SUBJECTS]

    def _ask(self, subject: str) -> None:
        asked = json.dumps({"subject": subject, "facts": ADVICE}).encode()
        while not self._stop.is_set():
            try:
                with closing(self.server.connection()) as connection:
                    for _ in range(20):  # then another connection: those are not to be refused either
                        connection.request("POST", "/v1/decisions/plan-advice", asked)
                        answer = connection.getresponse()
                        self._keep(answer.status, answer.read())
            except (OSError, http.client.HTTPException) as error:
                self.other.append(repr(error))

    def _keep(self, status: int, body: bytes) -> None:
        if status == 200:
            data = json.loads(body)
            self.answers[data["outcome"]["advice"]["action"], str(data["policies"][0]["version"])] += 1
        else:
            self.other.append(f"{status} {body.decode()}")

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        until(lambda: self.answers.total() > 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS)


@contextmanager
def serving(tmp_path: Path, policies: Path, count: str, **more: str) -> Iterator[Server]:
    chosen = {"ORDAIN_POLICIES": str(policies), "ORDAIN_WORKERS": count, **more}
    with Server(tmp_path, **chosen) as server:
        until(lambda: len(workers(server)) == int(count))
        everywhere(server, lambda: server.get("/readyz").status == 200)
        yield server


@ONE_AND_TWO
def test_a_new_version_decides_after_a_reload_and_no_request_fails(tmp_path: Path, policies: Path, count: str) -> None:
    with serving(tmp_path, policies, count) as server, Asking(server) as asking:
        before = workers(server)
        for there in (True, False, True):
            next_version(policies) if there else (policies / V2).unlink()
            reload(server)
            wanted = (NEW, "2") if there else (OLD, "1")
            everywhere(server, lambda wanted=wanted: advised(server) == wanted)  # type: ignore[misc]
        assert workers(server) == before
    assert asking.other == []
    assert set(asking.answers) == {(OLD, "1"), (NEW, "2")}
    print(f"\n{asking.answers.total():,} answers, none failed")
    evidence = verify(tmp_path / "ordain.db")
    assert evidence, evidence.findings


@ONE_AND_TWO
def test_a_broken_file_changes_nothing_and_is_told_and_a_mended_one_works(
    tmp_path: Path, policies: Path, count: str
) -> None:
    with serving(tmp_path, policies, count) as server, Asking(server) as asking:
        next_version(policies)
        edit(policies / V2, "hit policy: ", "hit polucy: ")
        reload(server)
        everywhere(server, lambda: faults(server))
        (fault, *_), ready = faults(server), server.get("/readyz").json()
        assert "the reload of 2" in fault
        assert "policies/plan-advice/v2.yaml:" in fault
        assert "polucy" in fault
        assert ready["not_reloaded"][0] == fault
        assert server.get("/healthz").json()["status"] == "degraded"
        assert b"\nordain_reload_failed 1\n" in server.get("/metrics").body
        assert "policies/plan-advice/v2.yaml:" in server.said()
        assert "Traceback" not in server.said()
        assert advised(server) == (OLD, "1")
        edit(policies / V2, "hit polucy: ", "hit policy: ")
        reload(server)
        everywhere(server, lambda: advised(server) == (NEW, "2") and not faults(server))
        assert "not_reloaded" not in server.get("/readyz").json()
        assert b"\nordain_reload_failed 0\n" in server.get("/metrics").body
    assert asking.other == []


@ONE_AND_TWO
def test_an_edited_version_that_has_decided_is_refused(tmp_path: Path, policies: Path, count: str) -> None:
    with serving(tmp_path, policies, count) as server:
        assert advised(server) == (OLD, "1")
        edit(policies / V1, "fits your usage better", "would fit your usage better")
        reload(server)
        everywhere(server, lambda: faults(server))
        assert "plan-advice" in faults(server)[0]
        assert advised(server) == (OLD, "1")
        edit(policies / V1, "would fit your usage better", "fits your usage better")
        reload(server)
        everywhere(server, lambda: not faults(server))


def test_a_worker_that_is_started_again_has_what_was_reloaded_also_when_a_file_is_broken_by_then(
    tmp_path: Path, policies: Path
) -> None:
    with serving(tmp_path, policies, "2") as server:
        next_version(policies)
        reload(server)
        everywhere(server, lambda: advised(server) == (NEW, "2"))
        (policies / "facts.yaml").write_text("facts: [")
        reload(server)
        everywhere(server, lambda: faults(server))
        first = set(workers(server))
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(workers(server)) - first) == 2)
        everywhere(server, lambda: _answers(server))
        everywhere(server, lambda: advised(server) == (NEW, "2") and "facts.yaml:" in str(faults(server)))


def _answers(server: Server) -> bool:
    try:
        return server.get("/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return False


@ONE_AND_TWO
def test_a_model_that_appears_and_is_live_scores_and_a_broken_one_does_not(
    tmp_path: Path, policies: Path, models: Path, count: str
) -> None:
    facts = {name: value for name, value in {**RETENTION, **CUSTOMER}.items() if name != "churn_risk"}

    def scored_by() -> str:
        answer = server.decide("retention", "C-1", facts)
        return str(answer.json()["models"][0]["version"]) if answer.status == 200 else f"{answer.status}"

    with serving(tmp_path, policies, count) as server:
        assert scored_by() != "1"
        install_models(models, tmp_path)
        everywhere(server, lambda: [model["version"] for model in server.get("/healthz").json()["models"]] == [1])
        everywhere(server, lambda: scored_by() == "1")
        shutil.copytree(tmp_path / "models/churn/1", tmp_path / "models/churn/2")
        make_live(settings_in(tmp_path), 2)
        everywhere(server, lambda: "model `churn` version 2" in str(faults(server)))
        assert scored_by() == "1"
        reload(server)
        everywhere(server, lambda: "the reload of" in str(faults(server)))
        assert scored_by() == "1"


@ONE_AND_TWO
def test_with_the_setting_a_changed_file_is_reloaded_by_itself(tmp_path: Path, policies: Path, count: str) -> None:
    with serving(tmp_path, policies, count, ORDAIN_RELOAD="change") as server:
        next_version(policies)
        everywhere(server, lambda: advised(server) == (NEW, "2"))


def test_without_the_setting_a_changed_file_waits(tmp_path: Path, policies: Path) -> None:
    with serving(tmp_path, policies, "1") as server:
        next_version(policies)
        time.sleep(2)
        assert advised(server) == (OLD, "1")


def test_many_reloads_in_a_row_and_a_stop_right_after_one(tmp_path: Path, policies: Path) -> None:
    with serving(tmp_path, policies, "2") as server, Asking(server) as asking:
        for _ in range(200):
            reload(server)
        next_version(policies)
        reload(server)
        everywhere(server, lambda: advised(server) == (NEW, "2"))
    assert asking.other == []
    with serving(tmp_path, policies, "2") as server:
        until(lambda: server.get("/readyz").status == 200)
        reload(server)
        assert server.stop()
        assert "Traceback" not in server.said()


def test_a_terminal_that_closes_ends_neither_workers_nor_writer(tmp_path: Path, policies: Path) -> None:
    with serving(tmp_path, policies, "2") as server, Asking(server) as asking:
        os.killpg(server.pid, signal.SIGHUP)
        time.sleep(1)
        assert "started again" not in server.said()
    assert asking.other == []


def test_a_reload_that_is_asked_for_during_the_start_is_not_missed(tmp_path: Path, policies: Path) -> None:
    server = Server(tmp_path, ORDAIN_POLICIES=str(policies))

    def ask() -> None:
        until((tmp_path / "ordain.db").exists)  # the policies have been read by then
        next_version(policies)
        reload(server)

    asking = threading.Thread(target=ask)
    asking.start()
    with server:
        asking.join()
        until(lambda: advised(server) == (NEW, "2"))


def test_reloads_while_workers_are_killed_end_with_all_of_them_at_the_newest(tmp_path: Path, policies: Path) -> None:
    with serving(tmp_path, policies, "2") as server:
        for _ in range(6):
            for _ in range(5):
                reload(server)
                time.sleep(0.02)
            os.kill(workers(server)[0], signal.SIGKILL)
            until(lambda: len(workers(server)) == 2)
        next_version(policies)
        reload(server)
        until(lambda: len(workers(server)) == 2)
        everywhere(server, lambda: _answers(server))
        time.sleep(1)
        everywhere(server, lambda: advised(server) == (NEW, "2") and not faults(server))


def test_a_batch_ends_with_the_policies_that_it_began_with(tmp_path: Path, policies: Path) -> None:
    with serving(tmp_path, policies, "1") as server, talk(server, "plan-advice") as client:
        said = []
        for _ in range(2):
            client.say(ASKED + b"\n")
            said.append((client.hear() or {})["outcome"]["advice"]["action"])
            next_version(policies)
            reload(server)
            everywhere(server, lambda: advised(server) == (NEW, "2"))
        client.end()
    assert said == [OLD, OLD]


# --- the parts alone --------------------------------------------------------------------------------------------
