"""What each code of an error means, in a line that is the same every time: for /docs and for problem details."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "AnswerGone": "It was decided before under its Idempotency-Key, and the answer was erased or removed since.",
        "AnchorUnavailable": "No place outside the database can be written now, and one has to be.",
        "CalculationFailed": "A formula has no value here: a division by zero, a number or date out of range.",
        "ComplianceViolation": "Decided and on record, and compliance denies it.",
        "CustomerDataIncomplete": "Facts are missing or null.",
        "DataQualityIssue": "Facts are unknown, mistyped, out of range or not one of the declared values.",
        "EditedMeanwhile": "Somebody has changed the draft since it was read: read it again.",
        "EventTooOld": "The event was signed too long ago, or by a clock that is ahead.",
        "ExportFailed": "The export, or the draft of a policy, could not be written; nothing of it is left.",
        "FeaturesUnavailable": "The feature store cannot be reached or written: nothing was taken in. Ask again.",
        "Forbidden": "A page of that origin may not post here.",
        "IdempotencyKeyReused": "Another request was sent under this Idempotency-Key in the last 24 hours.",
        "InternalError": "A fault of Ordain's own; the log has its details under the id of the request.",
        "LedgerRolledBack": "The ledger is not the one, or not all of the one, that its anchors commit to.",
        "LedgerUnavailable": "The ledger cannot be read, or an entry on record is damaged.",
        "MalformedRequest": "The request cannot be understood: not JSON, a wrong shape, an unknown parameter.",
        "MethodNotAllowed": "There is such a route, and it takes other methods.",
        "MisdirectedRequest": "This server is not called that; see the setting `hosts`.",
        "ModelDegradationDetected": "A model that is needed is missing, corrupt or cannot score.",
        "NoRuleApplies": "A table without `otherwise` has no rule for this case.",
        "NotAcceptable": "The answer has none of the types that `Accept` names.",
        "NotCovered": "No signed checkpoint covers it yet: ask again shortly.",
        "NotFound": "There is no such route.",
        "NotImplemented": "This server cannot do it; `ordain serve` can.",
        "NotInReview": "The decision waits for no person: it never did, or one has settled it.",
        "NotInForce": "A policy of the service has no version for that day.",
        "NotPermitted": "No role of the caller has the right, or the caller is not one of that service.",
        "NotRecorded": "The ledger could not make the entry durable, so nothing was done.",
        "PolicyError": "A policy that the record was made under, or the folder of policies, cannot be read.",
        "PolicyRefused": "The text has errors, or the policies do not load with it: `details` has each finding.",
        "PricingConstraintViolation": "The limits of a price cannot all be met, or a `must hold` does not hold.",
        "RequestTimeout": "The request did not arrive whole in time.",
        "RequestTooLarge": "The body is larger than this server reads.",
        "RulesDisagree": "Rules overlap where the hit policy allows no overlap.",
        "ServiceUnavailable": "Too much is under way, or the server is stopping: try again.",
        "ServiceStopped": "Somebody, or the policy of alerts, has stopped the service: why, and since when.",
        "SettingsError": "The installation is set up wrongly: whoever runs it is to look at its settings.",
        "SignatureRefused": "What came to a hook is not signed as its source signs.",
        "StepRefused": "The version cannot take that step now, or not by them.",
        "TextLost": "A text that the record refers to is not kept, or is another one.",
        "TooManyRequests": "A limit of requests is reached; `Retry-After` says when to ask again.",
        "Unauthenticated": "Callers are known here, and the request has no key or token that opens anything.",
        "UnknownDecision": "There is no such decision or entry, or none that the caller may see.",
        "UnknownHook": "There is no source of events of that name.",
        "UnknownModel": "There is no such model, or no such version of it.",
        "UnknownPolicy": "There is no such policy, or no such version of it.",
        "UnknownService": "There is no such service.",
        "UnknownSubject": "Nothing is on record about that customer, or it was erased.",
        "UnsupportedMediaType": "The body is of a type that this route does not take.",
    }
)


def title_of(code: str) -> str:
    """A code in words: `Unknown decision`."""
    first, *rest = re.findall(r"[A-Z][a-z]*", code) or [code]
    return " ".join([first, *map(str.lower, rest)])


def place_of(code: str) -> str:
    """Where /docs explains it."""
    return f"/docs#error-{code}"
