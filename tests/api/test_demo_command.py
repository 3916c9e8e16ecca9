"""`make demo` passes on its port, and `ordain demo` says what is in its way."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from served import ROOT, ordain


@pytest.mark.parametrize(("given", "passed"), [(["PORT=9321"], "ordain demo --port 9321"), ([], "ordain demo")])
def test_make_demo_passes_the_port_on(given: list[str], passed: str) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("there is no make on this machine")
    command = [make, "--no-print-directory", "-n", "demo", *given]  # which it would below another `make`
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip().endswith(passed)


def test_demo_says_that_its_port_is_taken_before_anything_is_trained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ordain(tmp_path, "demo", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.startswith(f"SettingsError\ncannot listen on 127.0.0.1:{port}: address already in use")
    assert not (tmp_path / "models").exists()
