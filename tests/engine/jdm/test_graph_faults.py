"""A file that is no graph is refused with all that is wrong in it, each with its node."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphs import graph, lines, table
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.engine.errors import MalformedRequest
from ordain.engine.jdm.graph import read_graph
from ordain.engine.jdm.imported import imported
from ordain.engine.limits import LIMITS


def refused(text: bytes | dict[str, Any]) -> str:
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    with pytest.raises(MalformedRequest) as caught:
        read_graph(data, "g.json")
    return str(caught.value)


def changed(**parts: Any) -> dict[str, Any]:
    return {**json.loads(graph(lines("sum", ("x", "1")))), **parts}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "g.json:1:2: this is not JSON"),
        (b"\xff\xfe", "the file is not UTF-8"),
        (b"[]", "this is no GoRules graph"),
        (b'{"nodes": [], "edges": [], "x": NaN}', "`NaN` is no number of JSON"),
        (b"[" * 3000, "nested"),
        (b" " * (LIMITS.graph_bytes + 1), "the file has more than 5,000,000 bytes"),
        (changed(nodes=[]), "the edge `in` has the `sourceId` `in`, which no node has"),
        (changed(nodes=[7]), "node 1 has no `id` and `type`"),
        (
            changed(nodes=[{"id": "in", "type": "inputNode"}, {"id": "sum", "type": "tableNode"}]),
            "unknown type `tableNode`",
        ),
        (changed(nodes=[{"id": "a", "type": "inputNode"}] * 2, edges=[]), "2 nodes have the id `a`"),
        (changed(nodes=[{"id": "sum", "type": "outputNode"}], edges=[]), "the graph has no input node"),
        (changed(nodes=[{"id": str(n), "type": "outputNode"} for n in range(1001)]), "more than 1,000 nodes"),
        (
            graph(lines("a"), lines("b"), edges=[{"sourceId": s, "targetId": t} for s, t in ("ab", "ba")]),
            "nodes lead in a circle: `a` -> `b` -> `a`",
        ),
        (
            changed(nodes=[{"id": "in", "type": "inputNode", "content": {"schema": "{"}}], edges=[]),
            "the schema of node `in` is not JSON",
        ),
        (
            changed(
                nodes=[
                    {"id": "in", "type": "inputNode"},
                    {"id": "t", "type": "decisionTableNode", "content": {"rules": 5}},
                ],
                edges=[],
            ),
            "`rules` of node `t` is no list of objects",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_node(text: Any, message: str) -> None:
    assert message in refused(text)


def test_all_faults_are_told_at_once_with_the_line_of_the_node() -> None:
    text = json.dumps(
        changed(nodes=[{"id": "in", "type": "inputNode"}, {"id": "x", "type": "y"}, 3], edges=[]), indent=1
    )
    said = refused(text.encode())
    assert "unknown type `y`" in said
    assert "node 3 has no `id` and `type`" in said
    line = text[: text.index('"id": "x"')].count("\n") + 1
    assert f"g.json:{line}:" in said


def test_a_graph_that_decides_nothing_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="nothing is left of this graph"):
        imported(graph(), "g.json")


_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "a", "a.b", "> 1", "in", "$", "[1..2]"])
)
_JSON = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "field", "key", "value"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_graph_is_imported_or_refused(data: st.DataObject) -> None:
    whole = json.loads(
        graph(
            table("t", "a", "x", [["> 1", "a + 1"], ["", "2"]]),
            lines("s", ("y", "x * 2")),
            tests=[({"a": 1}, {"y": 4})],
        )
    )
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
            places.append((part, key))
            walk(inner)

    walk(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        part, key = data.draw(st.sampled_from(places))
        part[key] = data.draw(_JSON)
    try:
        done = imported(json.dumps(whole).encode(), "g.json")
    except MalformedRequest:
        return
    assert done.files
