"""The pages of decisions, and what is done there."""

from __future__ import annotations

from ordain.api.console.acting.reviewing import link, settle
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.decision import decision, proof, readers, replay, why_not
from ordain.api.console.reading.decision_search import decisions

PAGES = (
    Page("decisions", "decisions", decisions, "decisions"),
    Page("decisions/<decision_id>", "decision", decision, "decisions"),
    Page("decisions/<decision_id>/why-not", "decision_why_not", why_not, "decisions", is_part=True),
    Page("decisions/<decision_id>/replay", "decision_replay", replay, "decisions", is_part=True),
    Page("decisions/<decision_id>/readers", "decision_readers", readers, "decisions", is_part=True),
    Page("decisions/<decision_id>/proof", "decision_proof", proof, "decisions", is_part=True),
)
BUTTONS = (
    Button("decisions/<decision_id>/settle", "settle", settle),
    Button("decisions/<decision_id>/link", "link", link),
)
