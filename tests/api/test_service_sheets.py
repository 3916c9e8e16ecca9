"""What an app has to know to ask a service: over HTTP and on the command line, and that it is so."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from answers import error_in
from flask.testing import FlaskClient
from served import edit, install_models, ordain_here, settings_in

from ordain.api.cli.model_cards import OnFile
from ordain.api.http.app import app_for
from ordain.api.late_model import LateModel
from ordain.api.services import Services, wire
from ordain.engine.errors import ModelDegradationDetected
from ordain.engine.policy.facts import FactSource

SERVICES = ("access", "alerts", "model-promotion", "plan-advice", "price-quote", "retention", "rollouts")
OWN = ("decision_id", "receipt")
"""What each answer has of its own."""


def sheet_of(client: FlaskClient, service: str, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/services/{service}{query}")
    assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.get_data(as_text=True)
    data: dict[str, Any] = answer.get_json()
    return data


def fact_in(sheet: dict[str, Any], name: str) -> dict[str, Any]:
    (fact,) = (fact for fact in sheet["facts"] if fact["fact"] == name)
    return dict(fact)


def post(client: FlaskClient, service: str, request: dict[str, Any]) -> Any:
    return client.post(f"/v1/decisions/{service}", data=json.dumps(request))


def test_the_list_says_what_each_service_gives_and_what_decides(shared_client: FlaskClient) -> None:
    listed = shared_client.get("/v1/services?at=2026-06-01").get_json()
    assert listed["in_force_on"] == "2026-06-01"
    assert [each["service"] for each in listed["services"]] == list(SERVICES)
    (quote,) = (each for each in listed["services"] if each["service"] == "price-quote")
    assert quote["gives"] == ["price", "proposed_price", "promise"]
    assert quote["if_denied"] == "refuse"
    named = [(policy["policy"], policy["version"], policy["effective"]["from"]) for policy in quote["policies"]]
    assert named[0] == ("price-proposal", 1, "2026-01-01")
    assert [name for name, _, _ in named[-2:]] == ["price-law-us-ca", "price-law-in"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_example_of_each_shipped_service_is_answered_as_its_sheet_says(
    shared_client: FlaskClient, service: str
) -> None:
    example = sheet_of(shared_client, service)["example"]
    answer = post(shared_client, service, example["request"])
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told = answer.get_json()
    assert told["verdict"] in (None, "permit")
    assert list(told) == list(example["answer"])
    assert {**told, **dict.fromkeys(OWN)} == {**example["answer"], **dict.fromkeys(OWN)}


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_required_fact_the_request_is_refused_and_without_another_it_is_not(
    shared_client: FlaskClient, service: str
) -> None:
    sheet = sheet_of(shared_client, service)
    request = sheet["example"]["request"]
    for fact in sheet["facts"]:
        name = fact["fact"]
        facts = {each: value for each, value in request["facts"].items() if each != name}
        answer = post(shared_client, service, {**request, "facts": facts})
        if fact["need"] == "required":
            assert name in request["facts"]
            error = error_in(answer.data)
            assert (error["code"], error["details"][0]["fact"]) == ("CustomerDataIncomplete", name)
        else:
            assert answer.status_code == 200 or error_in(answer.data)["code"] == "ComplianceViolation", name


@pytest.mark.parametrize("service", SERVICES)
def test_a_computed_fact_is_refused(shared_client: FlaskClient, service: str) -> None:
    sheet = sheet_of(shared_client, service)
    request = sheet["example"]["request"]
    for fact in [fact["fact"] for fact in sheet["facts"] if fact["need"] == "computed"]:
        answer = post(shared_client, service, {**request, "facts": {**request["facts"], fact: 1}})
        error = error_in(answer.data)
        assert (error["code"], error["details"][0]["fact"]) == ("DataQualityIssue", fact)


def test_a_fact_says_what_it_may_be_and_what_its_absence_means(shared_client: FlaskClient) -> None:
    sheet = sheet_of(shared_client, "price-quote")
    assert fact_in(sheet, "base_price") == {
        "fact": "base_price",
        "meaning": "the plan's list price per month",
        "need": "required",
        "absent": "refused",
        "if_absent": "the request is refused",
        "type": "number",
        "unit": "INR",
        "range": "(0..100000]",
        "personal": False,
        "read_by": ["price-proposal@1", "price-law-us@1"],
    }
    assert fact_in(sheet, "plan")["values"] == ["basic", "standard", "premium", "unlimited"]
    assert fact_in(sheet, "demand")["precision"] == 4
    assert fact_in(sheet, "promised_until")["absent"] == "null"
    sector = fact_in(sheet, "sector")
    assert (sector["need"], sector["absent"], sector["default"]) == ("optional", "default", "telecom")
    assert sector["if_absent"] == "it counts as telecom"
    assert fact_in(sheet, "jurisdiction")["absent"] == "review"
    bounded = fact_in(sheet, "bounded_price")
    assert (bounded["need"], bounded["absent"]) == ("computed", "computed")
    assert bounded["read_by"] == ["grandfathering@1"]
    assert [fact["need"] for fact in sheet["facts"]] == sorted(
        (fact["need"] for fact in sheet["facts"]), key=["required", "optional", "for a score", "computed"].index
    )
    assert fact_in(sheet_of(shared_client, "retention"), "recipient_time_zone")["format"] == "time zone"


def test_the_outputs_have_their_types(shared_client: FlaskClient) -> None:
    assert sheet_of(shared_client, "retention")["gives"]["offer"]["fields"]["channel"] == {
        "type": "text",
        "values": ["phone", "e-mail", "sms", "none"],
    }
    assert sheet_of(shared_client, "price-quote")["gives"]["price"] == {"type": "number", "unit": "INR"}


def test_a_score_that_no_model_gives_is_required(shared_client: FlaskClient) -> None:
    risk = fact_in(sheet_of(shared_client, "retention"), "churn_risk")
    assert (risk["need"], risk["absent"]) == ("required", "refused")
    assert risk["if_absent"] == "the request is refused, as no model churn is trained"


def test_a_score_that_a_model_gives_may_be_left_out_and_the_models_inputs_are_told(
    models: Path, tmp_path: Path
) -> None:
    install_models(models, tmp_path)
    use = wire(settings_in(tmp_path))
    try:
        client = app_for(use).test_client()
        sheet = sheet_of(client, "retention")
        risk = fact_in(sheet, "churn_risk")
        assert (risk["need"], risk["absent"]) == ("optional", "scored")
        inputs = risk["scored_by"]["inputs"]
        assert risk["if_absent"].startswith("scored by the model churn@1 from usage_gb, ")
        assert "usage_decline_percent" in inputs
        for name in inputs:
            assert (fact_in(sheet, name)["need"], fact_in(sheet, name)["scores"]) == ("for a score", "churn_risk")
        request = sheet["example"]["request"]
        unscored = {name: value for name, value in request["facts"].items() if name != "churn_risk"}
        sent = {**unscored, **dict.fromkeys(inputs, 5)}
        assert post(client, "retention", {**request, "facts": sent}).status_code == 200
        lacking = error_in(post(client, "retention", {**request, "facts": unscored}).data)
        assert [detail["fact"] for detail in lacking["details"]] == inputs
    finally:
        use.close()


def _cannot_be_read() -> FactSource:
    raise ModelDegradationDetected("it is damaged")


def test_a_score_of_a_model_that_cannot_score_is_required(use: Services) -> None:
    late = LateModel(OnFile("churn", "1", ()), _cannot_be_read)
    late.read()
    for model in (late, ModelDegradationDetected("it is damaged")):
        client = app_for(replace(use, models={"churn": model})).test_client()
        risk = fact_in(sheet_of(client, "retention"), "churn_risk")
        assert (risk["need"], risk["absent"]) == ("required", "refused")
        assert risk["if_absent"] == "refused: the model churn, which would score it, cannot now"
        request = sheet_of(client, "retention")["example"]["request"]
        assert post(client, "retention", request).status_code == 200
        del request["facts"]["churn_risk"]
        assert error_in(post(client, "retention", request).data)["code"] == "ModelDegradationDetected"


def test_what_is_in_force_at_another_time_is_told(policies: Path, tmp_path: Path) -> None:
    shutil.copy(policies / "plan-advice/v1.yaml", policies / "plan-advice/v2.yaml")
    edit(policies / "plan-advice/v2.yaml", "version: 1", "version: 2")
    edit(policies / "plan-advice/v2.yaml", "2026-01-01", "2030-01-01")
    use = wire(settings_in(tmp_path, policies=policies, at_ahead_days=3_660))
    try:
        client = app_for(use).test_client()
        told = {
            at: [policy["version"] for policy in sheet_of(client, "plan-advice", f"?at={at}")["policies"]]
            for at in ("2029-12-31", "2029-12-31T23:59:59%2B05:30", "2029-12-31T18:30:00Z", "2030-01-01T00:00:00 05:30")
        }
        assert list(told.values()) == [[1], [1], [2], [2]]
        then = sheet_of(client, "plan-advice", "?at=2030-01-01")["example"]
        answer = post(client, "plan-advice", then["request"]).get_json()
        assert [policy["version"] for policy in answer["policies"]] == [2]
        assert {**answer, **dict.fromkeys(OWN)} == {**then["answer"], **dict.fromkeys(OWN)}
    finally:
        use.close()


def test_a_service_without_a_version_in_force_says_so(shared_client: FlaskClient) -> None:
    listed = shared_client.get("/v1/services?at=2020-01-01").get_json()["services"]
    assert [each["policies"] for each in listed] == [[]] * len(SERVICES)
    assert listed[SERVICES.index("plan-advice")]["fault"] == "`plan-advice` has no version in force on 2020-01-01"
    answer = shared_client.get("/v1/services/plan-advice?at=2020-01-01")
    assert (answer.status_code, error_in(answer.data)["code"]) == (422, "NotInForce")


@pytest.mark.parametrize("at", ["soon", "2026-13-01", "2026-01-31T08:00:00", "0000-01-01", "9999-12-31T23:00:00Z"])
def test_a_time_that_is_none_is_refused(shared_client: FlaskClient, at: str) -> None:
    answer = shared_client.get(f"/v1/services/plan-advice?at={at}")
    assert answer.status_code == 400
    assert error_in(answer.data)["message"].startswith("`at`: ")


def test_a_service_that_there_is_not_is_told_the_nearest(shared_client: FlaskClient) -> None:
    answer = shared_client.get("/v1/services/price-qoute")
    assert answer.status_code == 404
    assert error_in(answer.data)["details"][0]["hint"] == "did you mean `price-quote`?"


def test_telling_records_nothing(shared_client: FlaskClient, shared_use: Services) -> None:
    before = shared_use.ledger.reader.size()
    for path in ("/v1/services", "/v1/services/price-quote", "/openapi.json", "/docs"):
        assert shared_client.get(path).status_code == 200
    assert shared_use.ledger.reader.size() == before


# --- the examples of policies of one's own ----------------------------------------------------------------------

FACTS = """\
facts:
  size: {type: number, range: 2..9, meaning: the size}
  colour: {type: text, values: [red, green], meaning: the colour}
  rush: {type: flag, meaning: in a hurry}
  day: {type: date, meaning: the day}
  parts:
    type: list of context
    fields: {name: text, count: number}
    meaning: its parts
"""
POLICY = """\
policy: {name}
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A test.
decides:
  {decides}
examples: {examples}
"""


def own(folder: Path, decides: dict[str, tuple[str, str]]) -> Path:
    """A folder of policies: by name what each decides, and its examples; `all` asks all of them."""
    for name, (what, examples) in decides.items():
        (folder / name).mkdir(parents=True)
        text = POLICY.format(name=name, decides=what, examples=examples)
        (folder / name / "v1.yaml").write_text(text, encoding="utf-8")
    (folder / "facts.yaml").write_text(FACTS, encoding="utf-8")
    services = {"all": {"purpose": "All.", "policies": list(decides), "gives": [f"{name}_out" for name in decides]}}
    (folder / "services.yaml").write_text(json.dumps({"services": services}), encoding="utf-8")
    return folder


def example_in(tmp_path: Path, **decides: tuple[str, str]) -> Any:
    """The example of the service `all`, which is answered if there is one."""
    use = wire(settings_in(tmp_path, policies=own(tmp_path / "own", decides)))
    try:
        client = app_for(use).test_client()
        example = sheet_of(client, "all")["example"]
        if example is not None:
            assert post(client, "all", example["request"]).status_code == 200
        return example
    finally:
        use.close()


def test_facts_that_no_example_has_get_values_of_their_types(tmp_path: Path) -> None:
    formula = 'size + count(parts) + day.year + (if rush or colour = "red" then 1 else 2)'
    given = "{size: 2, colour: red, rush: true, day: 2026-02-01, parts: []}"
    example = example_in(
        tmp_path,
        one=(
            f"one_out: {{gives: number, formula: '1 / (size - 2) + {formula}'}}",
            f"[{{given: {given}, refused: CalculationFailed}}]",
        ),
    )
    facts = example["request"]["facts"]
    assert facts == {"size": 5.5, "parts": [], "rush": False, "day": "2026-01-01", "colour": "red"}


def test_examples_that_do_not_fit_together_are_changed_until_they_do(tmp_path: Path) -> None:
    first = "one_out: {gives: number, formula: size}"
    only_large = (
        "two_out: {gives: text, hit policy: unique, rules: [{id: large, when: {size: '> 8'}, then: 'big', because: x}]}"
    )
    example = example_in(
        tmp_path,
        one=(first, "[{given: {size: 6}, expect: {one_out: 6}}]"),
        two=(only_large, "[{given: {size: 8.5}, expect: {two_out: big}}]"),
    )
    assert example["request"]["facts"] == {"size": 8.5}


def test_a_service_that_answers_nothing_has_no_example(tmp_path: Path) -> None:
    never = "one_out: {gives: number, formula: 1 / (size - size)}"
    assert example_in(tmp_path, one=(never, "[{given: {size: 6}, refused: CalculationFailed}]")) is None


# --- the command ------------------------------------------------------------------------------------------------


def test_the_command_lists_and_shows_what_the_service_does(tmp_path: Path, client: FlaskClient) -> None:
    listed = ordain_here(tmp_path, "service", "list", "--at", "2026-06-01", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert json.loads(listed.stdout) == client.get("/v1/services?at=2026-06-01").get_json()
    shown = ordain_here(tmp_path, "service", "show", "price-quote", "--at", "2026-06-01", "--json")
    assert json.loads(shown.stdout) == client.get("/v1/services/price-quote?at=2026-06-01").get_json()


def test_the_command_is_read_by_people(tmp_path: Path) -> None:
    listed = ordain_here(tmp_path, "service", "list").stdout
    assert "price-quote\n  The price per month for one customer" in listed
    shown = ordain_here(tmp_path, "service", "show", "price-quote").stdout
    for line in (
        "Facts to send",
        "  base_price  number, INR, (0..100000]",
        "  plan  text, personal: basic, standard, premium, unlimited",
        "Facts that may be left out",
        "      if left out: it counts as telecom",
        "Facts for compliance: without one that a rule needs, it asks for a review or denies",
        "Facts that are computed: not to be sent",
        "A request that works: POST /v1/decisions/price-quote",
    ):
        assert line in shown.splitlines(), shown
    assert max(map(len, shown.splitlines())) < 400
    assert not (tmp_path / "ordain.db").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "price-qoute"], "UnknownService"),
        (["show", "plan-advice", "--at", "soon"], "MalformedRequest"),
        (["show", "plan-advice", "--at", "2020-01-01"], "NotInForce"),
    ],
)
def test_the_command_refuses_in_the_one_shape(tmp_path: Path, arguments: list[str], code: str) -> None:
    done = ordain_here(tmp_path, "service", *arguments, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert error_in(done.stderr)["code"] == code
