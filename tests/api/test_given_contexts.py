"""Contexts that formulas give, over HTTP: amounts with their currency, on record, and decided again byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from served import settings_in
from test_openapi import assert_fits, schema_of

from ordain.api.http.app import app_for
from ordain.api.services import wire

FACTS = """\
facts:
  base: {type: number, unit: INR, meaning: the price}
  orders: {type: list of context, fields: {plan: text, price: {type: number, unit: INR}}, meaning: what was ordered}
"""
SERVICES = "services: {quote: {purpose: A case., policies: [quote], gives: [quote, lines, discount]}}\n"
POLICY = """\
policy: quote
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  quote:
    gives: {fee: {type: number, unit: INR}, share: number, note: {type: text, optional: true}}
    formula: {fee: base * 1.1, share: fee / 3, note: if fee > 500 then "large" else null}
    because: "You pay {quote.fee}."
  lines:
    gives: {type: list of context, fields: {plan: text, price: {type: number, unit: INR}, dear: flag}}
    formula: "for o in orders return {plan: o.plan, price: o.price * 2, dear: o.price > 10}"
  discount:
    gives: {type: number, range: "[0..40]"}
    formula: base / 10
examples:
  - given: {base: 100, orders: []}
    expect: {quote.fee: 110, discount: 10}
"""
PATH = "/v1/decisions/quote"


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[FlaskClient]:
    folder = tmp_path / "policies"
    (folder / "quote").mkdir(parents=True)
    (folder / "facts.yaml").write_text(FACTS, encoding="utf-8")
    (folder / "services.yaml").write_text(SERVICES, encoding="utf-8")
    (folder / "quote/v1.yaml").write_text(POLICY, encoding="utf-8")
    use = wire(settings_in(tmp_path, policies=folder))
    yield app_for(use).test_client()
    use.close()


def facts(base: str) -> dict[str, object]:
    return {"base": base, "orders": [{"plan": "fibre", "price": "10.10"}, {"plan": "basic", "price": "5"}]}


def test_an_answer_holds_contexts_with_amounts_and_the_record_decides_them_again(asked: FlaskClient) -> None:
    response = asked.post(PATH, json={"subject": "C-1", "facts": facts("100")})
    answer = response.get_json()
    assert response.status_code == 200, answer
    third = "36.66666666666666666666666666666667"
    assert answer["outcome"] == {
        "quote": {"fee": {"amount": "110.00", "currency": "INR"}, "share": third, "note": None},
        "lines": [
            {"plan": "fibre", "price": {"amount": "20.20", "currency": "INR"}, "dear": True},
            {"plan": "basic", "price": {"amount": "10.00", "currency": "INR"}, "dear": False},
        ],
        "discount": "10.00",
    }
    assert [reason["because"] for reason in answer["reasons"]] == ["You pay 110.00 INR."]
    document = asked.get("/openapi.json").get_json()
    assert_fits(document, schema_of(document, PATH, "post", 200), answer)
    again = asked.get(f"/v1/decisions/{answer['decision_id']}/replay").get_json()
    assert again["agrees"] is True
    recorded = asked.get(f"/v1/decisions/{answer['decision_id']}").get_json()
    assert recorded["outcome"] == answer["outcome"]
    sheet = asked.get("/v1/services/quote").get_json()
    assert sheet["gives"]["discount"] == {"type": "number", "range": "[0..40]"}


def test_a_computed_value_outside_of_its_range_is_refused_and_says_so(asked: FlaskClient) -> None:
    response = asked.post(PATH, json={"subject": "C-1", "facts": facts("401")})
    error = response.get_json()["error"]
    assert (response.status_code, error["code"]) == (422, "CalculationFailed")
    assert "`discount` would be 40.1" in error["message"]
    assert "its range is [0..40]" in error["message"]
