"""How the facts of a service become what it gives: a graph, as DMN's decision requirements, made of its sheet.

Facts that the same decisions read share a box; so do the steps of a bounded price, and findings with their verdict.
All is plain text, which those who draw it escape.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ordain.api.contract.fact_sheet import COMPUTED, FOR_A_SCORE, OPTIONAL, REQUIRED
from ordain.engine.errors import counted

Json = Mapping[str, Any]
_COMPLIANCE, _BOUNDS, _VERDICT = "compliance", "bounds", "verdict"


class Shape(Enum):
    """What a box stands for."""

    FACTS = "facts"
    MODEL = "model"
    DECISION = "decision"
    HELD = "must hold"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Box:
    """`lines` are its text; `group` is the policy that it is a part of, such as `retention-offer@1`, or "".

    `faint`: its facts need not be sent.
    """

    shape: Shape
    lines: tuple[str, ...]
    group: str = ""
    faint: bool = False


@dataclass(slots=True)
class Flow:
    """`boxes` by a name of their own, in the order in which they are decided; `arrows` lead from one to another."""

    title: str
    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: dict[tuple[str, str], None] = field(default_factory=dict)

    def groups(self) -> dict[str, list[str]]:
        """The names of the boxes by their groups, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, box in self.boxes.items():
            found[box.group].append(name)
        return dict(found)


def flow_of(sheet: Json) -> Flow:
    """The flow of a service as its sheet tells it."""
    flow = Flow(f"{sheet['service']}: {sheet['purpose']}")
    facts = {fact["fact"]: fact for fact in sheet["facts"]}
    readers: dict[str, list[str]] = defaultdict(list)
    _decisions(flow, sheet, readers)
    _models(flow, sheet, facts, readers)
    _facts(flow, facts, readers)
    _outputs(flow, sheet)
    return flow


def _decisions(flow: Flow, sheet: Json, readers: dict[str, list[str]]) -> None:
    """Boxes of decisions; what they read of others becomes arrows, and who reads a fact is noted in `readers`."""
    given: dict[str, str] = {}
    for policy in sheet["policies"]:
        label = f"{policy['policy']}@{policy['version']}"
        own: dict[str, str] = {}
        for decision, parts in _together(policy).items():
            name = f"decision {label} {decision}"
            own |= {part["decision"]: name for part in parts}
            flow.boxes[name] = Box(Shape.DECISION, (decision, _how(policy["kind"], parts)), label)
            _read(flow, name, _reads(parts), {**given, **own}, readers)
        if policy["must_hold"]:
            name = f"held {label}"
            lines = ("must hold", *(part["must_hold"] for part in policy["must_hold"]))
            flow.boxes[name] = Box(Shape.HELD, lines, label)
            _read(flow, name, _reads(policy["must_hold"]), {**given, **own}, readers)
        given |= {name: box for name, box in own.items() if policy["kind"] != _COMPLIANCE}


def _together(policy: Json) -> dict[str, list[Json]]:
    """The decisions of a policy by the name of their box: findings are of the verdict, steps of the price they lead to.

    The steps of a price are called as it is, and by a word more: `price after floor`.
    """
    boxes: dict[str, list[Json]] = defaultdict(list)
    for part in policy["decides"]:
        name = str(part["decision"])
        if policy["kind"] == _COMPLIANCE:
            name = _VERDICT
        elif policy["kind"] == _BOUNDS:
            name = name.partition(" ")[0]
        boxes[name].append(part)
    return boxes


def _how(kind: str, parts: Sequence[Json]) -> str:
    """A table by its hit policy and rules; a formula; several by how many they are."""
    rules = sum(part.get("rules", 0) for part in parts)
    if kind == _COMPLIANCE:
        return counted(rules, "rule")
    if len(parts) > 1:
        return f"{len(parts)} steps"
    return f"{parts[0]['hit_policy']}, {counted(rules, 'rule')}" if "rules" in parts[0] else "formula"


def _reads(parts: Iterable[Json]) -> Iterable[str]:
    return dict.fromkeys(name for part in parts for name in part["reads"])


def _read(flow: Flow, box: str, names: Iterable[str], given: Mapping[str, str], readers: dict[str, list[str]]) -> None:
    for name in names:
        if name not in given:
            readers[name].append(box)
        elif given[name] != box:
            flow.arrows[given[name], box] = None


def _models(flow: Flow, sheet: Json, facts: Mapping[str, Json], readers: dict[str, list[str]]) -> None:
    """A box for each model that may give a fact; it reads its inputs, and what says whether it may be asked."""
    gate = sheet["scores"]
    for fact in facts.values():
        if "scored_by" in fact:
            scored = fact["scored_by"]
            name = _model(fact)
            flow.boxes.setdefault(name, Box(Shape.MODEL, (f"{scored['model']}@{scored['version']}", "model")))
            for each in dict.fromkeys([*scored["inputs"], *(gate["reads"] if gate is not None else ())]):
                readers[each].append(name)


def _model(fact: Json) -> str:
    return f"model {fact['scored_by']['model']}" if "scored_by" in fact else ""


def _facts(flow: Flow, facts: Mapping[str, Json], readers: Mapping[str, list[str]]) -> None:
    """Facts that have the same readers, the same need and the same model, in one box."""
    together: dict[tuple[tuple[str, ...], str, str], list[str]] = defaultdict(list)
    for name, reading in readers.items():
        fact = facts.get(name, {"need": COMPUTED})
        together[tuple(dict.fromkeys(reading)), fact["need"], _model(fact)].append(name)
    for (targets, need, model), names in together.items():
        name = f"facts {names[0]}"
        note = _NOTES.get(need, "") if not model else "(scored)" if need == COMPUTED else "(scored, if not sent)"
        flow.boxes[name] = Box(Shape.FACTS, (*names, *([note] if note else [])), faint=need != REQUIRED)
        if model:
            flow.arrows[model, name] = None
        for reader in targets:
            flow.arrows[name, reader] = None


_NOTES = {COMPUTED: "(computed)", FOR_A_SCORE: "(for the score)", OPTIONAL: "(may be left out)"}


def _outputs(flow: Flow, sheet: Json) -> None:
    """A box for each value that the service gives, and one for the verdict."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, box in flow.boxes.items():
        if box.shape is Shape.DECISION:
            by_name[box.lines[0]].append(name)
    outputs = {name: value.get("fields") or [value["type"]] for name, value in sheet["gives"].items()}
    if sheet["gives_verdict"]:
        outputs[_VERDICT] = ["permit, review or deny"]
    for output, parts in outputs.items():
        name = f"output {output}"
        flow.boxes[name] = Box(Shape.OUTPUT, (output, *parts))
        for decision in by_name[output]:
            flow.arrows[decision, name] = None
