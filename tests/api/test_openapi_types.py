"""The schemas of requests say what the engine takes, fact by fact, and every type that a fact or an output may have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from served import ROOT, settings_in
from test_openapi import ASKED, assert_fits, request_schema, schema_of, validator

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue
from ordain.engine.gather import gather
from ordain.engine.values.json_text import read_json

ODD = [
    *(None, True, False, 0, 1, -1, 0.5, 50, 1000.25, 10**6, 10**9, "", "x", "95", "2026-01-31", "2026-02-30"),
    *("standard", "IN", "phone", "none", "UTC", [], [1], ["phone"], ["usage", "age"], ["emial"], [None], [["usage"]]),
    *(
        {},
        {"amount": "5.50", "currency": "INR"},
        {"amount": "5.50", "currency": "EUR"},
        {"amount": 5, "currency": "INR"},
    ),
]


def taken(use: Services, service: str, facts: dict[str, Any]) -> bool:
    """Whether the engine takes these facts to decide with them."""
    plan = use.catalog.pick(service, use.now())
    try:
        gather(read_json(json.dumps(facts).encode(), "facts"), plan.needs, use.vocabulary, {})
    except (CustomerDataIncomplete, DataQualityIssue):
        return False
    return True


@pytest.mark.parametrize("service", ASKED)
def test_a_schema_allows_the_values_that_the_engine_takes_and_no_others(
    shared_client: FlaskClient, shared_use: Services, service: str
) -> None:
    document = shared_client.get("/openapi.json").get_json()
    sheet = shared_client.get(f"/v1/services/{service}").get_json()
    fits = validator(document, request_schema(document, service))
    request, different = sheet["example"]["request"], []
    for name in [fact["fact"] for fact in sheet["facts"]]:
        for value in ODD:
            facts = {**request["facts"], name: value}
            # What is a text to JSON may be no time zone: a schema has no word for one.
            unsaid = name == "recipient_time_zone" and isinstance(value, str)
            # Nor for the range of a number that is written as text.
            unsaid |= value == "95" and shared_use.vocabulary[name].limits is not None
            if fits.is_valid({**request, "facts": facts}) != taken(shared_use, service, facts) and not unsaid:
                different.append((name, value))
    assert different == []


def test_a_fact_of_another_service_is_allowed_whatever_it_holds_and_an_unknown_one_is_not(
    shared_client: FlaskClient, shared_use: Services
) -> None:
    document = shared_client.get("/openapi.json").get_json()
    fits = validator(document, request_schema(document, "plan-advice"))
    for name in (*shared_use.vocabulary, "usage", "usage_gb2", "x_usage_gb", "price\n"):
        facts = {**ASKED["plan-advice"], name: 95}
        assert fits.is_valid({"subject": "C-1", "facts": facts}) == taken(shared_use, "plan-advice", facts), name


TYPES = {
    "a_number": ("type: number, range: '(0..', precision: 2", "1", "number"),
    "an_amount": ("type: number, unit: EUR, range: '..10)'", "1", "{type: number, unit: EUR}"),
    "a_text": ("type: text", "x", "text"),
    "a_word": ("type: text, values: [one, two]", "one", "{type: text, values: [one, two]}"),
    "a_zone": ("type: text, format: time zone", "UTC", "text"),
    "a_flag": ("type: flag", "true", "flag"),
    "a_date": ("type: date", "2026-01-01", "date"),
    "a_time": ("type: time", '"08:00:00"', "time"),
    "a_moment": ("type: date and time", '"2026-01-01T08:00:00Z"', "date and time"),
    "a_duration": ("type: duration", "P1D", "duration"),
    "some_months": ("type: months", "P1M", "months"),
    "some_numbers": ("type: list of number", "[]", "list of number"),
    "a_context": (
        "type: context, fields: {name: text, price: {type: number, unit: EUR}, maybe: {type: text, optional: true}}",
        "{name: x, price: 1, maybe: null}",
        "{type: context, fields: {name: text, price: {type: number, unit: EUR}, maybe: {type: text, optional: true}}}",
    ),
    "some_contexts": (
        "type: list of context, fields: {name: text, day: date}",
        "[]",
        "{type: list of context, fields: {name: text, day: date}}",
    ),
    "a_default": ("type: number, default: 1.5", "2", "number"),
    "maybe": ("type: text, values: [one, two], optional: true", "null", "{type: text, optional: true}"),
}
"""By the fact's name: its declaration, its value in the policy's example, and the type of what is made of it."""


def every_type(folder: Path, service: str) -> Path:
    """Policies of one service that gives each fact as it was sent."""
    (folder / "all").mkdir(parents=True)
    facts = "".join(f"  {name}: {{{declared}, meaning: m}}\n" for name, (declared, _, _) in TYPES.items())
    (folder / "facts.yaml").write_text(f"facts:\n{facts}", encoding="utf-8")
    head = "policy: all\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: t\npurpose: t\n"
    decides = "".join(f"  {name}_out: {{gives: {gives}, formula: {name}}}\n" for name, (*_, gives) in TYPES.items())
    given = ", ".join(f"{name}: {value}" for name, (_, value, _) in TYPES.items())
    example = f"examples:\n  - given: {{{given}}}\n    expect: {{a_text_out: x}}\n"
    (folder / "all/v1.yaml").write_text(f"{head}decides:\n{decides}{example}", encoding="utf-8")
    gives = [f"{name}_out" for name in TYPES]
    services = {service: {"purpose": "t", "policies": ["all"], "gives": gives}}
    (folder / "services.yaml").write_text(json.dumps({"services": services}), encoding="utf-8")
    return folder


SENT = [
    {"some_numbers": [1, "2.5"], "maybe": "two"},
    {"an_amount": {"amount": 5.5, "currency": "EUR"}},
    {"some_contexts": [{"name": "x", "day": "2026-01-31"}], "maybe": None},
    {"a_context": {"name": "x", "price": 5}},
    {"an_amount": {"amount": "5.50", "currency": "EUR"}},
    {"a_time": "08:00:00+05:30", "a_moment": "2026-01-01T08:00:00+05:30"},
]
NOT_TAKEN = [
    {"an_amount": 10},
    {"a_number": 0},
    {"a_context": {"name": "x"}},
    {"a_context": {"name": "x", "price": 5, "more": 1}},
    {"some_contexts": [{"name": "x"}]},
    {"some_numbers": ["01"]},
    {"a_default": None},
    {"maybe": "three"},
]


def test_every_type_of_a_fact_and_of_an_output_has_its_schema_whatever_the_service_is_called(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path, policies=every_type(tmp_path / "own", "odd & ünusual")))
    try:
        client = app_for(use).test_client()
        document = client.get("/openapi.json").get_json()
        path = "/v1/decisions/odd%20%26%20%C3%BCnusual"
        asked = document["paths"][path]["post"]
        media = asked["requestBody"]["content"]["application/json"]
        request = media["examples"]["works"]["value"]
        assert request["facts"].keys() == TYPES.keys() - {"maybe"}
        for change in ({}, *SENT):
            sent = {**request, "facts": {**request["facts"], **change}}
            assert_fits(document, media["schema"], sent)
            answer = client.post(path, json=sent)
            assert answer.status_code == 200, answer.get_json()
            assert_fits(document, schema_of(document, path, "post", 200), answer.get_json())
        for change in NOT_TAKEN:
            sent = {**request, "facts": {**request["facts"], **change}}
            assert client.post(path, json=sent).status_code == 422
            assert not validator(document, media["schema"]).is_valid(sent), change
        assert "odd &amp; ünusual" in client.get("/docs").get_data(as_text=True)
    finally:
        use.close()


LOAN = """\
facts:
  applicant: {type: context, fields: {age: number, monthly income: number, status: text}, meaning: who applies}
  loan_amount: {type: number, meaning: how much is asked for}
"""


def test_a_service_of_a_dmn_model_has_its_schemas_and_what_is_null_in_it_fits(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "loan").mkdir(parents=True)
    shutil.copy(ROOT / "tests/engine/dmn/models/loan.dmn", folder / "loan/v2.dmn")
    (folder / "facts.yaml").write_text(LOAN, encoding="utf-8")
    services = {"loan": {"purpose": "t", "policies": ["loan"], "gives": ["Offer", "Score", "Burden"]}}
    (folder / "services.yaml").write_text(json.dumps({"services": services}), encoding="utf-8")
    use = wire(settings_in(tmp_path, policies=folder))
    try:
        client = app_for(use).test_client()
        document = client.get("/openapi.json").get_json()
        sheet = client.get("/v1/services/loan").get_json()
        assert [fact["fact"] for fact in sheet["facts"]] == ["applicant", "loan_amount"]
        request = sheet["example"]["request"]
        assert_fits(document, request_schema(document, "loan"), request)
        applicant = {"age": 20, "monthly income": 2000, "status": "employed"}
        for facts in (request["facts"], {"applicant": applicant, "loan_amount": 12000}):
            answer = client.post("/v1/decisions/loan", json={**request, "facts": facts})
            assert answer.status_code == 200, answer.get_json()
            assert_fits(document, schema_of(document, "/v1/decisions/loan", "post", 200), answer.get_json())
    finally:
        use.close()
