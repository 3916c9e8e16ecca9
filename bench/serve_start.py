"""How long `ordain serve` takes from its start to its first answer, and until all its models are read."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.http import train
from bench.many_policies import catalogue
from bench.servers import free_port, stop
from bench.tables import Result

ROOT = Path(__file__).parents[1]
POLICIES = 500
_RUNS = 5
_GIVE_UP_SECONDS = 60
_ADVICE = ("plan-advice", b'{"subject": "C-9", "facts": {"usage_gb": 95, "plan_gb": 100}}')
_MANY = (
    "advice-0",
    b'{"subject": "C-9", "facts":'
    b' {"mobile_usage": 95, "mobile_allowance": 100, "region": "north", "tenure_months": 3}}',
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A folder that is served, and a decision that needs no model. `fresh`: its ledger is removed before each start."""

    folder: Path
    ask: tuple[str, bytes] = _ADVICE
    fresh: bool = False


def run() -> Result:
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        cases = _cases(Path(name))
        for case in cases.values():  # the first run makes the ledger and compiles the modules
            _once(case)
        rounds = [{title: _once(case) for title, case in cases.items()} for _ in range(_RUNS)]
    rows = {}
    for title in cases:
        answered, ready = zip(*(each[title] for each in rounds), strict=True)
        rows[title] = {
            "answered": statistics.median(answered),
            "best": min(answered),
            "ready": statistics.median(ready),
        }
    columns = {"answered": "first answer, s", "best": "best, s", "ready": "all is read, s"}
    notes = (
        f"Medians of {_RUNS} rounds in turn, from the start of the command. The first answer is a recorded decision"
        " that needs no model; all is read when /readyz says 200.",
    )
    return Result("Start of `ordain serve`", columns, rows, notes)


def _cases(folder: Path) -> dict[str, _Case]:
    catalogue(POLICIES).write(folder / "many")

    def case(name: str, policies: Path, models: str) -> Path:
        place = folder / name
        place.mkdir()
        (place / "config.yaml").write_text(f"policies: {policies}\nmodels: {models}\n")
        return place

    shipped = ROOT / "policies"
    scoring = case("model", shipped, str(folder / "trained"))
    kept = scoring / "var"
    kept.mkdir()
    ledger = {"ORDAIN_DATABASE_URL": f"sqlite:///{kept / 'ordain.db'}", "ORDAIN_KEYS": str(kept / "keys")}
    train(folder, {"ORDAIN_MODELS": str(folder / "trained"), **ledger})
    return {
        "a ledger that exists": _Case(case("plain", shipped, "none")),
        "a new ledger": _Case(case("new", shipped, "none"), fresh=True),
        "with a churn model": _Case(scoring),
        f"{POLICIES} policies": _Case(case("large", folder / "many", "none"), _MANY),
    }


def _once(case: _Case) -> tuple[float, float]:
    """Seconds until the first answer, and until it is ready."""
    if case.fresh:
        shutil.rmtree(case.folder / "var", ignore_errors=True)
    port = free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDAIN_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "ordain", "serve", "--port", str(port)],
        cwd=case.folder,
        env=kept,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        service, body = case.ask
        answered = _until(start, server, lambda: _get(f"http://127.0.0.1:{port}/v1/decisions/{service}", body))
        return answered, _until(start, server, lambda: _get(f"http://127.0.0.1:{port}/readyz"))
    finally:
        stop(server)


def _get(url: str, body: bytes | None = None) -> None:
    request = urllib.request.Request(url, data=body)  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=_GIVE_UP_SECONDS) as answer:  # noqa: S310
        answer.read()


def _until(start: float, server: subprocess.Popen[bytes], ask: Callable[[], None]) -> float:
    """Asks until there is an answer: the seconds since `start`. Raises RuntimeError when there is none."""
    while time.perf_counter() - start < _GIVE_UP_SECONDS and server.poll() is None:
        try:
            ask()
        except urllib.error.HTTPError as refused:
            if refused.code != 503:
                raise
        except OSError:
            pass
        else:
            return time.perf_counter() - start
        time.sleep(0.005)
    raise RuntimeError("the server did not answer")
