"""What is of all services together, and so is nothing for a caller of some of them."""

from __future__ import annotations

from ordain.api.access.admission import caller
from ordain.engine.errors import NotPermitted


def refuse_some_services(why: str) -> None:
    """Raises NotPermitted: what this is about is shared by services that the caller may not ask. `why` says what."""
    if caller().services is not None:
        raise NotPermitted(
            f"this caller is one of some services, and {why}",
            "whoever manages keys can make one that is for all services",
        )
