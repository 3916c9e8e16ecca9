"""What the models on file read, from their cards alone: without the scoring libraries, which take long to load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ordain.engine.errors import MalformedRequest
from ordain.engine.policy.facts import Fact
from ordain.engine.text.regular import bytes_of
from ordain.engine.values.json_text import read_json
from ordain.engine.values.types import ANY
from ordain.models.limits import LIMITS


@dataclass(frozen=True, slots=True)
class OnFile:
    """The newest version of a model, known by its card; it does not score."""

    name: str
    version: str
    reads: tuple[Fact, ...]
    digest: str = ""


def models_on_file(directory: Path) -> list[OnFile] | None:
    """The newest version of each model in a directory of models; None when there is no such directory.

    A model whose card cannot be read cannot score either, and is left out.
    """
    if not directory.is_dir():
        return None
    models = []
    for place in sorted(directory.iterdir()):
        versions = [int(each.name) for each in place.glob("*") if each.name.isdecimal()]
        if versions and (model := _read(place / str(max(versions)) / "card.json")) is not None:
            models.append(model)
    return models


def _read(card: Path) -> OnFile | None:
    try:
        data: Any = read_json(bytes_of(card, LIMITS.model_bytes), "card")
        features = [(str(each["name"]), each["protected"] is True) for each in data["features"]]
        return OnFile(
            str(data["name"]),
            str(data["version"]),
            tuple(Fact(name, ANY, protected=protected) for name, protected in features),
        )
    except (OSError, MalformedRequest, KeyError, TypeError):
        return None
