"""All pages and buttons of the console, and the addresses that they have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from ordain.api.console import (
    decision_pages,
    evidence_pages,
    model_pages,
    operator_pages,
    person_pages,
    policy_pages,
    whatif_pages,
)
from ordain.api.console.page_shape import Button, Json, Page
from ordain.api.console.reading.home import home, reviews
from ordain.api.console.subject_address import SubjectConverter

PREFIX = "/console"

PAGES: tuple[Page, ...] = (
    Page("", "home", home, "home"),
    Page("reviews", "home_reviews", reviews, "home", is_part=True),
    *policy_pages.PAGES,
    *whatif_pages.PAGES,
    *decision_pages.PAGES,
    *person_pages.PAGES,
    *evidence_pages.PAGES,
    *model_pages.PAGES,
    *operator_pages.PAGES,
)
BUTTONS: tuple[Button, ...] = (
    *policy_pages.BUTTONS,
    *whatif_pages.BUTTONS,
    *decision_pages.BUTTONS,
    *person_pages.BUTTONS,
    *evidence_pages.BUTTONS,
    *operator_pages.BUTTONS,
)

_PAGES = {each.name: each for each in PAGES}
_BUTTONS = {each.name: each for each in BUTTONS}
_MAP = Map(
    [Rule(f"/{each.rule}", endpoint=each.name, methods=["GET"]) for each in PAGES]
    + [Rule(f"/{each.rule}", endpoint=each.name, methods=["POST"]) for each in BUTTONS],
    merge_slashes=False,
    strict_slashes=False,
    converters={"subject": SubjectConverter},
)
_ADDRESSES = _MAP.bind("")


def page_at(path: str) -> tuple[Page, dict[str, Any]] | None:
    """The page at a path below `/console/`, and the parts that its rule names; None for nothing."""
    name, parts = _match("GET", path)
    return (_PAGES[name], parts) if name in _PAGES else None


def button_at(path: str) -> tuple[Button, dict[str, Any]] | None:
    """The button at a path below `/console/`, and the parts that its rule names; None for nothing."""
    name, parts = _match("POST", path)
    return (_BUTTONS[name], parts) if name in _BUTTONS else None


def _match(method: str, path: str) -> tuple[str, dict[str, Any]]:
    try:
        name, parts = _ADDRESSES.match(f"/{path}", method)
    except (NotFound, MethodNotAllowed):
        return "", {}
    return str(name), dict(parts)


def is_there(name: str) -> bool:
    """Whether there is a page of that name: pages come from several parts of the console."""
    return name in _PAGES


def undo_of(done: str, values: Mapping[str, str]) -> Json | None:
    """The button that takes back what a button did, and the parts of its address among `values`; None without one."""
    name = _BUTTONS[done].undone_by if done in _BUTTONS else ""
    for rule in _MAP.iter_rules(name) if name else ():
        if rule.arguments <= values.keys():
            return {"name": name, "names": {part: values[part] for part in rule.arguments}}
    return None


def address(name: str, query: dict[str, Any] | None = None, **parts: Any) -> str:
    """The address of a page or button by its name. Parameters that are None or empty are left out.

    Raises KeyError for a name that there is not.
    """
    if name not in _PAGES and name not in _BUTTONS:
        raise KeyError(name)
    method = "GET" if name in _PAGES else "POST"
    path = PREFIX + _ADDRESSES.build(name, parts, method, append_unknown=False).rstrip("/")
    said = {key: value for key, value in (query or {}).items() if value not in (None, "", [])}
    return f"{path}?{urlencode(said, doseq=True)}" if said else path
