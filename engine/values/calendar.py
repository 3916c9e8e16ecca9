"""What a calendar is as a value: the days it knows, the weekdays that are closed, and its holidays."""

from __future__ import annotations

from ordain.engine.values.types import DATE, TEXT, context_of, list_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""As FEEL's `day of week` calls them."""

CALENDAR = context_of({"from": DATE, "until": DATE, "closed": list_of(TEXT), "holidays": list_of(DATE)})
"""A context: its first and last day, the weekdays on which nobody works, and the days that are holidays."""
