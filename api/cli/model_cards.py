"""What the models on file read, from their cards alone: without the scoring libraries, which take long to load.

Of each model it is the version that decisions are made with: the live one, as the ledger has it, and the newest where
none is live or the ledger cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """One version of a model, known by its card; it does not score."""

    name: str
    version: str
    reads: tuple[Fact, ...]
    digest: str = ""


def models_on_file(directory: Path, live: Mapping[str, int] | None = None) -> list[OnFile] | None:
    """The version of each model in a directory of models that is `live` (`ordain.api.stages.live_versions`), or its
    newest; None when there is no such directory.

    A model whose card cannot be read cannot score either, and is left out.
    """
    if not directory.is_dir():
        return None
    models = []
    for place in sorted(directory.iterdir()):
        versions = [int(each.name) for each in place.glob("*") if each.name.isdecimal()]
        version = (live or {}).get(place.name)
        chosen = version if version in versions else max(versions, default=0)
        if versions and (model := _read(place / str(chosen) / "card.json")) is not None:
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
