"""What a page and a button of the console are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from ordain.api.console.asked import Asked

Json = dict[str, Any]
Query = MultiDict[str, str]
"""What stands in the address after `?`; of a form, its fields."""
Names = Mapping[str, str]
"""The parts of an address that its rule names."""


@dataclass(frozen=True, slots=True)
class Page:
    """Something to look at.

    `rule` is its address below `/console/`, as Flask writes rules. `name` is the template's (`<name>.html`), the texts'
    (`texts.yaml`) and the one by which other pages link to it. `read` gives all that it shows, which is also what it
    answers as JSON; it raises Refused. `under` is the entry of the menu that it belongs to. A `is_part` is a piece of a
    page: no frame is drawn around it.
    """

    rule: str
    name: str
    read: Callable[[Asked, Names, Query], Json]
    under: str
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """After a button the person is led to a page, which begins with what was done.

    `said` is a key below `done` in `texts.yaml`; `names` are the parts of the page's address, `query` what follows.
    """

    page: str
    names: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page that takes the place of what its form names (`hx-target`)."""

    template: str
    data: Json


@dataclass(frozen=True, slots=True)
class Button:
    """Something to do. `do` gets the fields of its form and raises Refused, which the form then shows.

    `undone_by` is the name of the button that takes it back, for the same parts of an address: it stands beside the
    line that says what was done, with the text `undo.<name>`. It may be asked for a `reason`, and gets one.
    """

    rule: str
    name: str
    do: Callable[[Asked, Names, Query], Go | Part]
    undone_by: str = ""
