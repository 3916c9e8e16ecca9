"""Python for the services of an OpenAPI document of Ordain: TypedDicts of facts and outcomes, clients with them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_PATH = re.compile(r"/v1/decisions/([^/{}]+)")
_HEAD = '''"""The services of an Ordain installation. Written by `ordain-client`: write it again rather than edit it."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any, Literal, NotRequired, TypedDict

import ordain_client
from ordain_client import AsyncService, Money, Number, Service

__all__ = ["AsyncClient", "Client"]
'''


def source_of(document: Json) -> str:
    """The module. Services that have no request, because none of their versions is in force, are left out."""
    written = _Written(document["components"]["schemas"])
    for path, operations in document["paths"].items():
        named = _PATH.fullmatch(path)
        if named and (schemas := _schemas(operations.get("post", {}))) is not None:
            written.service(*schemas)
    return written.module()


def _schemas(operation: Json) -> tuple[str, str] | None:
    """The names of the schemas of request and answer."""
    if "requestBody" not in operation:
        return None
    asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return asked.rpartition("/")[2], answered.rpartition("/")[2]


class _Written:
    """What has been written: TypedDicts, and the properties of the clients."""

    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas
        self._types: list[str] = []
        self._services: list[tuple[str, str, str, str]] = []
        self._taken: set[str] = set()

    def service(self, request: str, answer: str) -> None:
        parts = self._schemas[answer]["properties"]
        service = str(parts["service"]["const"])
        camel = "".join(word.capitalize() for word in re.findall(r"[^\W_]+", service))
        camel = self._free(camel if camel.isidentifier() else f"Service{camel}")
        facts = self._typed_dict(f"{camel}Facts", self._schemas[request]["properties"]["facts"], is_sent=True)
        outcome = self._type(parts["outcome"], f"{camel}Outcome", is_sent=False)
        name = re.sub(r"\W", "_", service.lower())
        if not name.isidentifier() or keyword.iskeyword(name) or name in _OF_CLIENTS:
            name = f"service_{name}"
        self._services.append((self._free(name), service, facts, outcome))

    def module(self) -> str:
        clients = [_client("Client", "Service", self._services), _client("AsyncClient", "AsyncService", self._services)]
        return "\n".join([_HEAD, "\n\n".join(self._types), "\n", "\n\n\n".join(clients)]).rstrip() + "\n"

    def _typed_dict(self, name: str, schema: Json, *, is_sent: bool) -> str:
        """A TypedDict by call: names of facts need not be identifiers."""
        name = self._free(name)
        required = set(schema.get("required", ()))
        fields = []
        for field, part in schema["properties"].items():
            suffix = "".join(word.capitalize() for word in re.findall(r"[^\W_]+", field))
            written = self._type(part, f"{name}{suffix}", is_sent=is_sent)
            fields.append(f"    {field!r}: {written if field in required else f'NotRequired[{written}]'},")
            if note := part.get("description"):
                fields[-1] = "".join(f"    # {line}\n" for line in note.splitlines()) + fields[-1]
        body = "\n".join(fields)
        self._types.append(f"{name} = TypedDict(\n    {name!r},\n    {{\n{_indented(body)}\n    }},\n)")
        return name

    def _type(self, schema: Json, name: str, *, is_sent: bool) -> str:
        if "$ref" in schema:
            return self._type(self._schemas[schema["$ref"].rpartition("/")[2]], name, is_sent=is_sent)
        if "anyOf" in schema:
            of = [self._type(each, name, is_sent=is_sent) for each in schema["anyOf"]]
            # A number may be sent as a number or as a text: `Number` is both.
            of = ["Number" if is_sent and each == "number" else each for each in of]
            of = [each for each in of if not (each == "str" and "Number" in of)]
            return " | ".join(dict.fromkeys(of))
        if "enum" in schema:
            values = ", ".join(repr(value) for value in schema["enum"] if value is not None)
            return f"Literal[{values}]" + (" | None" if None in schema["enum"] else "")
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return " | ".join(self._kind(kind, schema, name, is_sent=is_sent) for kind in kinds) or "Any"

    def _kind(self, kind: str, schema: Json, name: str, *, is_sent: bool) -> str:
        match kind:
            case "null":
                return "None"
            case "boolean":
                return "bool"
            case "number":
                return "number"
            case "integer":
                return "int"
            case "array":
                return f"list[{self._type(schema.get('items', {}), f'{name}Item', is_sent=is_sent)}]"
            case "object" if schema.get("properties", {}).keys() == {"amount", "currency"}:
                return "Money"
            case "object" if schema.get("properties"):
                return self._typed_dict(name, schema, is_sent=is_sent)
            case "object":
                return "dict[str, Any]"
        times = {"date": "dt.date", "date-time": "dt.datetime"}
        return f"str | {times[schema['format']]}" if is_sent and schema.get("format") in times else "str"

    def _free(self, name: str) -> str:
        """The name, or one like it if it is taken."""
        while name in self._taken or keyword.iskeyword(name):
            name += "_"
        self._taken.add(name)
        return name


_OF_CLIENTS = {
    *("batch", "close", "decide", "events", "explanation", "get", "proof", "record", "run", "service", "services"),
}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _client(kind: str, of: str, services: list[tuple[str, str, str, str]]) -> str:
    lines = [f"class {kind}(ordain_client.{kind}):", '    """Has a property for each service."""']
    for name, service, facts, outcome in services:
        lines += ["", "    @cached_property", f"    def {name}(self) -> {of}[{facts}, {outcome}]:"]
        lines += [f"        return {of}(self, {service!r})"]
    if not services:
        lines += ["", "    # None has a version in force."]
    return "\n".join(lines)
