"""Reads what `ordain audit consistency` printed: two checkpoints, and between them the hashes of a proof."""

from __future__ import annotations

import json
import re

from ordain.audit.verifier.notes import decoded
from ordain.engine.errors import ProofRefused

_NOTE = rb".{1,3000}\n[^\n]+\n[^\n]+\n(?:[^\n]+\n)?\n(?:\xe2\x80\x94 [^\n]+\n)+"
_FILE = re.compile(rb"(?P<old>" + _NOTE + rb")\n(?P<hashes>(?:[A-Za-z0-9+/]{43}=\n)*)\n(?P<new>" + _NOTE + rb")")
_AGAIN = "get it again: ordain audit consistency OLD NEW"

Read = tuple[bytes, bytes, list[bytes]]
"""The older note, the newer one, and the hashes, 32 bytes each."""


def read_consistency(data: bytes) -> Read | None:
    """None for what is something else. Raises ProofRefused for one that is damaged."""
    if data.lstrip().startswith(b"{"):
        return _of_json(data)
    match = _FILE.fullmatch(data)
    if match is None:
        return None
    return match["old"], match["new"], [decoded(line) or b"" for line in match["hashes"].splitlines()]


def _of_json(data: bytes) -> Read | None:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or "old" not in told or "new" not in told:
        return None
    try:
        old, new = told["old"]["checkpoint"].encode(), told["new"]["checkpoint"].encode()
        hashes = [decoded(each.encode()) or b"" for each in told["proof"]]
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
        raise ProofRefused("that is not the form in which a proof between two checkpoints is printed", _AGAIN) from None
    return old, new, hashes
