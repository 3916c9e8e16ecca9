"""A user's own text stands in backticks, and a backtick in it does not end it."""

from __future__ import annotations

import pytest

from ordain.engine.errors import quoted


@pytest.mark.parametrize(("text", "shown"), [("a", "`a`"), ("a`b", "`a'b`"), ("```", "`'''`"), ("", "``")])
def test_a_backtick_within_is_shown_as_another_sign(text: str, shown: str) -> None:
    assert quoted(text) == shown
    assert quoted(text).count("`") == 2
