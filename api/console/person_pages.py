"""The pages of people, and what is done there."""

from __future__ import annotations

from ordain.api.console.acting.keeping import erase, hold, release
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.people import people, person, person_readers, person_risk

PAGES = (
    Page("people", "people", people, "people"),
    Page("people/<subject:subject>", "person", person, "people"),
    Page("risk-of/<subject:subject>", "person_risk", person_risk, "people", is_part=True),
    Page("readers-of/<subject:subject>", "person_readers", person_readers, "people", is_part=True),
)
BUTTONS = (
    Button("erase/<subject:subject>", "erase", erase),
    Button("hold/<subject:subject>", "hold", hold, undone_by="release"),
    Button("release/<subject:subject>", "release", release, undone_by="hold"),
)
