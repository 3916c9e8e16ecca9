"""Whoever may ask again soon is told when, on every route; who would ask in vain is not."""

from __future__ import annotations

import pytest
from served import Server

import ordain.engine.errors
from ordain.api.http.refusals import ASKS_FOR, headers_for
from ordain.api.limits import LIMITS
from ordain.api.problems import status_of
from ordain.api.rates.limiter import too_many
from ordain.engine.errors import OrdainError

SOON = {
    "LedgerUnavailable": LIMITS.retry_seconds,
    "FeaturesUnavailable": LIMITS.retry_seconds,
    "NotRecorded": LIMITS.retry_seconds,
    "AnchorUnavailable": LIMITS.retry_seconds,
    "NotCovered": LIMITS.covered_seconds,
    "TooManyRequests": 1,
    "ServiceStopped": LIMITS.stopped_seconds,
}
NOT_SOON = {"ModelDegradationDetected", "LedgerRolledBack", "TextLost", "NotInReview", "StepRefused"}
ALL = [each for each in vars(ordain.engine.errors).values() if isinstance(each, type) and issubclass(each, OrdainError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_each_error_that_may_be_over_soon_says_when_to_ask_again(kind: type[OrdainError]) -> None:
    headers = dict(headers_for(kind("x")))
    if kind.__name__ == "Unauthenticated":
        assert headers == dict([ASKS_FOR])
        return
    assert headers.get("retry-after") == (str(SOON[kind.__name__]) if kind.__name__ in SOON else None)
    if status_of(kind("x")) in (409, 429, 503):
        assert kind.__name__ in SOON.keys() | NOT_SOON, "say whether asking again may help"


@pytest.mark.parametrize(("wait", "told"), [(0.0001, "1"), (1.0, "1"), (1.01, "2"), (3599.2, "3600")])
def test_a_wait_is_told_in_whole_seconds_that_are_enough(wait: float, told: str) -> None:
    error = too_many("caller", "too many", wait)
    assert dict(headers_for(error))["retry-after"] == told
    assert error.issues[0].fields["retry_after"] == int(told)


def test_a_proof_of_what_is_not_signed_yet_says_when_to_ask_again(server: Server) -> None:
    told = server.decide("plan-advice", "C-1", {"usage_gb": 95, "plan_gb": 100}).json()
    proof = server.get(f"/v1/decisions/{told['decision_id']}/proof")
    assert proof.status in (200, 409)
    assert ("retry-after" in proof.headers) == (proof.status == 409)
