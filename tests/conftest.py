"""What the tests ran on stands in their summary; hypothesis tries the same examples each time, or fresh ones.

`make test` decides whether a change may go in, so it throws no dice. `make fuzz` does: ORDAIN_FUZZ names how many times
as many examples each property gets, with fresh seeds.
"""

from __future__ import annotations

import gc
import os
from typing import Any

import databases
import pytest
from hypothesis import settings

os.environ.pop("COLUMNS", None)  # a console keeps the width it is made with, and parallel workers are given one
import ordain.api.cli.terminal  # noqa: F401 - made now, before any test sets a width

gc.set_threshold(50_000, 20, 50)  # as the command does; the tests spend a tenth of their time on it otherwise

FUZZ = int(os.environ.get("ORDAIN_FUZZ", "0"))
settings.register_profile("gate", derandomize=True, database=None)
settings.register_profile("fuzz", derandomize=False, print_blob=True)
settings.load_profile("fuzz" if FUZZ else "gate")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a test that starts or kills a server waits for most of its time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The gate tries half of a property's examples, which are the same each time; `make fuzz` as many as it is told."""
    seen: set[int] = set()
    for item in items:
        test: Any = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        held = getattr(test, "_hypothesis_internal_use_settings", None)
        if held is not None and id(test) not in seen:
            seen.add(id(test))
            examples = held.max_examples * FUZZ if FUZZ else min(held.max_examples, max(20, held.max_examples // 2))
            test._hypothesis_internal_use_settings = settings(held, max_examples=examples, deadline=None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that prints the summary."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["ran_on"] = sorted(databases.USED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    databases.USED.update(getattr(node, "workeroutput", {}).get("ran_on", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for used in sorted(databases.USED):
        terminalreporter.write_line(f"ran on {used}")
