"""Files written as a whole or not at all, where people keep them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ordain.engine.errors import ExportFailed


def write_whole(file: Path, data: bytes) -> None:
    """The file is as it was, or as it is to be, whenever the writing ends. Raises ExportFailed.

    A link stays one, and a file that was there keeps its mode.
    """
    beside = None
    try:
        target = file.resolve()
        beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        reason = (error.strerror or "no reason given").lower() if isinstance(error, OSError) else "it links to itself"
        raise ExportFailed(f"`{file}` cannot be written: {reason}") from None
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
