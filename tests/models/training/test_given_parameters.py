"""`ordain train MODEL --with NAME=VALUE`: parameters as they are written, checked against what a model declares."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ordain.engine.errors import SettingsError
from ordain.models.spec import Adjustable
from ordain.models.specs.catalogue import SPECS, spec_of
from ordain.models.training.given_parameters import adjusted_by


def adjusted(model: str, *written: str) -> Any:
    return adjusted_by(spec_of(model), written)


def test_a_parameter_takes_the_place_of_the_models_own(tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("profiles: {}\n")
    made = adjusted("segments", "segments=5", "method = ward", "radius=0.5", f"names={names}")
    assert (made.segments, made.method, made.radius, made.names) == (5, "ward", 0.5, names)
    assert adjusted("demand", "country=IN").country == "IN"
    assert str(adjusted("lifetime_value", "discount=0.08").discount) == "0.08"
    assert adjusted("churn") is spec_of("churn")


@pytest.mark.parametrize("model", SPECS)
def test_every_parameter_that_a_model_declares_is_one_of_its_own(model: str) -> None:
    spec: Any = spec_of(model)
    if isinstance(spec, Adjustable):
        assert {each.name for each in spec.parameters} <= {each.name for each in fields(spec)}


@pytest.mark.parametrize(
    ("model", "written", "message", "hint"),
    [
        ("segments", "segment=5", "takes no parameter `segment`", "did you mean `segments`?; it takes `method`"),
        ("segments", "segments=5.5", "`5.5` is no whole number", "`segments` (a whole number)"),
        (
            "segments",
            "segments=five",
            '`segments` of the model `segments`: the text `"five"` is not a number',
            "a whole number",
        ),
        ("segments", "method=kmean", "is not one of its values; did you mean `kmeans`?", "kmeans or ward or dbscan"),
        ("segments", "segments", "`segments` says no value", "write `segments=` and a value"),
        ("segments", "names=none.yaml", "there is no file `none.yaml`", "(a file)"),
        ("churn", "trees=5", "the model `churn` takes no parameters", "leave `--with` out"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_write_instead(model: str, written: str, message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        adjusted(model, written)
    [issue] = caught.value.issues
    assert message in issue.message
    assert hint in issue.hint


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        adjusted("segments", "segments=5", "segments=6", "trees=1")
    assert [issue.message for issue in caught.value.issues] == [
        "`segments` is given twice",
        "the model `segments` takes no parameter `trees`",
    ]
