"""Signs that end a line for YAML and for no editor: places are told as editors count them."""

from __future__ import annotations

import pytest

from ordain.engine.errors import PolicyError
from ordain.engine.text.source import parse


@pytest.mark.parametrize("rare", ["\u2028", "\u2029", "\x85"])
def test_a_place_after_a_rare_line_break_is_the_one_that_an_editor_shows(rare: str) -> None:
    node = parse(f'a: "x{rare}  y"\nb: 1\nc: [2, "{rare} 3", 4]\n'.encode(), "f.yaml")
    assert [(node[key].span.line, node[key].span.column) for key in "ab"] == [(1, 5), (2, 4)]
    assert [(item.span.line, item.span.column) for item in node["c"].nodes()] == [(3, 5), (3, 9), (3, 15)]
    with pytest.raises(PolicyError) as caught:
        parse(f'a: "x{rare}  y"\nb: {{\n'.encode(), "f.yaml")
    assert caught.value.issues[0].span is not None
    assert caught.value.issues[0].span.line == 3
