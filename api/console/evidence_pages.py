"""The page of the log, and its verification."""

from __future__ import annotations

from ordain.api.console.acting.verifying import verify
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.evidence import evidence, who_read
from ordain.api.console.reading.sample_drawn import sample

PAGES = (
    Page("evidence", "evidence", evidence, "evidence"),
    Page("evidence/readers", "evidence_readers", who_read, "evidence", is_part=True),
    Page("evidence/sample", "sample", sample, "evidence"),
)
BUTTONS = (Button("evidence/verify", "verify", verify),)
