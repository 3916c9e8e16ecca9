"""What policies claim, proved within a small time while they are checked."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from rich.text import Text

from ordain.api.cli.terminal import ERR
from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.catalog import Texts, known_vocabulary
from ordain.engine.errors import Issue, Level, SettingsError, counted
from ordain.engine.examples.example_text import shortened
from ordain.engine.late import late
from ordain.engine.limits import LIMITS
from ordain.engine.policy.model import Policy


def claim_issues(texts: Texts, policies: Iterable[Policy]) -> list[Issue]:
    """`refuted` and `not-proved`, of the newest version of each policy. Without z3-solver nothing is proved, which is
    said in a line on standard error where a policy has `prove:`."""
    newest = {policy.name: policy for policy in sorted(policies, key=lambda each: each.version)}
    claiming = [policy for policy in newest.values() if _claims(policy)]
    if not claiming:
        return []
    try:
        claims = late("ordain.engine.prove.proving:claims_of")
    except SettingsError:
        if any(not claim.derived for policy in claiming for claim in policy.claims):
            ERR.print(Text("`prove:` is not looked at: z3-solver is not installed (pip install 'ordain[prove]')"))
        return []
    vocabulary, _ = known_vocabulary(texts)
    claiming.sort(key=lambda policy: all(claim.derived for claim in policy.claims))  # what somebody wrote comes first
    asked = claims([compile_policy(policy) for policy in claiming], vocabulary, LIMITS.check_seconds)
    until, left, proofs = monotonic() + LIMITS.checked_seconds, 0, []
    for _, _, answer in asked:
        if monotonic() < until:
            proofs.append(answer())
        else:
            left += 1
    if left:
        told = counted(left, "claim")
        ERR.print(Text(f"{told} of policies were not looked at in the time: `ordain prove` looks at all"))
    return [issue for proof in proofs if (issue := _issue(proof)) is not None]


def _claims(policy: Policy) -> bool:
    """Whether there is something to prove: `promise-raises` says already what promises cost."""
    return any(not claim.derived or policy.kind != "grandfathering" for claim in policy.claims)


def _issue(proof: Any) -> Issue | None:
    found = str(proof.found)
    if found == "proved" or (proof.derived and "promise" in proof.asked):
        return None
    if found == "false":
        level = Level.NOTE if proof.derived else Level.WARNING
        customer = shortened(proof.customer.facts, 300)
        message = f"it is not true of every customer that {proof.asked}: {proof.said}"
        return Issue(message, f"a customer: {customer}", proof.span, code="refuted", level=level)
    message = f"it is not known whether {proof.asked}: {proof.why}"
    hint = f"`ordain prove {proof.of} --budget 60` may know" if found == "unknown" else "see docs/prove.md"
    return Issue(message, hint, proof.span, code="not-proved", level=Level.NOTE)
