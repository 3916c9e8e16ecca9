"""Keeps checkpoints in an anchor place, and may die by kill -9 with the bytes written and the name not made.

python anchor_worker.py FOLDER COUNT ROOT_BYTE WORDS [die]; prints the sizes that were refused.
"""

import base64
import os
import signal
import sys
from pathlib import Path

from ordain.audit.anchors.places import FileAnchors
from ordain.engine.errors import AnchorRefused

ORIGIN = "ordain.ledger/0193ee00-0000-7000-8000-000000000001"


def note(size: int, root: bytes, words: str = "signed") -> str:
    return f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n\n— {words}\n"


def main(folder: str, count: int, root_byte: int, words: str, die: bool) -> None:
    place = FileAnchors(Path(folder))
    place.pin(ORIGIN, "key")
    if die:
        os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    for size in range(1, count + 1):
        root = bytes([root_byte]) * 32
        try:
            place.keep(size, root, note(size, root, words))
        except AnchorRefused:
            print(size)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:] == ["die"])
