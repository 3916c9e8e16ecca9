"""The OpenAPI document is one by the rules of OpenAPI 3.1, whatever is in force and whoever is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from callers import bearer, keeper
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from served import edit, settings_in
from test_openapi_types import every_type

from ordain.api.http.app import app_for
from ordain.api.services import wire


@pytest.mark.parametrize("what", ["as shipped", "callers are known", "nothing in force", "every type"])
def test_the_document_is_one_of_openapi(policies: Path, tmp_path: Path, what: str) -> None:
    headers = {}
    if what == "callers are known":
        headers = bearer(keeper(tmp_path).make("admin", ["admin"]).text)
    elif what == "nothing in force":
        edit(policies / "plan-advice/v1.yaml", "effective: 2026-01-01", "effective: 2099-01-01")
    elif what == "every type":
        policies = every_type(tmp_path / "own", "odd & ünusual")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        document = app_for(use).test_client().get("/openapi.json", headers=headers).get_json()
    finally:
        use.close()
    assert bool(document["security"]) == bool(headers)
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_a_fault_of_a_document_would_be_found() -> None:
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a/{b}": {"get": {}}}}
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
