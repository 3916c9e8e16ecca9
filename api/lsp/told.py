"""What an editor shows of a fact, a decision, a constant, a function: texts in Markdown."""

from __future__ import annotations

from ordain.api.limits import LIMITS
from ordain.api.lsp.document import Declared, Document, Named
from ordain.api.lsp.layout import Path
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.reference import signatures
from ordain.engine.policy.facts import REQUEST, Fact
from ordain.engine.values.types import Kind, Type


def code(text: str) -> str:
    """A text in backticks, of which it may have some itself."""
    fence = "``" if "`" in text else "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def type_told(of: Type) -> str:
    """A type in a few words: `number in INR`, `text, may be missing`."""
    inner = of.item if of.kind is Kind.LIST and of.item is not None else of
    return f"{of} in {inner.unit}" if inner.unit else str(of)


def fact_detail(fact: Fact) -> str:
    """One line beside a fact's name."""
    values = values_of(fact)
    told = type_told(fact.type)
    return f"{told}: {', '.join(values[:6])}{', ...' if len(values) > 6 else ''}" if values else told


def values_of(fact: Fact) -> tuple[str, ...]:
    """The declared values of a fact, or of the items of one that is a list."""
    return fact.type.item.values if fact.type.kind is Kind.LIST and fact.type.item is not None else fact.type.values


def fact_told(fact: Fact) -> str:
    """All that facts.yaml says of a fact."""
    lines = [f"**{fact.name}** · {type_told(fact.type)}", "", fact.meaning, ""]
    if fact.limits is not None:
        lines.append(f"- range {code(str(fact.limits))}")
    if fact.precision is not None:
        lines.append(f"- rounded to {fact.precision} digits after the point")
    if values := values_of(fact):
        more = f" and {len(values) - LIMITS.told_values} more" if len(values) > LIMITS.told_values else ""
        lines.append(f"- values {', '.join(map(code, values[: LIMITS.told_values]))}{more}")
    lines.extend(f"- field {code(name)}: {type_told(of)}" for name, of in _fields(fact.type).items())
    if fact.default is not None:
        lines.append(
            f"- when missing {code(str(fact.default).lower() if isinstance(fact.default, bool) else str(fact.default))}"
        )
    elif fact.optional:
        lines.append("- may be missing, and is null then")
    if fact.sources != (REQUEST,):
        lines.append(f"- comes from {', then '.join(fact.sources)}")
    if fact.personal:
        lines.append("- personal: encrypted in the ledger, and named in disclosures")
    if fact.fixed:
        lines.append("- fixed: it cannot become another")
    if fact.protected:
        lines.append("- protected: no price and no intervention may depend on it")
    if fact.retired is not None:
        lines.append(f"- retired: no policy may read it after {fact.retired}")
    return "\n".join(lines).rstrip()


def _fields(of: Type) -> dict[str, Type]:
    inner = of.item if of.kind is Kind.LIST and of.item is not None else of
    return dict(inner.fields)


def function_told(name: str) -> str:
    """What a built-in function does: its ways to be called, its meaning, an example."""
    entry = FUNCTIONS[name]
    own = " *Ordain's own, not DMN's.*" if entry.own else ""
    calls = "\n".join(signatures(name, entry))
    return f"```text\n{calls}\n```\n{entry.meaning}{own}\n\n{code(entry.example)} gives {code(entry.result)}"


def declared_told(document: Document, declared: Declared, found: Type | None) -> str:
    """What a policy says of a decision, a constant or a function of its own; `found` is its type, if known."""
    path, name = declared.scalar.path, declared.name
    words = {Named.DECISION: "decision", Named.CONSTANT: "constant", Named.FUNCTION: "function"}
    of = type_told(found) if found is not None else _gives(document, path)
    lines = [f"**{name}** · {words[declared.kind]}{f', {of}' if of else ''}", ""]
    layout = document.layout
    for key in ("meaning", "because"):
        if text := layout.text_at(*path, key):
            lines += [text, ""]
    if declared.kind in (Named.CONSTANT, Named.FUNCTION):
        value = layout.value(*path) or layout.value(*path, "value")
        if value is not None:
            lines.append(code(value.value.strip()[: LIMITS.told_characters]))
    for parameter in layout.keys_in(*path, "takes"):
        lines.append(f"- takes {code(parameter.value)}: {_taken(document, (*path, 'takes', parameter.value))}")
    if formula := layout.text_at(*path, "formula"):
        lines.append(code(" ".join(formula.split())[: LIMITS.told_characters]))
    outputs = found.fields if found is not None else {}
    for output in document.outputs_of(path) if declared.kind is Named.DECISION else ():
        if output:
            given = outputs.get(output)
            told = type_told(given) if given is not None else _gives(document, (*path, output), path)
            lines.append(f"- {code(output)}: {told}")
    return "\n".join(lines).rstrip()


def _taken(document: Document, at: Path) -> str:
    return document.layout.text_at(*at) or document.layout.text_at(*at, "type")


def _gives(document: Document, path: Path, of: Path = ()) -> str:
    """A type as a policy writes it."""
    at = (*of, "gives", path[-1]) if of else (*path, "gives")
    return document.layout.text_at(*at) or document.layout.text_at(*at, "type")
