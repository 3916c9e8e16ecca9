"""Who acts, for the record."""

from __future__ import annotations

import getpass
import os


def actor(name: str | None) -> str:
    """The name that was given, or the user of this machine."""
    if name:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        return f"uid {os.getuid()}"
