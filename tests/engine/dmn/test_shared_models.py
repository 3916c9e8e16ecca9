"""Every model of the shared folder of small models, one for each fault that files of other tools showed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from dmn_models import AT

from ordain.engine.dmn.reading.run_model import facts_of, load_model
from ordain.engine.errors import PolicyError
from ordain.engine.values.types import plain

SHARED = Path(os.environ.get("ORDAIN_SHARED") or Path(__file__).parents[4] / "shared") / "cases" / "dmn"
NOT_ALLOWED = "the value is not among the allowed ones"
NO_ARGUMENT = f"an argument does not fit: {NOT_ALLOWED}"
NO_INPUT = f"the input `x` counts as null: {NOT_ALLOWED}"

Right = tuple[dict[str, Any], dict[str, Any], str]
"""The inputs, the decisions with their right answers, and a reason of a null among them, if there is one."""

RIGHT: dict[str, list[Right]] = {
    "alpha.dmn": [({}, {"A": "6"}, "")],
    "base.dmn": [({}, {"B": "5"}, "")],
    "bfeel.dmn": [({}, {"A": None}, "this is written in B-FEEL")],
    "cells.dmn": [({"x": 1}, {"A": {"r": "a", "s": None}, "T": "ok"}, "this input has no expression")],
    "cp1252.dmn": [({}, {"Größe": "Äé"}, "")],
    "fn.dmn": [({}, {"A": "42"}, "")],
    "iv.dmn": [({"x": "a"}, {"A": None}, NOT_ALLOWED), ({"x": "c"}, {"A": None}, NO_ARGUMENT)],
    "latin1.dmn": [({}, {"Größe": "Äé"}, "")],
    "noname.dmn": [({}, {"A": "6"}, "")],
    "noname2.dmn": [({}, {"A": "101", "B": "100"}, "")],
    "noname3.dmn": [({}, {"A": "6"}, "")],
    "nonm.dmn": [({}, {"a": "1"}, "")],
    "ns.dmn": [({}, {"A": None}, "`text` stands in the namespace `urn:other`, so it is none of DMN's")],
    "outentry.dmn": [({}, {"A": None, "B": None}, "an argument does not fit: a text is not a number")],
    "prio.dmn": [
        (
            {"x": 1},
            {
                "A output typeRef": "Declined",
                "B variable typeRef": "Declined",
                "C table typeRef": ["Declined", "Referred"],
                "D multi by variable": {"status": "Declined", "n": "2"},
            },
            "",
        )
    ],
    "rec.dmn": [({}, {"A": "120"}, "")],
    "sub/rel.dmn": [({}, {"A": "6"}, "")],
    "tc.dmn": [({"x": ["a", "b"]}, {"A": ["a", "b"]}, ""), ({"x": ["a"]}, {"A": None}, NO_INPUT)],
    "tv.dmn": [({"V": {"Type": "car"}}, {"A": "car"}, "")],
    "undef.dmn": [({}, {"A": "2"}, "")],
    "utf16.dmn": [({}, {"Größe": "Äé"}, "")],
    "utf8bom.dmn": [({}, {"Größe": "Äé"}, "")],
    "v16.dmn": [({}, {"A": "1"}, "")],
}  # fmt: skip
REFUSED = {"doctype.dmn": "a document type or an entity of its own is not allowed"}


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared models are not on this machine (ORDAIN_SHARED names their folder)")
    return SHARED


def test_every_shared_model_gives_the_right_answer_with_the_reason_of_each_null(shared: Path) -> None:
    files = {str(file.relative_to(shared)): file for file in shared.rglob("*.dmn")}
    assert files.keys() == RIGHT.keys() | REFUSED.keys()
    for name, said in REFUSED.items():
        with pytest.raises(PolicyError, match=said):
            load_model(files[name])
    for name, asked in RIGHT.items():
        for given, right, reason in asked:
            runnable = load_model(files[name])
            ran = runnable.run(facts_of(runnable.model, given), AT)
            assert {each: plain(ran.values[each]) for each in runnable.model.decisions} == right, name
            assert not reason or reason in [each.issue.message for each in ran.reasons], name
