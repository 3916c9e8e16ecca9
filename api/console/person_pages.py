"""The pages of people, and what is done there."""

from __future__ import annotations

from ordain.api.console.acting.keeping import erase, hold, release
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.people import people, person

PAGES = (
    Page("people", "people", people, "people"),
    Page("people/<path:subject>", "person", person, "people"),
)
BUTTONS = (
    Button("erase/<path:subject>", "erase", erase),
    Button("hold/<path:subject>", "hold", hold),
    Button("release/<path:subject>", "release", release),
)
