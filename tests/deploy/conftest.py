"""What ships is tried with the server as the tests of `api` start it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "api"))  # `served`
