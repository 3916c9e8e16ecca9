"""Decisions over HTTP: what an answer holds, what is on record, and what is told when the answer is no."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from answers import ADVICE, CUSTOMER, NOON, QUOTE, RETENTION, body, error_in
from flask.testing import FlaskClient
from served import install_models, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.audit.verifier.proof import verify_proof

KEYS = [
    *("decision_id", "service", "at", "outcome", "verdict"),
    *("reasons", "obligations", "policies", "models", "receipt", "status", "missing", "not_known"),
]


def _no_float(text: str) -> None:
    raise AssertionError(f"{text} is a float in an answer")


def _decided(client: FlaskClient, service: str, facts: dict[str, object], **more: object) -> dict[str, Any]:
    answer = client.post(f"/v1/decisions/{service}", data=body(facts, **more))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    data: dict[str, Any] = json.loads(answer.data, parse_float=_no_float)
    return data


def _recorded(client: FlaskClient, decision_id: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(client.get(f"/v1/decisions/{decision_id}").data, parse_float=_no_float)
    return data


def test_a_quote_has_every_part_and_money_has_its_currency(client: FlaskClient) -> None:
    answer = _decided(client, "price-quote", QUOTE, at=NOON)
    assert list(answer) == sorted(KEYS)
    assert answer["service"] == "price-quote"
    assert answer["outcome"]["proposed_price"] == {"amount": "525.00", "currency": "INR"}
    assert answer["outcome"]["price"] == {"amount": "525.00", "currency": "INR"}
    assert answer["outcome"]["promise"] == {
        "id": None,
        "price": {"amount": "525.00", "currency": "INR"},
        "until": None,
    }
    assert answer["verdict"] == "permit"
    assert [policy["policy"] for policy in answer["policies"]] == [
        *("price-proposal", "price-bounds", "grandfathering", "price-house-rules"),
        *(f"price-law-{where}" for where in ("eu", "uk", "us", "us-ny", "us-ca", "in")),
    ]
    assert answer["models"] == []
    assert {"policy": "price-proposal", "version": 1, "decision": "proposed_price"}.items() <= answer["reasons"][
        0
    ].items()


def test_numbers_leave_as_strings_and_reasons_say_why(client: FlaskClient) -> None:
    answer = _decided(client, "retention", RETENTION, at=NOON)
    assert answer["outcome"] == {"offer": {"action": "personal call", "discount_percent": "30", "channel": "phone"}}
    assert answer["verdict"] == "permit"
    assert answer["reasons"][0] == {
        "policy": "retention-offer",
        "version": 1,
        "decision": "offer",
        "rule": "critical-high-value",
        "because": "Very likely to leave and among our most valuable customers.",
    }
    assert {reason["verdict"] for reason in answer["reasons"][1:]} == {"permit"}


def test_a_service_without_compliance_has_no_verdict(client: FlaskClient) -> None:
    assert _decided(client, "plan-advice", ADVICE)["verdict"] is None


def test_an_obligation_names_the_rule_that_asks_for_it(client: FlaskClient) -> None:
    answer = _decided(client, "price-quote", {**QUOTE, "pays_by_e_mandate": True}, at=NOON)
    assert answer["obligations"] == [
        {
            "policy": "price-law-in",
            "version": 1,
            "rule": "in-rbi-pre-debit-notice",
            "pre_debit_notice": "at least 24 hours before a debit by e-mandate",
        },
        {
            "policy": "price-law-in",
            "version": 1,
            "rule": "in-rbi-post-debit-notice",
            "post_debit_notice": "with a way to complain",
        },
    ]


def test_the_receipt_is_the_leaf_hash_of_the_canonical_envelope(client: FlaskClient, use: Services) -> None:
    answer = _decided(client, "price-quote", QUOTE, at=NOON)
    entry = use.ledger.reader.entry(UUID(answer["decision_id"]))
    assert entry is not None
    assert entry.envelope == rfc8785.dumps(json.loads(entry.envelope))
    assert answer["receipt"] == {
        "entry_id": answer["decision_id"],
        "leaf_hash": hashlib.sha256(b"\0" + entry.envelope).hexdigest(),
    }


def test_the_record_has_what_was_answered(client: FlaskClient) -> None:
    answer = _decided(client, "price-quote", QUOTE, at=NOON)
    shown = client.get(f"/v1/decisions/{answer['decision_id']}")
    assert (shown.status_code, shown.mimetype) == (200, "application/json")
    record = json.loads(shown.data)
    for name in (
        "decision_id",
        "service",
        "at",
        "outcome",
        "status",
        "verdict",
        "missing",
        "not_known",
        "obligations",
        "policies",
    ):
        assert record[name] == answer[name]
    assert (record["subject"], record["tenant"], record["kind"]) == ("C-1", "tests", "decision")
    assert (record["private_part"], record["jurisdiction"]) == ("readable", "IN")


def test_the_envelope_says_nothing_about_the_person(client: FlaskClient, use: Services) -> None:
    answer = _decided(client, "price-quote", QUOTE, at=NOON)
    entry = use.ledger.reader.entry(UUID(answer["decision_id"]))
    assert entry is not None
    assert not {"subject", "facts", "outcome", "trace", "reasons"} & set(json.loads(entry.envelope))
    assert b"C-1" not in entry.envelope


def test_a_read_of_a_record_is_on_record(client: FlaskClient, use: Services) -> None:
    answer = _decided(client, "plan-advice", ADVICE)
    before = use.ledger.reader.size()
    _recorded(client, answer["decision_id"])
    [read] = use.ledger.reader.records(before)
    assert read.envelope["about"] == {"action": "http record", "entries": 1}
    assert read.private is not None
    assert read.private["ids"] == [answer["decision_id"]]


def test_on_request_each_rule_that_did_not_fire_says_why(client: FlaskClient) -> None:
    decision = _decided(client, "plan-advice", ADVICE)
    fired = {reason["rule"] for reason in decision["reasons"] if "rule" in reason}
    told = client.get(f"/v1/decisions/{decision['decision_id']}/why-not").get_json()
    assert told["private_part"] == "readable"
    assert told["rules"]
    assert not fired & {rule["rule"] for rule in told["rules"]}
    for rule in told["rules"]:
        assert rule["because"]
        assert ("was" in rule) == (rule.get("on") not in (None, "if"))


def test_a_decision_is_explained_to_the_person_and_decided_again(client: FlaskClient) -> None:
    answer = _decided(client, "retention", RETENTION, at=NOON)
    path = f"/v1/decisions/{answer['decision_id']}"
    explained = client.get(f"{path}/explanation").get_json()
    assert "Very likely to leave and among our most valuable customers." in explained["text"]
    again = client.get(f"{path}/replay").get_json()
    assert again == {"agrees": True, "replayed": True, "private_part": "readable", "differs": []}
    for part in ("explanation", "replay", "proof"):
        unknown = client.get(f"/v1/decisions/no-such-id/{part}")
        assert (unknown.status_code, error_in(unknown.data)["code"]) == (404, "UnknownDecision")


def test_a_proof_file_verifies_offline(client: FlaskClient, use: Services) -> None:
    answer = _decided(client, "plan-advice", ADVICE)
    path = f"/v1/decisions/{answer['decision_id']}/proof"
    early = client.get(path)
    assert (early.status_code, error_in(early.data)["code"]) == (409, "NotCovered")
    use.ledger.settle()
    shown = client.get(path)
    assert (shown.status_code, shown.mimetype) == (200, "text/plain")
    proven = verify_proof(shown.data, use.ledger.identity.key, leaf_hash=answer["receipt"]["leaf_hash"])
    assert proven.entry_id == answer["decision_id"]


def test_policy_digests_are_those_of_the_files(client: FlaskClient, use: Services) -> None:
    for policy in _decided(client, "price-quote", QUOTE, at=NOON)["policies"]:
        file = use.settings.policies / policy["policy"] / f"v{policy['version']}.yaml"
        assert policy["digest"] == "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_time_is_turned_into_the_tenants_zone(client: FlaskClient) -> None:
    answer = _decided(client, "plan-advice", ADVICE, at="2026-06-01T22:00:00-04:00")
    assert answer["at"] == "2026-06-02T07:30:00+05:30"
    assert _recorded(client, answer["decision_id"])["at"] == answer["at"]


def test_the_day_is_the_tenants_day(client: FlaskClient) -> None:
    """The policies begin on 2026-01-01: in India that is before midnight in London."""
    assert _decided(client, "plan-advice", ADVICE, at="2025-12-31T18:30:00Z")["at"] == "2026-01-01T00:00:00+05:30"
    early = client.post("/v1/decisions/plan-advice", data=body(ADVICE, at="2025-12-31T18:29:59Z"))
    assert (early.status_code, error_in(early.data)["code"]) == (422, "NotInForce")


def test_the_time_asked_about_decides_and_both_times_are_recorded(client: FlaskClient) -> None:
    at_night = _decided(client, "retention", RETENTION, at="2026-06-01T23:00:00+05:30")
    assert at_night["verdict"] == "deny"
    record = _recorded(client, at_night["decision_id"])
    assert record["at"] == "2026-06-01T23:00:00+05:30"
    made = dt.datetime.fromisoformat(record["recorded_at"])
    assert made.utcoffset() == dt.timedelta(0)
    assert made > dt.datetime.fromisoformat("2026-06-02T00:00:00Z")


def test_without_a_time_it_is_now_in_the_tenants_zone(client: FlaskClient) -> None:
    record = _recorded(client, _decided(client, "plan-advice", ADVICE)["decision_id"])
    assert dt.datetime.fromisoformat(record["at"]) == dt.datetime.fromisoformat(record["recorded_at"])
    assert record["at"].endswith("+05:30")


def test_a_denied_quote_is_refused_and_yet_on_record(client: FlaskClient, use: Services) -> None:
    denied = {**QUOTE, "personal_data_inputs": ["usage", "race"]}
    answer = client.post("/v1/decisions/price-quote", data=body(denied, at=NOON))
    assert answer.status_code == 422
    error = error_in(answer.data)
    assert (error["code"], error["severity"]) == ("ComplianceViolation", "high")
    assert answer.headers.getlist("Location") == [f"/v1/decisions/{error['details'][0]['decision_id']}"]
    trial = client.post("/v1/decisions/price-quote/dry-run", data=body(denied, at=NOON))
    assert (trial.status_code, "Location" in trial.headers) == (422, False)
    rule = "`house-protected-inputs` denies it: Protected attributes and privacy choices never change a price."
    assert error["message"] == rule
    source, _, decision_id = error["details"][0]["hint"].rpartition("; on record as decision ")
    assert source == "House rule (ours, as of 2026-11-29)"
    assert use.ledger.reader.size() == 2
    record = _recorded(client, decision_id)
    assert (record["verdict"], record["outcome"]["price"]["amount"]) == ("deny", "525.00")
    assert not re.search(r"\b525\b", answer.get_data(as_text=True))


def test_a_denied_offer_is_an_answer_because_its_service_does_not_refuse(client: FlaskClient) -> None:
    answer = _decided(client, "retention", {**RETENTION, "opted_out_channels": ["phone"]}, at=NOON)
    assert answer["verdict"] == "deny"


def test_a_fact_that_no_policy_reads_is_not_recorded(client: FlaskClient) -> None:
    answer = _decided(client, "plan-advice", {**ADVICE, "churn_risk": 0.9, "jurisdiction": "IN"})
    assert _recorded(client, answer["decision_id"])["facts"] == {
        "usage_gb": {"value": "95", "source": "request"},
        "plan_gb": {"value": "100", "source": "request"},
    }


def test_a_fact_is_recorded_as_it_was_decided_on(client: FlaskClient) -> None:
    answer = _decided(client, "retention", {**RETENTION, "churn_risk": 0.80005}, at=NOON)
    facts = _recorded(client, answer["decision_id"])["facts"]
    assert facts["churn_risk"] == {"value": "0.8000", "source": "request"}
    assert facts["last_offer_on"] == {"value": None, "source": "missing"}
    assert facts["vulnerable_customer"] == {"value": False, "source": "default"}
    assert answer["outcome"]["offer"]["action"] == "automated campaign"


def test_money_may_come_in_as_it_goes_out(client: FlaskClient) -> None:
    as_money = {**QUOTE, "current_price": {"amount": "500", "currency": "INR"}}
    assert (
        _decided(client, "price-quote", as_money, at=NOON)["outcome"]
        == _decided(client, "price-quote", QUOTE, at=NOON)["outcome"]
    )


def test_a_subject_may_have_any_characters(client: FlaskClient) -> None:
    for subject in ("Zoë", "客户-7", "a\u0000b", "👩‍👩‍👧", "x" * 200, '"; DROP TABLE entry; --'):
        answer = client.post(
            "/v1/decisions/plan-advice", data=json.dumps({"subject": subject, "facts": ADVICE}).encode()
        )
        assert answer.status_code == 200
        assert _recorded(client, answer.get_json()["decision_id"])["subject"] == subject


def test_the_health_page_says_what_runs(client: FlaskClient) -> None:
    _decided(client, "plan-advice", ADVICE)
    health = client.get("/healthz").get_json()
    assert (health["status"], health["entries"], health["models"]) == ("ok", 2, [])
    assert health["services"] == [
        "access",
        "alerts",
        "model-promotion",
        "plan-advice",
        "price-quote",
        "retention",
        "rollouts",
    ]
    assert {"policy": "retention-offer", "version": 1} in health["policies"]


@pytest.fixture
def scoring(tmp_path: Path, models: Path) -> FlaskClient:
    install_models(models, tmp_path)
    wired = wire(settings_in(tmp_path))
    return app_for(wired).test_client()


def test_a_score_enters_as_a_fact_with_its_source_and_reasons(scoring: FlaskClient) -> None:
    facts = {name: value for name, value in RETENTION.items() if name != "churn_risk"}
    answer = _decided(scoring, "retention", {**facts, **CUSTOMER}, at=NOON)
    record = _recorded(scoring, answer["decision_id"])
    assert record["facts"]["churn_risk"]["source"] == "churn@1"
    (model,) = answer["models"]
    assert set(model) == {"model", "version", "digest", "fact", "score", "reasons"}
    assert (model["model"], model["version"], model["fact"]) == ("churn", 1, "churn_risk")
    assert round(float(model["score"]), 4) == float(record["facts"]["churn_risk"]["value"]) > 0.5
    assert len(record["facts"]["churn_risk"]["value"].partition(".")[2]) == 4
    assert {reason["feature"] for reason in model["reasons"]} <= set(CUSTOMER)
    sizes = [abs(float(reason["contribution"])) for reason in model["reasons"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == 5
    assert record["models"][0]["inputs"] == {name: str(value) for name, value in CUSTOMER.items()}
    assert "inputs" not in model


def test_a_score_that_is_sent_beats_the_model(scoring: FlaskClient) -> None:
    answer = _decided(scoring, "retention", {**RETENTION, **CUSTOMER}, at=NOON)
    assert answer["models"] == []
    assert _recorded(scoring, answer["decision_id"])["facts"]["churn_risk"]["source"] == "request"


def test_an_input_of_the_model_that_is_missing_is_named(scoring: FlaskClient) -> None:
    facts = {name: value for name, value in {**RETENTION, **CUSTOMER}.items() if name not in ("churn_risk", "tickets")}
    answer = scoring.post("/v1/decisions/retention", data=body(facts))
    assert answer.status_code == 422
    error = error_in(answer.data)
    assert error["code"] == "CustomerDataIncomplete"
    assert error["message"] == "the model churn@1 needs `tickets` for `churn_risk`, and it is missing"
    assert error["details"][0]["hint"] == "or send `churn_risk` itself"


def test_an_input_of_the_model_as_text_is_refused(scoring: FlaskClient) -> None:
    facts = {name: value for name, value in RETENTION.items() if name != "churn_risk"}
    answer = scoring.post("/v1/decisions/retention", data=body({**facts, **CUSTOMER, "tickets": "six"}))
    assert answer.status_code == 422
    assert error_in(answer.data)["message"] == '`tickets`: the text `"six"` is not a number'


def test_an_input_of_the_model_costs_nothing_where_no_score_is_read(scoring: FlaskClient) -> None:
    answer = _decided(scoring, "plan-advice", {**ADVICE, "tickets": 3})
    assert answer["models"] == []
    assert set(_recorded(scoring, answer["decision_id"])["facts"]) == {"usage_gb", "plan_gb"}
