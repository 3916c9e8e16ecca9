"""Several processes decide, and one writes: whichever is killed, what was acknowledged is on record, once.

ORDAIN_TEST_KILLS says how many times; 4 unless it is set.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from answers import ADVICE, RETENTION, error_in
from databases import database
from ports import free_port
from served import SECONDS, Server, ordain, settings_in

from ordain.api.ledger import open_for
from ordain.audit.verifier.check import verify

KILLS = int(os.environ.get("ORDAIN_TEST_KILLS", "4"))  # read now: some tests clear the environment
WORKERS, CLIENTS = 3, 8
WRITER, WORKER, BOTH, SERVER, ALL = "the writer", "a worker", "a worker and the writer", "the server", "all of it"


def processes() -> Iterator[tuple[int, int, int, str]]:
    """Id, parent, group and command of each process that runs. One that is dead stays in its group until it is waited
    for, which is not always so here when its parent was killed."""
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        pid, parent, group, args = line.split(None, 3)
        if "<defunct>" not in args:
            yield int(pid), int(parent), int(group), args


def children(server: Server) -> dict[int, str]:
    """The processes that the server's process started, with their commands."""
    return {pid: command for pid, parent, _, command in processes() if parent == server.pid}


def gone(server: Server) -> bool:
    """Whether nothing of it runs any more."""
    return all(group != server.pid for _, _, group, _ in processes())


def workers(server: Server) -> list[int]:
    return [pid for pid, command in children(server).items() if "ordain serve" in command]


def writer(server: Server) -> int:
    pids: list[int] = []

    def found() -> bool:
        pids[:] = [pid for pid, command in children(server).items() if "writer_process" in command]
        return len(pids) == 1

    until(found)
    return pids[0]


def socket_folder(server: Server) -> Path:
    return Path(children(server)[writer(server)].split()[-1])


def until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it did not come about in {seconds} seconds"
        time.sleep(0.02)


class Clients:
    """They ask whoever serves, again and again; `told` are the decisions whose answers arrived, by their subjects."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.told: list[tuple[str, str]] = []
        self.asked_once: list[str] = []
        self.other: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SECONDS)

    def _ask(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with closing(self.server.connection(timeout=SECONDS)) as connection:
                    while not self._stop.is_set():
                        number += 1
                        self._once(connection, client, number)
            except (OSError, http.client.HTTPException, ValueError):
                self.other["no answer"] += 1
                self._stop.wait(0.02)

    def _once(self, connection: http.client.HTTPConnection, client: int, number: int) -> None:
        # Every other one about somebody new, the rest about a few whom all processes decide about.
        subject = f"once-{client}-{number}" if number % 2 else f"C-{number % 7}"
        if number % 2:
            self.asked_once.append(subject)
        service, facts = ("retention", RETENTION) if number % 3 else ("plan-advice", ADVICE)
        asked = json.dumps({"subject": subject, "facts": facts}).encode()
        connection.request("POST", f"/v1/decisions/{service}", asked)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status == 200:
            self.told.append((subject, json.loads(data)["decision_id"]))
        else:
            self.other[error_in(data)["message"]] += 1


class Killing:
    """A server under load, of which something is killed again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.pick = folder, random.Random()  # noqa: S311
        self.slowest = 0.0
        self.start()
        self.clients = Clients(self.server)

    def start(self) -> None:
        self.server = Server(self.folder, ORDAIN_WORKERS=str(WORKERS))
        self.server.__enter__()

    def kill(self, what: str) -> None:
        """Kills it, without a chance to say goodbye, and waits until decisions are given again."""
        self.pick_and_kill(what)
        start = time.monotonic()
        if what in (SERVER, ALL):  # whoever started it starts it again
            until(lambda: gone(self.server), 10)
            self.server.kill()
            self.start()
            self.clients.server = self.server
        else:
            until(self.answers, 10)
            self.slowest = max(self.slowest, time.monotonic() - start)

    def pick_and_kill(self, what: str) -> None:
        if what == ALL:
            left = socket_folder(self.server)
            self.server.kill()
            shutil.rmtree(left)  # nobody was left to do it
            return
        victims = [self.server.pid] if what == SERVER else []
        if what in (WRITER, BOTH):
            victims.append(writer(self.server))
        if what in (WORKER, BOTH):
            victims.append(self.pick.choice(workers(self.server)))
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    def answers(self) -> bool:
        try:
            return self.server.decide("plan-advice", "C-0", ADVICE).status == 200
        except (OSError, http.client.HTTPException):
            return False


def test_whichever_process_is_killed_nothing_acknowledged_is_lost_and_service_goes_on(tmp_path: Path) -> None:
    run = Killing(tmp_path)
    kinds = [WRITER, WORKER, SERVER, BOTH, ALL, WRITER][:KILLS]
    kinds += run.pick.choices([WRITER, WORKER, BOTH, SERVER, ALL], weights=[6, 6, 6, 1, 1], k=KILLS - len(kinds))
    try:
        for what in kinds:
            until(lambda: len(workers(run.server)) > 0)
            time.sleep(run.pick.uniform(0, 0.4))
            run.kill(what)
        until(lambda: len(workers(run.server)) == WORKERS)
        before = len(run.clients.told)
        until(lambda: len(run.clients.told) > before + CLIENTS)
    finally:
        run.clients.stop()
        stopped = run.server.stop()
    assert stopped
    assert "Traceback" not in run.server.said()
    check(tmp_path, run.clients)
    acknowledged = f"{len(run.clients.told):,} acknowledged, {dict(run.clients.other)}"
    print(f"\n{KILLS} kills, {dict(Counter(kinds))}: at most {run.slowest:.1f} s without an answer, {acknowledged}")


def check(folder: Path, clients: Clients) -> None:
    """What was acknowledged is on record, and once; what was not, once at the most; and all of it holds."""
    evidence = verify(folder / "ordain.db")
    assert evidence, evidence.findings
    assert evidence.unsigned == 0
    ledger = open_for(settings_in(folder))
    try:
        stored = Counter(str(each) for each in (entry.id for entry in ledger.reader.entries()))
        assert max(stored.values()) == 1
        assert {decision for _, decision in clients.told} <= stored.keys()
        assert len({decision for _, decision in clients.told}) == len(clients.told)
        told = dict(clients.told)
        for subject in clients.asked_once:
            on_record = [str(each) for each in ledger.reader.ids_of(subject)]
            assert on_record == [told[subject]] if subject in told else len(on_record) <= 1
    finally:
        ledger.close()


def test_three_workers_answer_and_one_that_is_killed_is_started_again(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS=str(WORKERS)) as server:
        until(lambda: len(workers(server)) == WORKERS)
        first = workers(server)
        assert all(answer_of(server, pid) for pid in first)
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(set(workers(server)) - {first[0]}) == WORKERS)
        assert server.get("/healthz").json()["faults"] == []
        assert server.stop()
    assert verify(tmp_path / "ordain.db").unsigned == 0


def answer_of(server: Server, pid: int) -> bool:
    """Whether that worker answers, while the others are stopped."""
    others = [other for other in workers(server) if other != pid]
    for other in others:
        os.kill(other, signal.SIGSTOP)
    try:
        for _ in range(60):  # the kernel gives each connection to one of them
            try:
                with closing(server.connection(timeout=0.5)) as connection:
                    connection.request("GET", "/healthz")
                    return connection.getresponse().status == 200
            except TimeoutError:
                continue
        return False
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


def test_a_server_that_is_stopped_while_a_worker_starts_again_does_not_wait_for_it(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        until(lambda: len(workers(server)) == 2)
        first = workers(server)
        os.kill(first[0], signal.SIGKILL)
        until(lambda: set(workers(server)) - set(first))
        assert server.stop()


def test_a_writer_that_stands_still_is_told_and_when_it_wakes_up_decisions_are_given_again(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2", ORDAIN_BUSY_SECONDS="0.2") as server:
        clients = Clients(server)
        until(lambda: len(clients.told) > 50)
        still = writer(server)
        os.kill(still, signal.SIGSTOP)
        until(lambda: clients.other)
        assert server.decide("plan-advice", "C-1", ADVICE).status == 503
        os.kill(still, signal.SIGCONT)
        before = len(clients.told)
        until(lambda: len(clients.told) > before + 50)
        clients.stop()
        assert writer(server) == still
        assert server.stop()
        assert "Traceback" not in server.said()
    check(tmp_path, clients)


def test_ctrl_c_ends_all_of_it_and_what_came_last_is_signed(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        clients = Clients(server)
        until(lambda: len(clients.told) > 50)
        folder = socket_folder(server)
        assert folder.stat().st_mode & 0o777 == 0o700
        os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to every process of it
        assert server._process is not None
        server._process.wait(timeout=SECONDS)
        until(lambda: gone(server))
        clients.stop()
        assert not folder.exists()
        assert "Traceback" not in server.said()
        assert "started again" not in server.said()
    check(tmp_path, clients)


def test_a_server_that_is_killed_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2") as server:
        clients = Clients(server)
        until(lambda: len(clients.told) > 50)
        folder = socket_folder(server)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: gone(server), 10)
        clients.stop()
        assert "Traceback" not in server.said()
        assert not folder.exists()
    check(tmp_path, clients)


def test_two_servers_on_one_ledger_each_have_a_writer(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="2") as one, Server(tmp_path, ORDAIN_WORKERS="2") as other:
        both = [Clients(one), Clients(other)]
        until(lambda: all(len(clients.told) > 100 for clients in both))
        for clients in both:
            clients.stop()
        assert writer(one) != writer(other)
        assert one.stop()
        assert other.stop()
    # On a busy machine a writer may take longer to begin than a decision waits for it.
    late = "the process that writes the ledger does not answer; nothing was recorded"
    assert {message for clients in both for message in clients.other} <= {"no answer", late}
    evidence = verify(tmp_path / "ordain.db")
    assert evidence, evidence.findings
    assert evidence.decisions == sum(len(clients.told) for clients in both)


def test_one_worker_has_no_writer_beside_it(tmp_path: Path) -> None:
    with Server(tmp_path, ORDAIN_WORKERS="1") as server:
        assert [command.split()[2:4] for command in children(server).values()] == [["ordain", "serve"]]


def test_workers_on_postgresql_write_for_themselves(tmp_path: Path) -> None:
    with database() as url, Server(tmp_path, ORDAIN_WORKERS="2", ORDAIN_DATABASE_URL=url) as server:
        clients = Clients(server)
        until(lambda: len(clients.told) > 100)
        os.kill(workers(server)[0], signal.SIGKILL)
        before = len(clients.told)
        until(lambda: len(clients.told) > before + 100)
        clients.stop()
        assert "writer_process" not in str(children(server))
        assert server.get("/healthz").status == 200


def test_a_folder_whose_name_is_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    done = ordain(tmp_path, "serve", "--workers", "2", TMPDIR=str(long), ORDAIN_PORT=str(free_port()))
    assert done.returncode == 2
    assert "too long for a socket" in done.stderr
    assert list(long.iterdir()) == []


@pytest.mark.parametrize("count", ["0", "65", "two"])
def test_the_number_of_workers_is_checked(tmp_path: Path, count: str) -> None:
    done = ordain(tmp_path, "serve", "--workers", count)
    assert done.returncode == 2
    assert "--workers" in done.stderr
