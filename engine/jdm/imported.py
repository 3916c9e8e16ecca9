"""A GoRules graph as a policy: its decisions, the facts it reads, its service, and its tests as examples."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.dmn.converting.yaml_text import yaml_text
from ordain.engine.errors import Issue, MalformedRequest, PolicyError
from ordain.engine.jdm.data.scope import Scope
from ordain.engine.jdm.data.values import Data, Open, Record
from ordain.engine.jdm.data.ways import ALWAYS, Guards
from ordain.engine.jdm.facts.asked_facts import Facts, answer_shape, known_shape, sure_keys
from ordain.engine.jdm.following.course import Flow
from ordain.engine.jdm.following.decisions_written import Writing
from ordain.engine.jdm.following.walk import follow, produced_in
from ordain.engine.jdm.graph import FUNCTION, GRAPH, Graph, read_graph
from ordain.engine.jdm.policy_names import Names, hyphened
from ordain.engine.jdm.result.answer import Answer, answer_of
from ordain.engine.jdm.result.trials import Bench, Trial, made_up
from ordain.engine.jdm.saying.translate import DIVISION, EQUALITY, LOOKUP, REMAINDER
from ordain.engine.limits import LIMITS
from ordain.engine.policy.load import load_besides_examples
from ordain.engine.policy.load_facts import load_vocabulary

_FIRST_DAY = dt.date(2000, 1, 1)
_NO_FACTS = {"nothing": {"type": "text", "meaning": "no fact is read"}}
_DIFFERENT = {
    DIVISION: "a division by zero is null in ZEN, and refuses the decision in a policy",
    LOOKUP: "a position behind the end of a list is null in ZEN, and refuses the decision in a policy",
    EQUALITY: "two lists or objects are never equal in ZEN; in a policy they are when their parts are",
    REMAINDER: "the remainder of a negative number has the other sign than in ZEN",
}
ReadFile = Callable[[str], bytes | None]
"""The bytes of a graph that another one names, or None."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of each file by its path below the folder of policies, what was lost or changed, and each test."""

    name: str
    files: Mapping[str, str]
    notes: tuple[Issue, ...]
    trials: tuple[Trial, ...]


def imported(text: bytes, file: str, name: str = "", read: ReadFile = lambda key: None) -> Imported:
    """The policy `<name>/v1.yaml`, `facts.yaml` and `services.yaml` for the graph in a file.

    Raises MalformedRequest for what is no graph, and for one that decides nothing.
    """
    graph = read_graph(text, file)
    others = _Others(file, read, len(graph.nodes))
    others.find(graph)
    return _Import(graph, hyphened(name or file.rpartition("/")[2].removesuffix(".json")), others).run()


class _Others:
    """The graphs that a graph names, each read once."""

    def __init__(self, file: str, read: ReadFile, nodes: int) -> None:
        self.folder = file.rpartition("/")[0]
        self.read, self.nodes = read, nodes
        self.graphs: dict[str, Graph | None] = {}

    def find(self, graph: Graph) -> None:
        for node in graph.nodes.values():
            if node.type == GRAPH and isinstance(node.content, str) and node.content not in self.graphs:
                self.graphs[node.content] = None
                data = self.read(node.content)
                if data is not None:
                    found = read_graph(data, node.content)
                    self.nodes += len(found.nodes)
                    if self.nodes > LIMITS.graph_nodes:
                        raise MalformedRequest(f"the graphs have more than {LIMITS.graph_nodes:,} nodes together")
                    self.graphs[node.content] = found
                    self.find(found)


class _Import:
    def __init__(self, graph: Graph, name: str, others: _Others) -> None:
        self.graph, self.name = graph, name
        self.notes: list[Issue] = []
        sure, span = sure_keys(graph), graph.span
        known = [other for other in others.graphs.values() if other is not None]
        names, scope = Names(sorted(sure)), Scope()
        self.facts = Facts(known_shape(graph, known), answer_shape(graph), sure, scope, names, span, self.notes)
        self.data = Data(scope, Guards(), self.facts.fact, sure, span)
        self.writing = Writing(scope, names)
        self.flow = Flow(self.data, self.facts, self.writing, self.notes, others.graphs.get)
        self.flow.produced = sum((produced_in(one) for one in (graph, *known)), Counter())

    def run(self) -> Imported:
        span = self.graph.span
        value = follow(self.flow, self.graph, Record(base=Open()), ALWAYS)
        answer = answer_of(value, self.data, self.writing, self.facts, self.notes, span)
        if not answer.given:
            hint = "; ".join(note.message for note in self.notes[:3])
            raise MalformedRequest(Issue("nothing is left of this graph that decides anything", hint, span))
        bench = self.bench(answer)
        trials = tuple(bench.tried(test) for test in self.graph.tests)
        examples = [trial.example for trial in trials if trial.example is not None]
        if not examples:
            said = "no test of the graph can be an example as it is" if trials else "the graph has no tests"
            self.notes.append(Issue(f"{said}: the example is made up", "write those that matter", span))
            examples = [made_up(bench)]
        self.notes.extend(self.differing())
        reads = bench.compiled.policy.reads
        facts = {name: section for name, section in self.facts.sections.items() if name in reads}
        services = {self.name: {"purpose": self.purpose, "policies": [self.name], "gives": answer.decisions}}
        files = {
            f"{self.name}/v1.yaml": self.policy(examples),
            **({"facts.yaml": yaml_text({"facts": facts})} if facts else {}),
            "services.yaml": yaml_text({"services": services}),
        }
        return Imported(self.name, files, tuple(dict.fromkeys(self.notes)), trials)

    @property
    def purpose(self) -> str:
        return f"What the graph {self.graph.file.rpartition('/')[2]} decides."

    def policy(self, examples: list[Mapping[str, Any]]) -> str:
        return yaml_text(
            {
                "policy": self.name,
                "version": 1,
                "kind": "decision",
                "effective": _FIRST_DAY.isoformat(),
                "owner": "unknown",
                "purpose": self.purpose,
                "decides": self.writing.decides,
                "examples": examples,
            }
        )

    def bench(self, answer: Answer) -> Bench:
        """The policy, loaded as `ordain check` loads it, but for its examples, which are not known yet."""
        facts = self.facts.sections or _NO_FACTS
        vocabulary = load_vocabulary(yaml_text({"facts": facts}).encode(), "facts.yaml")
        text = self.policy([{"given": {}, "refused": "NoRuleApplies"}])
        try:
            policy, _ = load_besides_examples(text.encode(), f"{self.name}/v1.yaml", vocabulary)
        except PolicyError as error:
            raise MalformedRequest(error.issues) from None
        unread = (
            {"unread"} if any(node.type in (FUNCTION, "customNode") for node in self.graph.nodes.values()) else set()
        )
        at = dt.datetime.combine(_FIRST_DAY, dt.time(12), dt.UTC)
        differs = frozenset((*self.flow.differs, *unread))
        return Bench(compile_policy(policy), vocabulary, answer, self.facts.named, self.facts.unsaid, differs, at)

    def differing(self) -> list[Issue]:
        """One note for each kind of difference between the languages, with the first place where it may matter."""
        notes = []
        for kind, places in self.flow.differs.items():
            first = next(iter(places))
            more = f", and in {len(places) - 1} more places" if len(places) > 1 else ""
            notes.append(Issue(f"{first.message}{more}: {_DIFFERENT[kind]}", "", first.span))
        return notes
