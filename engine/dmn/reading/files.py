"""A `.dmn` file and those that it imports, as elements by name and id (DMN 1.5, sections 6.3.2 and 6.3.3).

An element of an imported model is known here as `prefix.name`, where the prefix is the import's name; a nested import
adds another prefix. A model that is imported twice is read once, under the shortest of its prefixes. An element that
an import without a name brings is `namespace#name` where the importing model, or another import before it, has that
name already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ordain.engine.dmn.reading.own import OWN
from ordain.engine.dmn.reading.xml import Element, parse
from ordain.engine.errors import Issue, PolicyError, Span, did_you_mean
from ordain.engine.limits import LIMITS

VERSIONS = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}
"""The namespaces of the model elements, and the version of DMN that each belongs to."""

INPUT, DECISION, FUNCTION, SERVICE = "inputData", "decision", "businessKnowledgeModel", "decisionService"
_KINDS = (INPUT, DECISION, FUNCTION, SERVICE)
_REQUIRED = ("requiredInput", "requiredDecision", "requiredKnowledge")

Imported = Callable[[str, str], bytes | None]
"""The bytes of the model with a namespace, which stands at a location URI if one is given; None: not there."""


def name_of(element: Element) -> str:
    """The element's name with single spaces."""
    return " ".join(element.get("name").split())


@dataclass(frozen=True, slots=True)
class Import:
    prefix: str
    namespace: str


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An input, a decision, a business knowledge model or a decision service. `known` is its variable's name."""

    kind: str
    name: str
    known: str
    element: Element
    source: Source

    @property
    def full(self) -> str:
        """Its name as seen from the file that was asked for."""
        if self.name in self.source.hidden:
            return f"{self.source.namespace}#{self.name}"
        return self.source.qualified(self.name)

    @property
    def nicknames(self) -> tuple[str, ...]:
        """Other names that Camunda's engines have for a decision: its id, and its table's only output."""
        table = self.element.first("decisionTable") if self.kind == DECISION else None
        outputs = [name_of(output) for output in table.all("output")] if table is not None else []
        names = [self.element.get("id"), *outputs] if len(outputs) == 1 else [self.element.get("id")]
        return tuple(filter(None, names)) if self.kind == DECISION else ()

    @property
    def type_ref(self) -> str:
        variable = self.element.first("variable")
        return variable.get("typeRef") if variable is not None else ""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file. `nodes` are its elements by id and `items` its item definitions by name.

    `prefix` is what leads to it from the file that was asked for. `hidden` are the names of its elements that another
    file, which imports it without a name, has itself.
    """

    file: str
    root: Element
    namespace: str
    prefix: str
    imports: tuple[Import, ...]
    nodes: dict[str, Node] = field(default_factory=dict)
    items: dict[str, Element] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def qualified(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """All files of a model, by namespace; the one that was asked for is `main`."""

    main: Source
    by_namespace: Mapping[str, Source]
    ignored: tuple[Issue, ...]

    def nodes(self) -> Iterator[Node]:
        """Every element, those of imported files last."""
        for source in self.by_namespace.values():
            yield from source.nodes.values()

    def target(self, reference: Element, source: Source) -> Node:
        """The element that an `href` leads to. Raises PolicyError."""
        namespace, _, identity = reference.get("href").rpartition("#")
        of = self.by_namespace.get(namespace or source.namespace)
        if of is None:
            hint = did_you_mean(namespace, self.by_namespace)
            raise PolicyError(Issue(f"the model `{namespace}` is not imported", hint, reference.span))
        if identity not in of.nodes and not namespace:
            # What is imported without a name is as if it stood here, and some tools refer to it so.
            plain = (self.by_namespace.get(part.namespace) for part in source.imports if not part.prefix)
            of = next((other for other in plain if other is not None and identity in other.nodes), of)
        if identity not in of.nodes:
            hint = did_you_mean(identity, of.nodes)
            raise PolicyError(Issue(f"there is no element with the id `{identity}`", hint, reference.span))
        return of.nodes[identity]

    def required(self, node: Node) -> tuple[Node, ...]:
        """What an element requires, in the order of the file: inputs, decisions, functions. Raises PolicyError."""
        required: list[Node] = []
        for requirement in node.element.all("informationRequirement", "knowledgeRequirement"):
            required.extend(self.target(part, node.source) for part in requirement.all(*_REQUIRED))
        return tuple(required)

    def listed(self, node: Node, *names: str) -> tuple[Node, ...]:
        """The elements that a decision service lists under `names`. Raises PolicyError."""
        return tuple(self.target(part, node.source) for part in node.element.all(*names))

    def seen_as(self, node: Node, source: Source) -> tuple[str, ...]:
        """The names by which the texts of `source` know an element."""
        names = dict.fromkeys((node.known, node.name))
        if node.source is source:
            return tuple(names)
        prefixes = [part.prefix for part in source.imports if part.namespace == node.source.namespace] or [""]
        return tuple(f"{prefix}.{name}" if prefix else name for prefix in prefixes for name in names)


def read_sources(data: bytes, file: str, imported: Imported) -> Sources:
    """The file and all that it imports, directly or not. Raises PolicyError."""
    ignored: list[Issue] = []
    main = _source(data, file, "", ignored)
    models = {main.namespace: main}
    inside = embedded(main.root)
    waiting = [main]
    while waiting:
        source = waiting.pop(0)
        for element, part in zip(_imports(source.root), source.imports, strict=True):
            if part.namespace in models:
                continue
            if len(models) >= LIMITS.imported_models:
                raise PolicyError(Issue(f"more than {LIMITS.imported_models} models are imported", "", element.span))
            prefix = source.qualified(part.prefix) if part.prefix else source.prefix
            found = inside.get(part.namespace) or _bytes(imported, element, part)
            further = _source(found, _describe_place(element, part), prefix, ignored)
            if further.namespace != part.namespace:
                message = f"`{part.namespace}` is imported, and the model found there is `{further.namespace}`"
                raise PolicyError(Issue(message, "", element.span))
            models[part.namespace] = further
            waiting.append(further)
    sources = Sources(main, models, tuple(ignored))
    _hide_doubles(sources)
    _refuse_doubles(sources)
    return sources


def embedded(root: Element) -> dict[str, bytes]:
    """The models that stand inside a file, by their namespaces; see `bundled`."""
    holders = root.all("extensionElements")
    models = (part for holder in holders for part in holder.children if (part.namespace, part.name) == (OWN, "model"))
    return {model.get("namespace"): model.text.encode() for model in models}


def _source(data: bytes, file: str, prefix: str, ignored: list[Issue]) -> Source:
    root = parse(data, file)
    if root.name != "definitions" or root.namespace not in VERSIONS:
        message = f"this is not a DMN model: its root is `{root.name}` of `{root.namespace or 'no namespace'}`"
        versions = ", ".join(dict.fromkeys(VERSIONS.values()))
        raise PolicyError(Issue(message, f"`definitions` of DMN {versions} is read", root.span))
    for element in root.all("import"):
        if not _is_model(element):
            message = f"the import `{element.get('name') or element.get('namespace')}` is not read"
            ignored.append(Issue(message, "only DMN models are imported", element.span))
    imports = tuple(Import(name_of(element), element.get("namespace")) for element in _imports(root))
    source = Source(file, root, root.get("namespace"), prefix, imports)
    for element in root.all("itemDefinition"):
        source.items.setdefault(name_of(element), element)
    for element in root.all(*_KINDS):
        variable = element.first("variable")
        known = name_of(variable) if variable is not None else ""
        name = name_of(element) or known or element.get("id")
        if not name:
            raise PolicyError(Issue(f"this `{element.name}` has no name", 'name="..."', element.span))
        identity = element.get("id") or name
        if (first := source.nodes.get(identity)) is not None:
            message = f"the id `{identity}` appears twice; first in line {first.element.span.line}"
            raise PolicyError(Issue(message, "an id belongs to one element", element.span))
        source.nodes[identity] = Node(element.name, name, known or name, element, source)
    return source


def _imports(root: Element) -> list[Element]:
    return [element for element in root.all("import") if _is_model(element)]


def _is_model(element: Element) -> bool:
    """Whether an import is of a DMN model; the types that tools write for it are many: of drafts, of the root file."""
    kind = element.get("importType")
    return kind in VERSIONS or ("omg.org/spec/DMN" in kind and "PMML" not in kind)


def _bytes(imported: Imported, element: Element, part: Import) -> bytes:
    data = imported(part.namespace, element.get("locationURI"))
    if data is None:
        message = f"the imported model `{part.namespace}` is not there"
        raise PolicyError(Issue(message, "put its file beside this one", element.span))
    return data


def _describe_place(element: Element, part: Import) -> str:
    return element.get("locationURI") or part.prefix or part.namespace


def _hide_doubles(sources: Sources) -> None:
    """Of elements of one name that imports without a name bring together, that of the first file keeps the name."""
    taken: dict[str, Source] = {}
    for node in sources.nodes():
        if taken.setdefault(node.full, node.source) is not node.source:
            node.source.hidden.add(node.name)


def _refuse_doubles(sources: Sources) -> None:
    seen: dict[str, Span] = {}
    for node in sources.nodes():
        if (first := seen.get(node.full)) is not None:
            place = f"first in line {first.line}" + (f" of {first.file}" if first.file != node.source.file else "")
            raise PolicyError(Issue(f"`{node.full}` appears twice; {place}", "rename one of them", node.element.span))
        seen[node.full] = node.element.span
