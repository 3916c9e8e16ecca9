"""The command `ordain`, which is `python -m ordain` too."""

import gc

from ordain.engine.late import late


def run() -> None:
    """Runs the command that the arguments name, and leaves with its exit code."""
    # Nearly all of the hundred thousand objects that loading makes stay: to search them for garbage at Python's own
    # rate takes a tenth of a short command, and to search them once more at its end another.
    gc.set_threshold(50_000, 20, 50)
    try:
        late("ordain.api.cli.main:main")(prog_name="ordain")
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()
