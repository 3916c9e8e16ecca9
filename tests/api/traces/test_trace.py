"""A trace goes on from its caller's, begins by chance, and never keeps a request waiting."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.api.http.account import Account
from ordain.api.limits import LIMITS
from ordain.api.traces.trace import Trace, begun
from ordain.api.traces.traces import Finished, Traces

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Scope:
    method = "POST"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it


def put(traces: Traces) -> None:
    trace = traces.begin(PARENT)
    assert trace is not None
    traces.put(trace, Account(Scope()), 200)  # type: ignore[arg-type]


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_caller_says_whether_it_is_sampled(ratio: float) -> None:
    trace = begun(PARENT, ratio)
    assert trace is not None
    assert (trace.id, trace.parent) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert begun(PARENT.removesuffix("1") + "0", ratio) is None
    later = begun(PARENT.replace("00-", "cc-", 1) + "-what-comes", ratio)  # a later version may have more
    assert later is not None
    assert later.id == trace.id


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        PARENT[:-1],
        PARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_without_a_caller_s_trace_chance_says(header: str | None) -> None:
    assert begun(header, 0.0) is None
    trace = begun(header, 1.0)
    assert trace is not None
    assert trace.parent is None
    assert sum(begun(header, 0.25) is not None for _ in range(4000)) in range(800, 1200)


@given(st.text())
def test_whatever_stands_there_is_no_fault(header: str) -> None:
    assert begun(header, 0.0) is None


def test_steps_follow_each_other_and_a_score_lies_within_the_next() -> None:
    trace = Trace(1, None)
    trace.step("read")
    trace.scored([("churn", 1.0, 2.0)])
    trace.step("decide")
    (read, score, decide) = trace.steps
    assert (read[0], score, decide[0]) == ("read", ("score", 1.0, 2.0, "churn"), "decide")
    assert read[1] <= read[2] == decide[1] <= decide[2]


def test_a_collector_that_hangs_keeps_nobody_waiting_and_what_finds_no_room_is_counted() -> None:
    let_go = threading.Event()

    def hangs(_: list[Finished]) -> bool:
        return let_go.wait(60)

    traces = Traces(hangs, 0.0)
    more = 10
    for _ in range(LIMITS.traces_sent):
        put(traces)
    time.sleep(LIMITS.traces_gather * 2)  # the first are on their way
    for _ in range(LIMITS.traces_waiting + more):
        put(traces)
    assert traces.dropped >= more
    let_go.set()


def test_what_fails_is_dropped_and_told_once_and_so_is_what_works_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = [RuntimeError("a secret"), False, True, True]
    came: list[object] = []

    def send(_: list[Finished]) -> bool:
        answer = answers[len(came)]
        came.append(answer)
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    traces = Traces(send, 0.0)
    for number in range(4):
        put(traces)
        deadline = time.monotonic() + 60
        while len(came) <= number:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    traces.flush()
    assert traces.dropped == 2
    assert [record.getMessage() for record in caplog.records] == [
        "traces are dropped: the collector does not take them",
        "traces are taken again",
    ]


def test_what_models_were_asked_is_known_by_thread_and_once() -> None:
    traces = Traces(lambda _: True, 0.0)
    traces.scored("churn", 0.5)
    other = threading.Thread(target=traces.scored, args=("elsewhere", 0.5))
    other.start()
    other.join()
    ((model, begin, end),) = traces.scores()
    assert (model, round(end - begin, 6)) == ("churn", 0.5)
    assert traces.scores() == []
    for number in range(100):  # nobody may ever ask
        traces.scored(str(number), 0.1)
    assert len(traces.scores()) == LIMITS.traces_scores
