"""What can go wrong with a row, numbered: SQL carries the number, and people get the sentence.

A row that the Python reading refuses has a number here in its `fault`; all others have null.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OTHERS_FROM = 1_000_000
"""Numbers below are of a value that is missing, which a rule of compliance turns into a review; from here on others."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` is the error that the Python reading raises, by its class."""

    code: str
    message: str


@dataclass(slots=True)
class Faults:
    """All that may go wrong in one statement."""

    missing: dict[Fault, int] = field(default_factory=dict)
    others: dict[Fault, int] = field(default_factory=dict)

    def lacks(self, place: str, asked: str) -> int:
        """The number of: `place` needs `asked`, which is missing."""
        fault = Fault("CustomerDataIncomplete", f"{place} needs `{asked}`, which is missing")
        return self.missing.setdefault(fault, len(self.missing) + 1)

    def other(self, code: str, message: str) -> int:
        """The number of another fault."""
        return self.others.setdefault(Fault(code, message), OTHERS_FROM + len(self.others))

    def by_number(self) -> dict[int, Fault]:
        """Every fault by its number."""
        return {number: fault for each in (self.missing, self.others) for fault, number in each.items()}
