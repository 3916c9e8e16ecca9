"""Steps of versions: a draft begun, submitted, approved, activated, rolled out, and taken back."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked
from ordain.api.console.page_shape import Go, Json, Names, Query


def begin_next(asked: Asked, names: Names, form: Query) -> Go:
    """The next version's file, a copy of the newest."""
    policy = names["policy"]
    text = asked.text(f"/v1/policies/{policy}/next").body
    made = asked.post_text(f"/v1/policies/{policy}/versions", text)
    return Go("policy", {"policy": policy}, {"v": made["version"]})


def submit(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, f"{_version(names)}/submit", _said(form))


def approve(asked: Asked, names: Names, form: Query) -> Go:
    """What was read is what is approved: the form has its digest."""
    return _step(asked, names, f"{_version(names)}/approve", _said(form, "digest", "signature"))


def activate(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, f"{_version(names)}/activate", _said(form, "from"))


def roll_out(asked: Asked, names: Names, form: Query) -> Go:
    """`steps` are shares with commas between; a shadow has one share at the most."""
    said = _said(form, "every", "from")
    shares = form.get("steps", "").replace("%", " ").replace(",", " ").split()
    if form.get("shadow"):
        said |= {"shadow": True, **({"share": shares[0]} if shares else {})}
    else:
        said["steps"] = shares
    return _step(asked, names, f"{_version(names)}/rollout", said)


def share(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, "/rollout/share", _said(form, "percent"))


def pause(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, "/rollout/pause", _said(form))


def resume(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, "/rollout/resume", _said(form))


def revert(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, "/rollout/revert", _said(form))


def back(asked: Asked, names: Names, form: Query) -> Go:
    return _step(asked, names, "/rollback", {**_said(form), "to": int(names["version"])})


def _version(names: Names) -> str:
    return f"/versions/{names['version']}"


def _said(form: Query, *more: str) -> Json:
    """The fields that were filled: the reason, the role in which it is done, and `more`."""
    said: dict[str, Any] = {name: form.get(name, "").strip() for name in ("reason", "role", *more)}
    return {name: value for name, value in said.items() if value}


def _step(asked: Asked, names: Names, path: str, said: Json) -> Go:
    told = asked.post(f"/v1/policies/{names['policy']}{path}", said)
    return Go("policy", {"policy": names["policy"]}, {"v": told["version"]})
