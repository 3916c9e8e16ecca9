"""Small models for the tests, and their values when run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.dmn.reading.read import Model, read_model
from ordain.engine.errors import Issue

MODELS = Path(__file__).parent / "models"
AT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}


def document(body: str, *, version: str = "1.5", name: str = "Small", more: str = "") -> bytes:
    """A model of one line of `definitions` and the lines of `body`."""
    namespace = f'xmlns="{NAMESPACES[version]}"'
    return f'<definitions {namespace} name="{name}" namespace="urn:{name}" {more}>\n{body}\n</definitions>'.encode()


def small(body: str, **more: str) -> Model:
    return read_model(document(body, **more), "small.dmn")


def decision(name: str, logic: str, *requires: str, type: str = "") -> str:
    """A decision with a logic, which is FEEL unless it begins with `<`, and the ids of what it requires."""
    boxed = logic if logic.startswith("<") else f"<literalExpression><text>{logic}</text></literalExpression>"
    variable = f'<variable name="{name}" typeRef="{type}"/>' if type else f'<variable name="{name}"/>'
    needs = "".join(requirement(each) for each in requires)
    return f'<decision id="{name}" name="{name}">{variable}{needs}{boxed}</decision>'


def requirement(id: str) -> str:
    """`input:x`, `decision:x` or `knowledge:x` as the element that requires it."""
    kind, _, target = id.partition(":")
    part = f'<required{kind.capitalize()} href="#{target}"/>'
    outer = "knowledgeRequirement" if kind == "knowledge" else "informationRequirement"
    return f"<{outer}>{part}</{outer}>"


def input_data(name: str, type: str = "") -> str:
    return f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{type}"/></inputData>'


def feel(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def from_file(name: str) -> Model:
    """A model of the folder `models`, which finds what it imports there."""

    def imported(namespace: str, location: str) -> bytes | None:
        file = MODELS / location
        return file.read_bytes() if location and file.exists() else None

    return read_model((MODELS / name).read_bytes(), name, imported)


def run(model: Model, given: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], list[Issue]]:
    """All values of the model, and the reasons of its nulls."""
    values: dict[str, Any] = dict.fromkeys(model.policy.reads) | dict(given or {})
    reasons: list[Issue] = []
    compile_policy(model.policy).run(values, AT, [], reasons)
    return values, reasons
