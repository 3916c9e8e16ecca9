"""What the tests ran on stands in their summary."""

from __future__ import annotations

import databases
import pytest

import api.console  # noqa: F401 - a console keeps the COLUMNS it is made with, so before any test changes them


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for used in sorted(databases.USED):
        terminalreporter.write_line(f"ran on {used}")
