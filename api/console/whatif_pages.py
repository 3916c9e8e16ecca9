"""The pages on which decisions are tried out."""

from __future__ import annotations

from ordain.api.console.acting.trying import sweep, try_out, try_table
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.whatif import whatif, whatifs

PAGES = (
    Page("whatif", "whatifs", whatifs, "whatifs"),
    Page("whatif/<service>", "whatif", whatif, "whatifs"),
)
BUTTONS = (
    Button("whatif/<service>/try", "try_out", try_out),
    Button("whatif/<service>/sweep", "sweep", sweep),
    Button("whatif/<service>/table", "try_table", try_table),
)
