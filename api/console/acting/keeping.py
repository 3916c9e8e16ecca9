"""What may no longer be kept about a person, and what must be."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Go, Names, Part, Query


def erase(asked: Asked, names: Names, form: Query) -> Part:
    """Erases for good, or restricts until that is allowed; the answer says which."""
    said = {"reason": form.get("reason", "").strip(), "not_before": form.get("not_before", "").strip() or None}
    told = asked.post(f"/v1/audit/subjects/{names['subject']}/erase", {k: v for k, v in said.items() if v is not None})
    return Part("person_erased", told)


def hold(asked: Asked, names: Names, form: Query) -> Go:
    return _held(asked, names, form, "hold")


def release(asked: Asked, names: Names, form: Query) -> Go:
    return _held(asked, names, form, "release")


def _held(asked: Asked, names: Names, form: Query, step: str) -> Go:
    asked.post(f"/v1/audit/subjects/{names['subject']}/{step}", {"reason": form.get("reason", "").strip()})
    return Go("person", {"subject": names["subject"]}, {"purpose": form.get("purpose", "").strip()})
