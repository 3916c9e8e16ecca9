"""What a version said when it was tried beside the one that answered, compared as in a backtest; nothing is decided."""

from __future__ import annotations

from collections.abc import Mapping

from ordain.api.backtest.pair import Failed, Json, Side, Unrecorded, recorded_side
from ordain.api.backtest.recorded_decisions import Redecider
from ordain.audit.ledger.past import Past
from ordain.audit.ledger.reader import Record
from ordain.engine.evaluate import Plan
from ordain.engine.policy.model import Policy


class Shadows(Redecider):
    """Of one ledger; `chosen` is the version that was tried beside, by the name of its policy.

    Verdict and outcome are on record; obligations, and the rules that fired, are not: they count as the same.
    """

    def __init__(self, past: Past, chosen: Mapping[str, Policy], vocabulary: bytes) -> None:
        super().__init__(past, chosen, vocabulary)
        self._tried = {(policy.name, policy.version) for policy in chosen.values()}

    def concerns(self, record: Record) -> bool:
        """Whether that version was tried beside it, or nobody can tell any more."""
        return super().concerns(record) and (record.private is None or self._told(record.private) is not None)

    def _again(self, envelope: Json, plan: Plan, private: Json, facts: Json) -> Side | Failed | Unrecorded:
        told = self._told(private) or {}
        if "outcome" not in told:
            code = str(told.get("error"))
            return Failed(code, f"it ended in {code}")
        fired = recorded_side(private, plan.gives).fired
        return Side(told["outcome"], plan.gives, told["verdict"], private["obligations"], fired)

    def _told(self, private: Json) -> Json | None:
        shadows: list[Json] = private.get("shadows", [])
        return next((each for each in shadows if (each["policy"], each["version"]) in self._tried), None)
