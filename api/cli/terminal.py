"""The terminal as rich writes to it: tables, colours, progress."""

from __future__ import annotations

from rich.console import Console

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
