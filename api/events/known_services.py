"""The services that events can be of: those that are offered now, and those that the ledger has decisions of."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ordain.api.settings import Settings
from ordain.audit.ledger.reader import Reader
from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.policy.service import load_services
from ordain.engine.text.source import Node, read_file


def known_services(settings: Settings, reader: Reader) -> Collection[str] | None:
    """Their names; None where the policies are not on this machine or cannot be read, so that nobody can tell.

    Raises LedgerUnavailable.
    """
    file = settings.policies / "services.yaml"
    try:
        offered = set(load_services(read_file(file, file.name), file.name).by_name)
    except PolicyError:
        return None
    return offered | {str(envelope["service"]) for envelope in reader.plans()}


def service_issues(endpoint: Node, known: Collection[str]) -> Iterator[Issue]:
    """What an endpoint says of services that there are not, and never were: it would wait for ever for their events."""
    services = endpoint.get("services")
    for node in () if services is None else services.nodes():
        if node.text not in known:
            hint = did_you_mean(node.text, known) or "services.yaml has the names of those that there are"
            yield Issue(f"there is no service `{node.text}`", hint, node.span)
