"""An example as YAML, ready to stand under `examples:` of a policy."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from ordain.engine.explain.conditions import Run
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy
from ordain.engine.values.temporal import noon
from ordain.engine.values.types import Kind, Type, Value, plain

_WIDTH = 120
_SAFE = re.compile(r"[A-Za-z][\w./-]*( [\w./-]+)*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
_CHECK = "# suggested: check that this is what you want"


def example_text(policy: Policy, vocabulary: Vocabulary, given: Mapping[str, Value], run: Run, about: str) -> str:
    """The lines of one example, from what a run gave; `about` says what it is for.

    Facts that stand for themselves when they are left out are left out.
    """
    facts = {}
    for name in policy.reads:
        fact, value = vocabulary[name], given.get(name)
        if value != fact.default:
            facts[name] = flow_value(value, fact.precision)
    lines = [f"  {_CHECK}", f"  # {about}", *entry_lines("- given", facts, "  ")]
    if (at := _time(policy, run.at)) is not None:
        lines.append(f"    at: {at}")
    if run.error is not None:
        lines.append(f"    refused: {run.error.code}")
    else:
        lines.extend(entry_lines("expect", dict(_outcome(policy, run)), "    "))
    return "\n".join(lines) + "\n"


def shortened(given: Mapping[str, Value], longest: int = 80) -> str:
    """Facts on one line, those without a value left out."""
    text = ", ".join(f"{name}: {flow_value(value)}" for name, value in given.items() if value is not None)
    return text if len(text) <= longest else f"{text[: longest - 3].rstrip()}..."


def outcome_of(policy: Policy, run: Run) -> dict[str, str]:
    """What a policy gave, by path, as an example writes it; empty when it gave nothing."""
    return dict(_outcome(policy, run)) if run.error is None else {}


def _outcome(policy: Policy, run: Run) -> Iterator[tuple[str, str]]:
    for name, type in policy.gives.items():
        yield from _parts(name, type, run.values.get(name))
    yield "fired", f"[{', '.join(map(flow_value, run.fired_in_order))}]"


def _parts(path: str, type: Type, value: Value) -> Iterator[tuple[str, str]]:
    """The outputs by path: an example can name fields, lists and plain values, but no range or function."""
    if type.kind is Kind.CONTEXT and type.fields and isinstance(value, Mapping):
        for name, part in type.fields.items():
            yield from _parts(f"{path}.{name}", part, value.get(name))
    elif type.kind not in (Kind.CONTEXT, Kind.RANGE, Kind.FUNCTION, Kind.ANY):
        yield path, flow_value(value)


def flow_value(value: Value, precision: int | None = None) -> str:
    """A value in YAML's flow form, so that this project's reader reads the same value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if precision and "." in text else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow_value(name)}: {flow_value(part)}" for name, part in value.items()) + "}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(flow_value, value))}]"
    text = str(plain(value))
    is_day = type(value) is dt.date
    safe = is_day or (bool(_SAFE.fullmatch(text)) and text.lower() not in _WORDS)
    return text if safe else json.dumps(text, ensure_ascii=False)


def entry_lines(key: str, parts: Mapping[str, str], indent: str) -> list[str]:
    """A mapping of texts in YAML on one line, or on a line for each entry where it is too long."""
    inner = ", ".join(f"{name}: {part}" for name, part in parts.items())
    line = f"{indent}{key}: {{{inner}}}"
    if len(line) <= _WIDTH or not parts:
        return [line]
    deeper = indent + ("    " if key.startswith("- ") else "  ")
    return [f"{indent}{key}:", *(f"{deeper}{name}: {part}" for name, part in parts.items())]


def _time(policy: Policy, at: dt.datetime) -> str | None:
    """The time as an example says it; None for the one it has when it says none."""
    if at == noon(at.date(), policy.zone):
        return None if at.date() == policy.effective.start else at.date().isoformat()
    return at.isoformat()
