"""What a failure of the system means for a folder that checkpoints are kept in, and what to do about it."""

from __future__ import annotations

import errno

DAMAGED = "compare it with the ledger's other places, and find out who could write to this one"

_RIGHTS = ("may not be read or written", "give this process the right to read, list and add files there")
_NO_FOLDER = ("is not a folder", "check the path of the place, and that its volume is mounted")
_FULL = ("is full", "make room on the disk that holds it; what is there must stay")
_LINKS = (
    "refuses to add a file",
    "give this process the right to add files there, and use a file system that knows hard links",
)
MEANING = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _RIGHTS,
    errno.EROFS: ("is read-only", "mount it writable for this process"),
    errno.EPERM: _LINKS,
    errno.ENOTSUP: _LINKS,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
}
