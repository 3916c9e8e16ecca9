"""A verification in a process of its own: `python -m ordain.api.verifier_process`.

What is to be verified comes as JSON on standard input, because the address of a database may hold a password; the
evidence, or why there is none, goes out as JSON. It is what `ordain audit verify` calls, and takes the processor from
nobody who decides.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ordain.audit.store.schema import REVISIONS
from ordain.audit.verifier.check import verify
from ordain.engine.errors import OrdainError

_NICE = 10  # of a process: others come first


def main() -> None:
    """Verifies what is asked for."""
    os.nice(_NICE)
    asked: dict[str, Any] = json.load(sys.stdin)
    try:
        evidence = verify(
            asked["database_url"],
            start=asked["start"],
            end=asked["end"],
            sample=asked["sample"],
            seed=asked["seed"],
            anchors=[Path(folder) for folder in asked["anchors"]],
            lost=[Path(folder) for folder in asked["lost"]],
            key=asked["key"],
            revisions=REVISIONS,
        )
    except OrdainError as error:
        json.dump({"refused": [error.message, error.issues[0].hint]}, sys.stdout)
    else:
        json.dump({"evidence": evidence.data()}, sys.stdout)


if __name__ == "__main__":
    main()
