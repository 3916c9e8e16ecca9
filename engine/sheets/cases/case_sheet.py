"""The test cases of a policy as a sheet: what is given, what is expected, and beside it what the policy decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ordain.engine.errors import PolicyError
from ordain.engine.examples.run import FIRED, Decided
from ordain.engine.policy.load import output_paths
from ordain.engine.policy.model import Policy
from ordain.engine.sheets.book import Book, Cell, Sheet, refuse_unfit, text_of
from ordain.engine.sheets.cases.case_cells import node_text, value_text
from ordain.engine.sheets.sections import Row, rows_in
from ordain.engine.sheets.sheet_parts import parts_of, read_nodes
from ordain.engine.text.source import Node

SHEET = "cases"
AT, GIVEN, EXPECT, ACTUAL, REFUSED, VERDICT, COMMENT = (
    "at", "given", "expect", "actual", "refused", "verdict", "comment",
)  # fmt: skip
_NOTES = (
    "One row for each test case: what is given, what is expected, and beside it what the policy decides.",
    "Add rows, or change them. An empty cell under `given` is a fact that is missing; under `expect`, an output that "
    "nobody looks at. `null` is the value null.",
    "`at` is the time of the decision; empty, noon of the policy's first day. `refused` is the error that must come.",
    "The columns `actual` and `verdict` are written anew each time, and never read.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """The texts of one row, without what the policy decides: facts and outputs by name or path."""

    at: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    comment: str = ""


def examples_node(policy: Policy) -> tuple[Node, tuple[Row, ...]]:
    """The examples in a policy's text, and the place of each. Raises PolicyError for a .dmn file, which has none."""
    if policy.lenient:
        raise PolicyError(f"`{policy.label}` is a .dmn file, which has no examples", "convert it: ordain dmn convert")
    text = text_of(policy)
    node, part = read_nodes(text)["examples"], parts_of(text).get("examples")
    if part is None:
        raise AssertionError("a policy has examples")
    return node, tuple(rows_in(text, part, node))


def cases_of(policy: Policy) -> tuple[Case, ...]:
    """The examples of a policy, as they are written in its file. Raises PolicyError."""
    node, rows = examples_node(policy)
    return tuple(_case(example, "\n".join(row.comments)) for example, row in zip(node.nodes(), rows, strict=True))


def _case(node: Node, comment: str) -> Case:
    at, expect, refused = node.get("at"), node.get("expect"), node.get("refused")
    return Case(
        at.text if at is not None else "",
        _texts(node["given"]),
        _texts(expect) if expect is not None else {},
        refused.text if refused is not None else "",
        comment,
    )


def _texts(node: Node) -> dict[str, str]:
    return {name: node_text(part) for name, part in node.items()}


def case_book(policy: Policy, cases: Sequence[tuple[Case, Decided]]) -> Book:
    """The sheet of these cases. Raises PolicyError where a spreadsheet could not give a text back."""
    facts = _in_order(policy.reads, (case.given for case, _ in cases))
    paths = _in_order((*output_paths(policy.gives), FIRED), (case.expect for case, _ in cases))
    headings = [AT, *(f"{GIVEN}: {name}" for name in facts)]
    for path in paths:
        headings += [f"{EXPECT}: {path}", f"{ACTUAL}: {path}"]
    headings += [REFUSED, f"{ACTUAL}: {REFUSED}", VERDICT, COMMENT]
    rows = []
    for number, (case, tried) in enumerate(cases, start=2):
        texts = [case.at, *(case.given.get(name, "") for name in facts)]
        for path in paths:
            texts += [case.expect.get(path, ""), "" if tried.error is not None else value_text(tried.actual(path))]
        texts += [case.refused, tried.refused, verdict_of(case, tried), case.comment]
        rows.append(tuple(Cell(text, number, column) for column, text in enumerate(texts, start=1)))
    heads = tuple(Cell(text, 1, column) for column, text in enumerate(headings, start=1))
    sheet = Sheet(SHEET, SHEET, (), heads, tuple(rows))
    refuse_unfit([sheet])
    return Book(policy.name, str(policy.version), policy.digest, (sheet,), notes=_NOTES)


def _in_order(known: Iterable[str], used: Iterable[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys((*known, *(name for names in used for name in names))))


@dataclass(frozen=True, slots=True)
class Difference:
    """An output that comes out otherwise. `path` is `refused` where an error is, or should have been, the outcome."""

    path: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.path} is {self.actual}, not {self.expected}"


def differences(case: Case, tried: Decided) -> Iterator[Difference]:
    """What a case expects otherwise than the policy decides; nothing where it expects nothing."""
    if not case.expect and not case.refused:
        return
    if tried.refused != case.refused:
        yield Difference(REFUSED, case.refused or "decided", tried.refused or "decided")
    elif tried.error is None:
        for path in tried.differing:
            yield Difference(path, value_text(tried.example.expect[path]), value_text(tried.actual(path)))


def verdict_of(case: Case, tried: Decided) -> str:
    """`ok`, what differs, or that nothing is expected."""
    if not case.expect and not case.refused:
        return "nothing expected"
    differing = "; ".join(map(str, differences(case, tried)))
    return f"differs: {differing}" if differing else "ok"
