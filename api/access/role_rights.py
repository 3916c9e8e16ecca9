"""What each role may do: the policy `access`, asked once for every role and every right that its vocabulary has.

It is asked as any other service is, through the plan that is in force, so what a business user reads is what counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ordain.api.access.rights import Right
from ordain.api.lifecycle.in_force import load_in_force
from ordain.api.settings import Settings
from ordain.engine.catalog import Catalog
from ordain.engine.errors import NotInForce, OrdainError, SettingsError, UnknownService
from ordain.engine.evaluate import Plan
from ordain.engine.gather import gather
from ordain.engine.policy.facts import REQUEST, Vocabulary

SERVICE, ROLE, RIGHT = "access", "access_role", "access_right"
"""The service, and the two facts that it reads."""

_GIVES = {"access": {"allowed": True}}, {"access": {"allowed": False}}
_COPY = (
    "copy the service `access`, its policy `access/v1.yaml` and the facts `access_role` and `access_right`"
    " from the policies that `ordain init` makes"
)


@dataclass(frozen=True, slots=True)
class RoleRights:
    """`plan` is what it was made by; `of` has the rights of each role."""

    plan: Plan | None
    of: Mapping[str, frozenset[str]]

    def together(self, roles: Iterable[str]) -> frozenset[str]:
        """The rights of somebody who has all of these roles; one that there is not has none."""
        return frozenset[str]().union(*(self.of.get(role, frozenset()) for role in roles))


NO_RIGHTS = RoleRights(None, {})


def catalog_of_access(settings: Settings) -> Catalog:
    """What the policies say of roles, and of the names of services. Raises SettingsError, PolicyError."""
    try:
        return load_in_force(settings, SERVICE)
    except UnknownService:
        raise _no_service() from None


def plan_in_force(catalog: Catalog, at: dt.datetime) -> Plan:
    """The versions of the policy `access` that count on that day. Raises SettingsError with what to do."""
    try:
        return catalog.pick(SERVICE, at)
    except UnknownService:
        raise _no_service() from None
    except NotInForce as error:
        hint = _COPY if catalog.turns is None else error.issues[0].hint
        raise SettingsError(f"no role of a caller has any right today: {error.message}", hint) from None


def rights_by(plan: Plan, vocabulary: Vocabulary, at: dt.datetime) -> RoleRights:
    """Asks the policy for each role and right. Raises SettingsError when it is another thing that has this name."""
    reads = {need.fact.name for need in plan.needs}
    if reads != {ROLE, RIGHT}:
        read = ", ".join(f"`{name}`" for name in sorted(reads)) or "nothing"
        raise _another(f"it reads {read}, not `{ROLE}` and `{RIGHT}`")
    roles, rights = _values(vocabulary, ROLE), _values(vocabulary, RIGHT)
    if lacking := sorted(set(Right) - set(rights)):
        raise _another(f"the fact `{RIGHT}` has no value `{lacking[0]}`")
    return RoleRights(plan, {role: frozenset(_allowed(plan, vocabulary, at, role, rights)) for role in roles})


def _allowed(plan: Plan, vocabulary: Vocabulary, at: dt.datetime, role: str, rights: Iterable[str]) -> Iterator[str]:
    for right in rights:
        try:
            facts = gather({ROLE: role, RIGHT: right}, plan.needs, vocabulary, {})
            given = plan.evaluate(facts, at).given()
        except OrdainError as error:
            raise _another(f"asked whether the role `{role}` may `{right}`, it ends in {error.code}") from None
        if given not in _GIVES:
            raise _another("it does not give `access.allowed`, a flag, and nothing else")
        if given["access"]["allowed"]:
            yield right


def _values(vocabulary: Vocabulary, name: str) -> tuple[str, ...]:
    fact = vocabulary[name]
    if not fact.type.values or fact.sources != (REQUEST,):
        raise _another(f"the fact `{name}` is no text with a closed list of values")
    return tuple(fact.type.values)


def _no_service() -> SettingsError:
    return SettingsError("no service `access` says what the roles of callers may do", _COPY)


def _another(why: str) -> SettingsError:
    return SettingsError(f"the service `access` is not the one that says what roles may do: {why}", _COPY)
