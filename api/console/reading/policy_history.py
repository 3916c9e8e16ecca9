"""What was done to a policy, and by whom."""

from __future__ import annotations

from ordain.api.console.asked import Asked
from ordain.api.console.page import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy


def policy_history(asked: Asked, names: Names, query: Query) -> Json:
    """`steps` are the newest first; None where versions decide by their dates and nothing is on record."""
    told = of_policy(asked, names, query)
    steps = None
    if told["approvals"] != "none":
        steps = asked.get(f"/v1/policies/{names['policy']}/history")["steps"][::-1]
    return {**told, "steps": steps}
