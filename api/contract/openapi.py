"""The OpenAPI 3.1 document: the routes that there are, and of each service its own request and answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ordain.api.access.rights import OPEN, SIGNED
from ordain.api.asked_once import IDEMPOTENCY_KEY, REPLAYED
from ordain.api.contract.operation import YAML, Operation, ref
from ordain.api.contract.operations import BATCH, DECIDE, DRY_RUN, OPERATIONS, VERSIONS
from ordain.api.contract.service_schemas import ServiceSchemas, schemas_of
from ordain.api.contract.service_sheet import Offer, names_of, service_sheet
from ordain.api.contract.shared_schemas import SHARED
from ordain.engine.errors import NotInForce
from ordain.engine.version import VERSION

Json = dict[str, Any]

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_AT = {
    "name": "at",
    "in": "query",
    "required": False,
    "description": "a date, or a date and time with its offset; now if left out",
    "schema": {
        "type": "string",
        "anyOf": [{"format": "date"}, {"format": "date-time"}],
        "examples": ["2026-01-31", "2026-01-31T08:00:00+05:30"],
    },
}
_REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "an id of the caller's, which errors give back as `requestId`: 1 to 64 letters, digits, `.`, `_`,"
    " `-`; another one is no fault, and one of ours is taken instead",
    "schema": {"type": "string"},
}

_IDEMPOTENCY_KEY = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "a name of the caller's for this request, new for each: one that is sent again gets the same answer",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "the `ETag` of the text that this one takes the place of",
    "schema": {"type": "string"},
}
_REPLAYED = {
    REPLAYED: {"description": "there when the answer is that of an earlier request", "schema": {"const": "true"}}
}
_LOCATION = {"Location": {"description": "where the record of the decision is", "schema": {"type": "string"}}}

_PROBLEM = {
    "description": "An error of any route, for who asks for problem details (RFC 9457).",
    "content": {"application/problem+json": {"schema": ref("Problem")}},
}
_CALLER = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API key (`ordain keys new`) or, where the settings name who makes them, a token (JWT)",
}
_ANYBODY: list[Json] = [{}, {"caller": []}]


@dataclass(frozen=True, slots=True)
class Route:
    """A route that is served: `rule` as Flask writes it."""

    method: str
    rule: str


def document(offer: Offer, routes: Iterable[Route], at: dt.datetime, secured: bool = False) -> Json:
    """The document of what is in force at that time; `secured` where only known callers are answered."""
    services = {name: _schemas(offer, name, at) for name in names_of(offer)}
    paths: dict[str, Json] = {}
    schemas = dict(SHARED)
    for schema in services.values():
        schemas |= schema.components if schema is not None else {}
    for route in sorted(routes, key=lambda each: (each.rule, each.method)):
        operation = OPERATIONS[route.method, route.rule]
        if (route.method, route.rule) in (DECIDE, BATCH, DRY_RUN, VERSIONS):
            for name, schema in services.items():
                path = route.rule.replace("<service>", quote(name))
                paths.setdefault(path, {})["post"] = _asking(route, operation, name, schema)
        else:
            path = _PARAMETER.sub(r"{\1}", route.rule)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ordain",
            "version": VERSION,
            "summary": "Decisions by policy, each on record before it is answered",
            "description": "Errors are an `Error`; for who sends `Accept: application/problem+json`, a `Problem`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Problem": _PROBLEM}, "securitySchemes": {"caller": _CALLER}},
        "security": [{"caller": []}] if secured else [],
    }


def _schemas(offer: Offer, name: str, at: dt.datetime) -> ServiceSchemas | None:
    try:
        sheet = service_sheet(offer, name, at)
    except NotInForce:  # the service is there, and refuses until a version of its policies begins
        return None
    return schemas_of(offer.catalog.pick(name, at), offer.vocabulary, sheet)


def _operation(route: Route, operation: Operation) -> Json:
    names = _PARAMETER.findall(route.rule)
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    parameters += [_AT] if operation.takes_at else []
    parameters += [
        {"name": name, "in": "query", "required": False, "description": meaning, "schema": schema}
        for name, meaning, schema in operation.query
    ]
    parameters += [_IDEMPOTENCY_KEY] if operation.is_once else []
    parameters += [_IF_MATCH] if route.method == "PUT" else []
    told: Json = {
        "operationId": _id(route),
        "summary": operation.summary,
        "tags": [_tag(route.rule)],
        "parameters": [*parameters, _REQUEST_ID],
        "responses": _responses(operation, operation.answer, operation.media),
    }
    if operation.is_once and operation.media == "application/json":
        told["responses"]["200"]["headers"] = _REPLAYED | _LOCATION
    if operation.asks is not None:
        needed = bool(operation.asks.get("required"))
        content: Json = {"application/json": {"schema": operation.asks}}
        if operation.takes_yaml:
            content[YAML] = {"schema": {"description": "the text itself"}}
        if operation.takes_lines:
            content["application/x-ndjson"] = {"schema": {"type": "string", "description": "one a line"}}
        told["requestBody"] = {"required": needed, "content": content}
    if operation.right == OPEN:
        told["security"] = _ANYBODY
    elif operation.right == SIGNED:
        told["security"] = []  # the document has no word for a signature of the request itself
    else:
        told["x-right"] = str(operation.right)
    return told


def _asking(route: Route, operation: Operation, name: str, schemas: ServiceSchemas | None) -> Json:
    """The operation of one service, its request and answer among the document's schemas."""
    batch = (route.method, route.rule) == BATCH
    told = _operation(Route(route.method, route.rule.replace("<service>", name)), operation)
    told["tags"] = [name]
    if schemas is None:
        told["description"] = "No version of its policies is in force now."
        return told
    told["summary"] = f"{operation.summary}: {name}"
    told["description"] = schemas.purpose
    asked: Json = {"schema": ref(schemas.request)}
    on_trial = (route.method, route.rule) in (DRY_RUN, VERSIONS)
    answer = schemas.trial if on_trial else schemas.answer
    if batch:
        asked = _lines(schemas.request)
        answer = schemas.line
    elif schemas.example is not None:
        asked["examples"] = {"works": {"value": schemas.example["request"]}}
    media = "application/x-ndjson" if batch else "application/json"
    told["requestBody"] = {"required": True, "content": {media: asked}}
    content = _lines(answer) if batch else {"schema": ref(answer)}
    if (route.method, route.rule) == VERSIONS:
        content = {"schema": operation.answer}
    if not batch and not on_trial and schemas.example is not None:
        content["examples"] = {"works": {"value": schemas.example["answer"]}}
    told["responses"]["200"]["content"] = {media: content}
    if not batch and not on_trial:
        told["responses"]["200"]["links"] = _links()
    return told


def _links() -> Json:
    """Where to read on about a decision that was answered."""
    asked = {"decision_id": "$response.body#/decision_id"}
    routes = [Route(method, rule) for method, rule in OPERATIONS if method == "GET" and "<decision_id>" in rule]
    return {_id(route): {"operationId": _id(route), "parameters": asked} for route in routes}


def _lines(schema: str) -> Json:
    """NDJSON: OpenAPI 3.1 cannot say what a line is, 3.2 says it as `itemSchema`, and so an extension does here."""
    return {"schema": {"type": "string", "description": f"one `{schema}` a line"}, "x-item-schema": ref(schema)}


def _responses(operation: Operation, answer: Json, media: str) -> Json:
    responses: Json = {"200": {"description": "Done.", "content": {media: {"schema": answer}}}}
    for status, codes in operation.codes().items():
        responses[str(status)] = {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": _refusal(codes)}},
        }
    for status, description, schema in operation.others:
        known = responses.setdefault(str(status), {"description": description})
        if schema is not None and "content" in known:
            content = known["content"]["application/json"]
            content["schema"] = {"anyOf": [schema, content["schema"]]}
            known["description"] = f"{description} {known['description']}"
        if operation.is_page and "content" not in known:
            known["content"] = {operation.media: {"schema": operation.answer}}
    return dict(sorted(responses.items()))


def _refusal(codes: list[str]) -> Json:
    """An error of one of these codes, in the one shape of errors."""
    return {"allOf": [ref("Error"), {"properties": {"error": {"properties": {"code": {"enum": codes}}}}}]}


def _tag(rule: str) -> str:
    parts = [part for part in rule.split("/") if part]
    return parts[1] if len(parts) > 1 and parts[0] == "v1" else "service"


def _id(route: Route) -> str:
    words = re.findall(r"[A-Za-z0-9]+", route.rule.removeprefix("/v1"))
    return "_".join([route.method.lower(), *words])
