"""A decision table as another engine has it in a sheet, and that table as a model in DMN's form.

Every expression stands on a line of its own in the model, so that what is found there can be told by its square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ordain.engine.dmn.reading.own import OWN
from ordain.engine.sheets.foreign.squares import Square

_DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"


@dataclass(frozen=True, slots=True)
class Said:
    """A FEEL text and the square that it comes from."""

    text: str
    square: Square


@dataclass(frozen=True, slots=True)
class Asked:
    """A column that asks: FEEL, or, as `fact`, the one name that it is. `type` is DMN's; "" when nobody says it."""

    expression: Said
    type: str = ""
    fact: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """A column that gives the output `name`."""

    name: Said
    type: str = ""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule. `tests` has a text for each column that asks, "" for none; `gives` one for each output."""

    number: int
    id: str
    tests: tuple[Said, ...]
    gives: tuple[Said, ...]
    because: str = ""


@dataclass(frozen=True, slots=True)
class RuleTable:
    hit_policy: Said
    inputs: tuple[Asked, ...]
    outputs: tuple[Given, ...]
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """The text of a `.dmn` file, and of its lines the square that each comes from."""

    text: bytes
    squares: Mapping[int, Square]


def model_of(table: RuleTable, policy: str, decision: str, effective: str, owner: str, purpose: str) -> Model:
    lines: list[str] = []
    squares: dict[int, Square] = {}

    def add(line: str, square: Square | None = None) -> None:
        lines.append(line)
        if square is not None:
            squares[len(lines)] = square

    def put(around: str, said: Said, before: str = "", after: str = "") -> None:
        """An element with an expression, all in one line."""
        text = escape(" ".join(said.text.split()))
        add(f"<{around}>{before}<text>{text}</text>{after}</{around.split()[0]}>", said.square)

    own = f"xmlns:own={quoteattr(OWN)} own:effective={quoteattr(effective)} own:owner={quoteattr(owner)}"
    add(f"<definitions xmlns={quoteattr(_DMN)} {own} name={quoteattr(policy)} namespace='urn:sheet'>")
    add(f"<description>{escape(' '.join(purpose.split()))}</description>")
    facts = {each.expression.text: each for each in table.inputs if each.fact}
    for name, each in facts.items():
        kind = f" typeRef={quoteattr(each.type)}" if each.type else ""
        plain = quoteattr(name)
        line = f"<inputData id={plain} name={plain}><variable name={plain}{kind}/></inputData>"
        add(line, each.expression.square)
    add(f"<decision id={quoteattr('decision ' + decision)} name={quoteattr(decision)}>")
    add(f"<variable name={quoteattr(decision)}/>")
    for name in facts:
        needs = f"<requiredInput href={quoteattr('#' + name)}/>"
        add(f"<informationRequirement>{needs}</informationRequirement>")
    policy_name = " ".join(table.hit_policy.text.upper().replace("_", " ").split())
    add(f"<decisionTable hitPolicy={quoteattr(policy_name)}>", table.hit_policy.square)
    for asked in table.inputs:
        kind = f" typeRef={quoteattr(asked.type)}" if asked.type else ""
        put(f"inputExpression{kind}", asked.expression, "", "")
        lines[-1] = f"<input>{lines[-1]}</input>"
    for given in table.outputs:
        kind = f" typeRef={quoteattr(given.type)}" if given.type else ""
        add(f"<output name={quoteattr(given.name.text)}{kind}/>", given.name.square)
    for row in table.rows:
        add(f"<rule id={quoteattr(row.id)}>")
        add(f"<description>{escape(' '.join(row.because.split()))}</description>")
        for said in row.tests:
            put("inputEntry", said)
        for said in row.gives:
            put("outputEntry", said)
        add("</rule>")
    add("</decisionTable></decision></definitions>")
    return Model("\n".join(lines).encode("utf-8", "replace"), squares)
