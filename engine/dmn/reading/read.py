"""A `.dmn` file as a policy whose faults give null (DMN 1.1 to 1.6)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ordain.engine.dmn.reading.boxed import Lifted
from ordain.engine.dmn.reading.decision_tables import names_read
from ordain.engine.dmn.reading.elements import Elements
from ordain.engine.dmn.reading.files import (
    DECISION,
    FUNCTION,
    INPUT,
    SERVICE,
    Imported,
    Node,
    Sources,
    name_of,
    read_sources,
)
from ordain.engine.dmn.reading.items import Items
from ordain.engine.dmn.reading.own import OWN
from ordain.engine.dmn.reading.xml import Element
from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.policy.model import Effective, Policy
from ordain.engine.text.source import digest_of
from ordain.engine.values.types import ANY, Type, Value

_KEY = re.compile(r'[{,]\s*(?:"([^"\\\n]{1,100})"|([^\W\d][^:{}\[\](),"\n]{0,100}?))\s*:')
"""A key of a context in a FEEL text, as far as its signs tell: another text may name it after a dot."""

_NAMING = ("itemComponent", "output", "column")


@dataclass(frozen=True, slots=True)
class Model:
    """A model as read. Names of imported elements are `prefix.name`.

    `inputs` are the input data with their types, then the names that decisions read and nothing declares, as in models
    drawn without input data; `unread` are the inputs that no decision asks for, `values` what an input's type lists as
    allowed. `decisions` are those of the file itself; `services` the names of each service's parameters; `functions`
    the business knowledge models.
    `names` has the name used here for an element's namespace and own name, `places` where each element stands, `own`
    Ordain's attributes on `definitions`. `issues` are the texts that could not be read: what holds them gives null.
    """

    name: str
    namespace: str
    policy: Policy
    inputs: Mapping[str, Type]
    unread: frozenset[str]
    decisions: tuple[str, ...]
    services: Mapping[str, tuple[str, ...]]
    functions: tuple[str, ...]
    names: Mapping[tuple[str, str], str]
    values: Mapping[str, tuple[Value, ...]]
    places: Mapping[str, Span]
    own: Mapping[str, str]
    issues: tuple[Issue, ...]


def nothing_imported(namespace: str, location: str) -> bytes | None:
    """For models that may not import others."""
    return None


def read_model(data: bytes, file: str, imported: Imported = nothing_imported) -> Model:
    """The model that a file's bytes say; `imported` gives the bytes of the models it imports.

    Raises PolicyError for what is no DMN, for references that lead nowhere, and for decisions that require each
    other in a circle. A FEEL text that cannot be read is an issue of the model; its decision gives null.
    """
    sources = read_sources(data, file, imported)
    root = sources.main.root
    own = {
        key.removeprefix(f"{{{OWN}}}"): text for key, text in root.attributes.items() if key.startswith(f"{{{OWN}}}")
    }
    fields = _fields(sources)
    issues = list(sources.ignored)
    items = Items(sources, fields, issues)
    items.read_all()
    into = Lifted(items, fields, issues)
    nodes = tuple(sources.nodes())
    elements = Elements(sources, into, frozenset(node.full for node in nodes))
    decisions = tuple(elements.decision(node) for node in _ordered(elements, nodes))
    declared = {node.full: elements.type(node) for node in nodes if node.kind == INPUT}
    inputs = {**declared, **_undeclared(elements)}
    logic = (*decisions, *(function.table for function in into.functions))
    main = tuple(node for node in nodes if node.kind == DECISION and node.source is sources.main)
    types = {node.full: elements.type(node) for node in main}
    policy = replace(
        _header(root, data, own.get("owner", "")),
        decisions=decisions,
        gives=types,
        reads=tuple(inputs),
        types=items.types,
        functions=tuple(into.functions),
    )
    return Model(
        name=name_of(root),
        namespace=sources.main.namespace,
        policy=policy,
        inputs=inputs,
        unread=frozenset(inputs).difference(*map(names_read, logic)),
        decisions=tuple(types),
        services={n.full: tuple(p.name for p in elements.parameters(n)) for n in nodes if n.kind == SERVICE},
        functions=tuple(node.full for node in nodes if node.kind == FUNCTION),
        names={(node.source.namespace, node.name): node.full for node in nodes},
        values={n.full: elements.type(n).listed for n in nodes if n.kind == INPUT},
        places={**elements.undeclared, **{node.full: node.element.span for node in nodes}},
        own=own,
        issues=tuple(dict.fromkeys(issues)),
    )


def _header(root: Element, data: bytes, owner: str) -> Policy:
    """The policy of a model before anything of its logic is read."""
    return Policy(
        name=kebab(name_of(root)),
        version=1,
        kind="decision",
        effective=Effective(dt.date(1, 1, 1)),
        owner=owner,
        purpose=_description(root),
        constants={},
        decisions=(),
        must_hold=(),
        gives={},
        reads=(),
        may_miss=False,
        examples=(),
        digest=digest_of(data),
        text=data,
        span=root.span,
        lenient=True,
    )


def kebab(name: str) -> str:
    """A model's name as policies are named."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return words if words[:1].isalpha() else f"model-{words}".rstrip("-")


def _description(root: Element) -> str:
    description = root.first("description")
    return " ".join(description.text.split()) if description is not None else ""


def _undeclared(elements: Elements) -> dict[str, Type]:
    """The names that nothing declares, each with the type of the first table input that asks for it alone."""
    types = dict.fromkeys(elements.undeclared, ANY)
    source = elements.sources.main
    for part in source.root.walk():
        text = part.first("text") if part.name == "inputExpression" else None
        if text is not None and types.get(name := text.text.strip()) is ANY:
            types[name] = elements.into.items.type(part.get("typeRef"), source)
    return types


def _fields(sources: Sources) -> frozenset[str]:
    """The names that may stand after a dot: of components, entries, outputs and columns, keys in texts."""
    names: set[str] = set()
    for source in sources.by_namespace.values():
        for part in source.root.walk():
            if part.name in _NAMING:
                names.add(name_of(part))
            elif part.name == "contextEntry":
                names.update(name_of(variable) for variable in part.all("variable"))
            elif part.name == "text" and ":" in part.text:
                names.update(" ".join((match[1] or match[2]).split()) for match in _KEY.finditer(part.text))
    for node in sources.nodes():
        if node.kind == SERVICE:
            names.update(output.name for output in sources.listed(node, "outputDecision"))
    return frozenset(names - {""})


def _ordered(elements: Elements, nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Everything that is made, in the order of the file but after all it requires. Raises PolicyError for a circle."""
    done: dict[Node, None] = {}
    for start in nodes:
        path = {start: elements.needs(start)}
        while start not in done:
            node, further = next(reversed(path.items()))
            other = next((each for each in further if each not in done), None)
            if other is None:
                path.pop(node)
                done[node] = None
            elif other not in path:
                path[other] = elements.needs(other)
            else:
                walked = list(path)
                _refuse_circle([*walked[walked.index(other) :], other])
    return tuple(node for node in done if node.kind != INPUT)


def _refuse_circle(circle: Sequence[Node]) -> None:
    """Raises PolicyError, unless all are functions: none of them is called before all are there."""
    if any(node.kind != FUNCTION for node in circle):
        path = " -> ".join(f"`{node.full}`" for node in circle)
        hint = "take out one of the requirements"
        raise PolicyError(Issue(f"these require each other: {path}", hint, circle[0].element.span))
