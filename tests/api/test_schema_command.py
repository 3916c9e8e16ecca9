"""`ordain schema --all`: schemas for editors that know the facts, policies and decisions of this folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from served import ROOT, ordain_here

from ordain.engine.policy.schema import NAMES
from ordain.engine.text.source import parse

POLICY, FACTS, SERVICES = "policy.json", "facts.json", "services.json"


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("schemas")
    shutil.copytree(ROOT / "policies", folder / "policies")
    done = ordain_here(folder, "schema", "--all", "out")
    assert (done.returncode, done.stderr) == (0, "")
    first = {file.name: file.read_bytes() for file in (folder / "out").iterdir()}
    assert sorted(first) == sorted(f"{name}.json" for name in NAMES)
    assert ordain_here(folder, "schema", "--all", "out").returncode == 0
    assert {file.name: file.read_bytes() for file in (folder / "out").iterdir()} == first, "the bytes differ"
    return {name: json.loads(data) for name, data in first.items()}


def parts(schema: Any, key: str) -> Iterator[Any]:
    """Everything that a schema says under a key, at any depth."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == key:
                yield inner
            yield from parts(inner, key)
    elif isinstance(schema, list):
        for inner in schema:
            yield from parts(inner, key)


def when(schemas: dict[str, Any], kind: str = "intervention") -> dict[str, Any]:
    """What the cells of each fact are said to be."""
    rules = schemas[f"{kind}.json"]["properties"]["decides"]["additionalProperties"]["properties"]["rules"]
    found: dict[str, Any] = rules["items"]["properties"]["when"]["properties"]
    return found


def test_cells_are_named_by_facts_with_meaning_and_values(schemas: dict[str, Any]) -> None:
    tier = when(schemas)["clv_tier"]
    assert tier["description"] == "the customer's lifetime value, in three tiers (text; personal)"
    assert tier["anyOf"][0] == {"enum": ["high", "medium", "low"]}
    assert "> 0.80" not in json.dumps(tier)
    assert {"label": "one of several", "body": '"${1:high}, ${2:medium}"'} in tier["defaultSnippets"]
    risk = when(schemas)["churn_risk"]
    assert risk["description"] == "the probability that the customer leaves (number in probability, [0..1]; personal)"
    assert risk["defaultSnippets"][0]["body"] == '"> ${1:0}"'
    assert when(schemas)["auto_renews"]["anyOf"][0] == {"enum": [True, False]}


@pytest.mark.parametrize("cell", ["high", '"not(high)"', '"high, medium"', '"null"', "-", "true", "3", "null"])
def test_a_cell_may_be_any_expression_still(cell: str, schemas: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(when(schemas)["clv_tier"])
    assert validator.is_valid(json.loads(cell) if cell[0] in '"tn3' else cell)
    assert not validator.is_valid(["high"])


def test_every_shipped_file_is_of_the_shape_that_is_written(schemas: dict[str, Any]) -> None:
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["title"] == f"Ordain: {name.removesuffix('.json')}"
    for file in sorted((ROOT / "policies").rglob("*.yaml")):
        schema = schemas[{"facts.yaml": FACTS, "services.yaml": SERVICES}.get(file.name, POLICY)]
        data = json.loads(json.dumps(parse(file.read_bytes(), file.name).data(), default=float))
        assert list(jsonschema.Draft202012Validator(schema).iter_errors(data)) == [], file


def test_examples_and_services_name_facts_outputs_and_policies(schemas: dict[str, Any]) -> None:
    example = schemas["decision.json"]["properties"]["examples"]["items"]["properties"]
    assert example["given"]["properties"]["clv_tier"]["anyOf"][0] == {"enum": ["high", "medium", "low"]}
    assert {"offer.action", "advice.say", "price", "fired"} <= set(example["expect"]["properties"])
    service = schemas[SERVICES]["properties"]["services"]["additionalProperties"]["properties"]
    assert "price-bounds" in service["policies"]["items"]["anyOf"][0]["enum"]
    assert {"offer", "price", "verdict"} <= set(service["gives"]["items"]["anyOf"][0]["enum"])
    sources = schemas[FACTS]["properties"]["facts"]["additionalProperties"]["properties"]["source"]["examples"]
    assert {"request", "churn", "policy price-bounds"} <= set(sources)


def test_no_pattern_is_a_message_and_no_item_is_called_as_its_file(schemas: dict[str, Any]) -> None:
    for schema in schemas.values():
        told = list(parts(schema, "patternErrorMessage"))
        assert len(told) == len(list(parts(schema, "pattern")))
        assert [text for text in told if "^" in text or "\\" in text] == []
        for items in parts(schema, "items"):
            assert "properties" not in items or items["title"].split()[0] in ("a", "an", "what")
    assert "high, medium" not in list(parts(schemas[POLICY], "examples"))


def test_a_value_that_is_no_word_is_suggested_as_a_cell_has_it(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/facts.yaml").write_text(
        'facts:\n  since: {type: text, values: ["< 1 year", longer, "null"], meaning: how long}\n', encoding="utf-8"
    )
    done = ordain_here(tmp_path, "schema", "decision", "--all", "out", "--policies", "mine")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads((tmp_path / "out/decision.json").read_text(encoding="utf-8"))
    (cells,) = [part["properties"]["since"] for part in parts(schema, "when") if "properties" in part]
    assert cells["anyOf"][0] == {"enum": ['"< 1 year"', "longer", '"null"']}


@pytest.mark.parametrize(
    ("facts", "why"), [(None, "there is no file `facts.yaml`"), ("facts: [", "the `[` is never closed")]
)
def test_without_facts_the_general_schemas_are_written_and_it_is_said(
    facts: str | None, why: str, tmp_path: Path
) -> None:
    (tmp_path / "policies").mkdir()
    if facts is not None:
        (tmp_path / "policies/facts.yaml").write_text(facts, encoding="utf-8")
    done = ordain_here(tmp_path, "schema", "--all", "out", "--policies", "policies")
    assert done.returncode == 0
    assert done.stderr.startswith(f"without names of facts and policies: {why}")
    general = ordain_here(tmp_path, "schema", "pricing").stdout
    assert (tmp_path / "out/pricing.json").read_text(encoding="utf-8") == general
