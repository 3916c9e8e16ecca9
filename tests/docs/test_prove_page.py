"""The page about proofs names exactly the functions that they cover."""

from __future__ import annotations

import re
from pathlib import Path

from ordain.engine.backends.smt.smt_functions import FUNCTIONS
from ordain.engine.backends.smt.unsupported import Unsupported
from ordain.engine.backends.smt.world import ASSUMED

PAGE = Path(__file__).parents[2] / "docs" / "prove.md"


def test_the_page_names_the_functions_that_are_covered() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"`([^`]+)`", text.partition("<!-- covered -->")[2].partition("<!-- end -->")[0])
    assert named == [name for name, entry in FUNCTIONS.items() if not isinstance(entry, Unsupported)]


def test_the_page_says_what_is_taken_of_facts_that_do_not_say_it() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert len(ASSUMED) == 5
    numbers = ("at most 12 digits after the point", "a million million")
    for said in (*numbers, "at most 100 years", "from 1900 to 2199", "at most 4 items"):
        assert said in text
