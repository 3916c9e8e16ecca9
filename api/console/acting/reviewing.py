"""A person settles a review."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.numbers_typed import whole
from ordain.api.console.page_shape import Go, Names, Part, Query


def settle(asked: Asked, names: Names, form: Query) -> Go:
    """Permits or denies, by the button that was pressed, and says why."""
    said = {"verdict": form.get("verdict", ""), "reason": form.get("reason", "").strip()}
    asked.post(f"/v1/decisions/{names['decision_id']}/settle", said)
    return Go("decision", {"decision_id": names["decision_id"]}, {"purpose": form.get("purpose", "").strip()})


def link(asked: Asked, names: Names, form: Query) -> Part:
    """A link for the person whom the decision is about."""
    text, at = form.get("days", "").strip(), f"/v1/decisions/{names['decision_id']}/link"
    said = {"days": whole(text)} if text else {}
    return Part("decision_link", asked.post(at, said, purpose=form.get("purpose", "").strip()))
