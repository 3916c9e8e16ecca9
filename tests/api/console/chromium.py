"""Where a Chromium is for the tests of pages: one that is there, or one that is installed now."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 600
"""How long an installation may take."""


def chromium(playwright: Playwright) -> str | None:
    """Its path; None where none can be had. Only one process installs at a time."""
    with (Path(tempfile.gettempdir()) / "ordain-tests-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _there(playwright) or _installed(playwright)


def _there(playwright: Playwright) -> str | None:
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in _NAMES] + [playwright.chromium.executable_path]
    return next((path for path in found if path and Path(path).is_file()), None)


def _installed(playwright: Playwright) -> str | None:
    """By the system's package manager for who may, otherwise by Playwright."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        commands = [["apt-get", "update", "-qq"], apt, *commands]
    for command in commands:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        try:
            subprocess.run(command, check=False, env=quiet, capture_output=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        if found := _there(playwright):
            return found
    return None
