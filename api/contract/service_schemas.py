"""The request and the answer of one service as JSON Schema, for the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ordain.api.contract.fact_sheet import COMPUTED, REQUIRED
from ordain.api.contract.operation import ref
from ordain.api.contract.shared_schemas import AT, MAY_BE_UNKNOWN, SUBJECT, VERDICT, answer_schema, closed, trial_schema
from ordain.api.contract.value_schemas import fact_schema, outcome_schema
from ordain.engine.evaluate import Plan
from ordain.engine.policy.facts import Vocabulary

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceSchemas:
    """`request`, `answer`, `trial`, the answer of a dry run, and `line`, of a batch's, are names among `components`."""

    purpose: str
    request: str
    answer: str
    trial: str
    line: str
    components: Mapping[str, Json]
    example: Json | None


def schemas_of(plan: Plan, vocabulary: Vocabulary, sheet: Json) -> ServiceSchemas:
    """The schemas of a plan; `sheet` is its description."""
    name = plan.service.name
    key = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    request, answer, trial, line = (f"{key}.{part}" for part in ("request", "answer", "trial", "line"))
    outputs = {output: outcome_schema(type, lenient=_is_lenient(plan, output)) for output, type in plan.gives.items()}
    verdict = VERDICT if sheet["gives_verdict"] else {"type": "null"}
    outcome = closed(**outputs)
    if sheet["gives_verdict"] and sheet["if_review"] == "withhold":
        outcome = {"anyOf": [outcome, {"type": "null"}], "description": "null: it is in review"}
    answered = answer_schema({"const": name}, outcome, verdict)
    facts = _facts(plan, vocabulary, sheet)
    components = {
        request: closed(
            ("at", "may_be_unknown") if facts["required"] else ("facts", "at", "may_be_unknown"),
            subject=SUBJECT,
            facts=facts,
            at=AT,
            may_be_unknown=MAY_BE_UNKNOWN,
        ),
        answer: answered,
        trial: trial_schema(answered),
        line: {"anyOf": [ref(answer), ref("ErrorLine")]},
    }
    return ServiceSchemas(sheet["purpose"], request, answer, trial, line, components, sheet["example"])


def _is_lenient(plan: Plan, output: str) -> bool:
    return any(each.policy.lenient for each in plan.policies if output in each.policy.gives)


def _facts(plan: Plan, vocabulary: Vocabulary, sheet: Json) -> Json:
    """The facts of a request: those that are read, and those of the vocabulary that are not, which are ignored."""
    needs = {need.fact.name: need for need in plan.needs}
    properties = {}
    for each in sheet["facts"]:
        if each["need"] != COMPUTED:
            name = each["fact"]
            fact = needs[name].fact if name in needs else vocabulary[name]
            may_be_null = needs[name].may_miss if each["absent"] == "default" else each["need"] != REQUIRED
            properties[name] = fact_schema(fact, may_be_null=may_be_null)
    required = [each["fact"] for each in sheet["facts"] if each["need"] == REQUIRED]
    schema: Json = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if ignored := sorted(vocabulary.inputs - properties.keys()):
        schema["patternProperties"] = {f"^({'|'.join(map(re.escape, ignored))})$": {"description": "not read: ignored"}}
    return schema
