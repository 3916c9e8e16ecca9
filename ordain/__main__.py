"""The command `ordain`, which is `python -m ordain` too."""

import gc
import signal
import sys

from ordain.engine.late import late


def run() -> None:
    """Runs the command that the arguments name, and leaves with its exit code."""
    # Nearly all of the hundred thousand objects that loading makes stay: to search them for garbage at Python's own
    # rate takes a tenth of a short command, and to search them once more at its end another.
    gc.set_threshold(50_000, 20, 50)
    if "serve" in sys.argv[1:2]:  # SIGHUP is for a server that runs: until it does, there is nothing to load again
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        late("ordain.api.cli.main:main")(prog_name="ordain")
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()
