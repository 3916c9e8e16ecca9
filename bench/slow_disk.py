"""HTTP on a disk whose every flush takes 4 ms longer: a small library between the server and the system delays it.

It is compiled with `cc` and loaded with LD_PRELOAD (https://man7.org/linux/man-pages/man8/ld.so.8.html); fsync and
fdatasync then sleep before they flush. Linux only.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import asks, wrk
from bench.servers import kept_in, serving
from bench.tables import Result
from bench.timing import Spread
from bench.wrk import loaded
from ordain.audit.verifier.check import verify

MILLISECONDS = 4
CONNECTIONS = 128
ROUNDS, SECONDS = 5, 2
BODIES = 200
WORKERS = (1, 2)

_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static void pause_(void) { struct timespec t = {0, %d * 1000000L}; nanosleep(&t, 0); }
int fsync(int file) {
  static int (*next)(int); if (!next) next = dlsym(RTLD_NEXT, "fsync");
  pause_(); return next(file);
}
int fdatasync(int file) {
  static int (*next)(int); if (!next) next = dlsym(RTLD_NEXT, "fdatasync");
  pause_(); return next(file);
}
"""


def run() -> Result:
    """Each number of workers on the slow disk and on this machine's own, in turns."""
    bodies = asks.price_quotes(BODIES)
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name, ExitStack() as servers:
        folder = Path(name)
        slow = {"LD_PRELOAD": str(_shim(folder))}
        disks: dict[str, Mapping[str, str]] = {f"every flush {MILLISECONDS} ms longer": slow, "as the disk is": {}}
        ports = {
            f"{workers} worker{'s' if workers > 1 else ''}, {disk}": _serve(servers, folder, workers, more)
            for workers in WORKERS
            for disk, more in disks.items()
        }
        rates: dict[str, list[float]] = {way: [] for way in ports}
        for number in range(-1, ROUNDS):
            for way, port in ports.items():
                rate, _ = loaded("price-quote", port, bodies, CONNECTIONS, SECONDS if number >= 0 else 1)
                if number >= 0:
                    rates[way].append(rate)
        servers.close()
        for database in folder.glob("*/ledger.db"):
            assert verify(database), f"the ledger {database} does not verify"
    generator = "wrk" if wrk.is_there() else "load.py"
    notes = (
        f"`price-quote`, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns, loaded by {generator} "
        "from the same cores; median (first to third quartile).",
        "The delay is made by a library between the server and the system (LD_PRELOAD), in fsync and fdatasync.",
        "Checked after the run: `audit verify` holds for each ledger.",
    )
    return Result(
        "HTTP on a slow disk",
        {"rate": "answers per second"},
        {way: {"rate": Spread.of(each)} for way, each in rates.items()},
        notes,
    )


def _shim(folder: Path) -> Path:
    """Raises CalledProcessError, or FileNotFoundError where there is no C compiler."""
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(_SHIM % MILLISECONDS)
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _serve(servers: ExitStack, folder: Path, workers: int, more: Mapping[str, str]) -> int:
    own = folder / f"{workers}-{len(more)}"
    environment = kept_in(own) | dict(more)
    arguments = ["ordain", "serve", "--port", "{port}", "--workers", str(workers)]
    return servers.enter_context(serving(arguments, environment, folder / f"{own.name}.log"))
