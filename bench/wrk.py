"""Load from `wrk` (https://github.com/wg/wrk, Debian package wrk): one thread of C, which takes little of the cores."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import measure as load_by_python

_SCRIPT = """
local bodies = {%s}
local turn = 0
request = function()
  turn = turn %% #bodies + 1
  return wrk.format("POST", "%s", {["Content-Type"] = "application/json"}, bodies[turn])
end
done = function(summary, latency)
  local errors = summary.errors
  local form = '\\nresult {"answered": %%d, "failed": %%d, "seconds": %%f, "p50": %%f, "p95": %%f, "p99": %%f}\\n'
  io.write(string.format(form,
    summary.requests - errors.status, errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """`answered` with a status below 400, `failed` any others; the percentiles in milliseconds."""

    answered: int
    failed: int
    seconds: float
    p50: float
    p95: float
    p99: float


def is_there() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None


def measure(port: int, path: str, bodies: Sequence[bytes], *, connections: int, seconds: int) -> Measured:
    """Sends the bodies round and round over that many connections. Raises RuntimeError when wrk fails."""
    told = ",".join(f"[==[{body.decode()}]==]" for body in bodies)
    with tempfile.NamedTemporaryFile("w", prefix="ordain-bench-", suffix=".lua") as script:
        script.write(_SCRIPT % (told, path))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", script.name]
        command.append(f"http://127.0.0.1:{port}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("result "):
            return Measured(**json.loads(line.removeprefix("result ")))
    raise RuntimeError(f"wrk failed: {(done.stderr or done.stdout).strip()[-500:]}")


def loaded(
    service: str, port: int, bodies: Sequence[bytes], connections: int, seconds: int, generator: str = ""
) -> tuple[float, float]:
    """Answers a second, and the 95th percentile in milliseconds; by wrk where it is, unless `generator` is "load.py".

    Raises AssertionError when an answer failed.
    """
    path = f"/v1/decisions/{service}"
    if generator != "load.py" and is_there():
        by_wrk = measure(port, path, bodies, connections=connections, seconds=seconds)
        assert not by_wrk.failed, f"{by_wrk.failed} answers of {path} failed"
        return by_wrk.answered / by_wrk.seconds, by_wrk.p95
    load = load_by_python(port, path, bodies, connections=connections, seconds=seconds)
    assert not load.failed, f"{load.failed} answers of {path} failed, the first: {load.first_failure}"
    return load.answered / load.seconds, statistics.quantiles(load.milliseconds, n=20)[-1]
