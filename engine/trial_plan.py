"""A plan of texts that never decided together: what another version would have made of a past decision."""

from __future__ import annotations

from collections.abc import Sequence

from ordain.engine.catalog import loaded_of
from ordain.engine.errors import PolicyError
from ordain.engine.evaluate import Plan, make_plan
from ordain.engine.policy.service import load_services
from ordain.engine.together import fitting_issues


def trial_of(service: str, vocabulary: bytes, services: bytes, policies: Sequence[tuple[str, bytes]]) -> Plan:
    """As `plan_of`, and it is looked at whether the texts fit together, as it is when all that is in force is loaded.

    Raises PolicyError also when they do not, UnknownService.
    """
    asked, compiled, known = loaded_of(service, vocabulary, services, policies)
    versions = {each.policy.name: (each,) for each in compiled}
    named = {*versions, *(known[name].given_by for name in known)}  # of others nothing is known, and nothing is said
    if issues := fitting_issues(known, load_services(services, "services.yaml"), versions, named, only=asked.name):
        raise PolicyError(issues)
    return make_plan(asked, compiled, known)
