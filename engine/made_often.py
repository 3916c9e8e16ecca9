"""A dataclass that is made very often, for every decision or every word of a file: frozen for the type checker alone.

Python sets each field of a frozen one by a call, so that to make one takes longer than to decide a small table.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

__all__ = ["made_often"]

if TYPE_CHECKING:
    from dataclasses import dataclass as made_often
else:

    def made_often(*, frozen, slots):
        """As `dataclass`, with its hash; nothing but the type checker keeps the fields from being set."""
        return dataclasses.dataclass(slots=slots, unsafe_hash=True)
