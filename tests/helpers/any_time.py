"""The shipped policies, but that every service takes `at`: a test that asks for an offer chooses its time of day."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "policies"


def taking_any_time(policies: Path) -> Path:
    """The same folder, its services changed."""
    file = policies / "services.yaml"
    text = file.read_text(encoding="utf-8")
    assert "    at: refused\n" in text
    file.write_text(text.replace("    at: refused\n", ""), encoding="utf-8")
    return policies


@cache
def at_any_time() -> Path:
    """A copy for this process, to be read alone."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return taking_any_time(Path(shutil.copytree(SHIPPED, folder / "policies")))
