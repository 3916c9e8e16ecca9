"""Numbers and money have one form, whatever they were sent as, and a record can be sent again as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from answers import ADVICE, NOON, QUOTE, RETENTION, body
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_MONEY = ("base_price", "current_price", "contract_price", "competitor_price", "promised_price", "price_12_months_ago")
_AMOUNTS = st.decimals(450, 550, places=3)


def _decided(client: FlaskClient, service: str, facts: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/v1/decisions/{service}", data=body(facts, at=NOON))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    data: dict[str, Any] = answer.get_json()
    return data


def _recorded(client: FlaskClient, decision_id: str) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"/v1/decisions/{decision_id}").get_json()
    return data


@pytest.mark.parametrize(
    "sent", ["499", "499.0", "499.00", "4.99e2", '"499"', '"499.000"', '{"amount": "499.0", "currency": "INR"}']
)
def test_money_is_recorded_and_answered_in_one_form(shared_client: FlaskClient, sent: str) -> None:
    text = body({**QUOTE, "contract_price": "HERE", "plan": "unlimited", "contract_start": "2023-06-01"}, at=NOON)
    asked = text.replace(b'"HERE"', sent.encode())
    answer = shared_client.post("/v1/decisions/price-quote", data=asked).get_json()
    assert answer["outcome"]["price"] == {"amount": "499.00", "currency": "INR"}
    facts = _recorded(shared_client, answer["decision_id"])["facts"]
    assert facts["contract_price"] == {"value": {"amount": "499.00", "currency": "INR"}, "source": "request"}


@pytest.mark.parametrize("sent", ["60.5", "60.50", '"60.5"', "605e-1"])
def test_a_number_is_recorded_in_one_form(shared_client: FlaskClient, sent: str) -> None:
    asked = body({**ADVICE, "usage_gb": "HERE"}).replace(b'"HERE"', sent.encode())
    answer = shared_client.post("/v1/decisions/plan-advice", data=asked).get_json()
    assert _recorded(shared_client, answer["decision_id"])["facts"]["usage_gb"]["value"] == "60.5"


def _asks() -> Iterator[st.SearchStrategy[tuple[str, dict[str, Any]]]]:
    money = dict.fromkeys(_MONEY, _AMOUNTS)
    needed = {name: money[name].map(str) for name in _MONEY[:3]}
    optional = {name: money[name].map(lambda amount: {"amount": str(amount), "currency": "INR"}) for name in _MONEY[3:]}
    quotes = st.fixed_dictionaries(
        {**needed, "churn_risk": st.decimals(0, 1, places=5).map(float)},
        optional={**optional, "promised_until": st.dates().map(str), "jurisdiction": st.sampled_from(["IN", "EU"])},
    )
    unplaced = {name: value for name, value in QUOTE.items() if name != "jurisdiction"}
    yield quotes.map(lambda facts: ("price-quote", {**unplaced, **facts}))
    contacts = st.fixed_dictionaries(
        {"churn_risk": st.decimals(0, 1, places=5).map(str)},
        optional={
            "vulnerable_customer": st.booleans(),
            "tenure_months": st.integers(0, 99),
            "consumer_state": st.none(),
        },
    )
    yield contacts.map(lambda facts: ("retention", {**RETENTION, **facts}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.one_of(*_asks()))
def test_the_facts_of_a_record_can_be_sent_again_as_they_are(
    shared_client: FlaskClient, asked: tuple[str, dict[str, Any]]
) -> None:
    service, facts = asked
    first = shared_client.post(f"/v1/decisions/{service}", data=body(facts, at=NOON))
    if first.status_code == 422:  # a denial is on record, too
        decision_id = first.get_json()["error"]["details"][0]["decision_id"]
    else:
        decision_id = first.get_json()["decision_id"]
    record = _recorded(shared_client, decision_id)
    again = {name: fact["value"] for name, fact in record["facts"].items()}
    second = shared_client.post(f"/v1/decisions/{service}", data=body(again, at=record["at"]))
    assert second.status_code == first.status_code
    told = second.get_json()
    other = _recorded(shared_client, told.get("decision_id") or told["error"]["details"][0]["decision_id"])
    for part in ("outcome", "status", "verdict", "reasons", "obligations", "missing", "not_known", "trace"):
        assert other[part] == record[part], part
    assert {name: fact["value"] for name, fact in other["facts"].items()} == again


def test_what_is_shown_has_one_name_each(shared_client: FlaskClient) -> None:
    answer = _decided(shared_client, "price-quote", QUOTE)
    path = f"/v1/decisions/{answer['decision_id']}"
    record, explained = (
        _recorded(shared_client, answer["decision_id"]),
        shared_client.get(f"{path}/explanation").get_json(),
    )
    assert record["decision_id"] == explained["decision_id"] == answer["receipt"]["entry_id"]
    assert record["recorded_at"] == explained["recorded_at"]
    for told in (answer, record, explained):
        assert not {"id", "time"} & told.keys()
        assert told["status"] == "decided"
        for reason in told["reasons"]:
            assert (type(reason["policy"]), type(reason["version"]), "@" in reason["policy"]) == (str, int, False)
    why_not = shared_client.get(f"{path}/why-not").get_json()
    assert record["private_part"] == explained["private_part"] == why_not["private_part"] == "readable"
    assert all(type(rule["version"]) is int for rule in why_not["rules"])


def test_health_has_one_shape_whether_or_not_the_ledger_can_be_read(shared_client: FlaskClient) -> None:
    health = json.loads(shared_client.get("/healthz").data)
    assert health.keys() == {
        *("status", "faults", "engine", "services", "stopped", "policies", "models", "entries", "waiting", "ledger")
    }
