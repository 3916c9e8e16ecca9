"""What a client says that it takes (`Accept`, RFC 9110 section 12.5): problem details, or none of what there is."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ordain.api.http.forms.problem_details import PROBLEM
from ordain.api.http.refusals import JSON
from ordain.api.limits import LIMITS


class Unacceptable(Exception):
    """The answer has none of the types that the client takes. The message is for people."""


class Accepted(NamedTuple):
    """The types that a client takes, in small letters, of which `*/*` and `text/*` stand for many."""

    types: frozenset[str]

    @property
    def problems(self) -> bool:
        """Whether errors are to be problem details: they are named, and not just included."""
        return PROBLEM in self.types

    def check(self, media: str) -> None:
        """Raises Unacceptable unless an answer of that type will do, or JSON, which errors are.

        Who names JSON alone gets lines of JSON too, and text: many programs send it with whatever they ask.
        """
        kind = media.partition("/")[0]
        if self.types and self.types.isdisjoint((media, f"{kind}/*", "*/*", JSON, "application/*", PROBLEM)):
            raise Unacceptable(f"the answer is {media}, which `Accept` does not name")


@lru_cache(LIMITS.accepts_kept)
def accepted(header: str) -> Accepted:
    """The meaning of an `Accept`. Parts that mean nothing are passed over, and what has `q=0` is not taken."""
    types = set()
    for part in header.lower().split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        if "/" in media and not any(_is_no(each) for each in parameters):
            types.add(media)
    return Accepted(frozenset(types))


def _is_no(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip() in ("0", "0.0", "0.00", "0.000")
