"""What tests of the reviewers' routes ask and look at."""

from __future__ import annotations

from typing import Any

from answers import ADVICE
from flask.testing import FlaskClient

from ordain.api.services import Services
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record


def decided(client: FlaskClient, subject: str, count: int = 1, service: str = "plan-advice") -> list[str]:
    """The ids of so many new decisions about a subject, the first first."""
    ids = []
    for _ in range(count):
        facts = ADVICE if service == "plan-advice" else {"access_role": "reviewer", "access_right": "export"}
        answer = client.post(f"/v1/decisions/{service}", json={"subject": subject, "facts": facts})
        assert answer.status_code == 200, answer.data
        ids.append(answer.get_json()["decision_id"])
    return ids


def page(client: FlaskClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.data
    data: dict[str, Any] = answer.get_json()
    return data


def readings(use: Services) -> list[Record]:
    """The entries that say who read what, the first first."""
    use.ledger.settle()
    return [record for record in use.ledger.reader.records() if record.envelope["kind"] == Kind.READ]
