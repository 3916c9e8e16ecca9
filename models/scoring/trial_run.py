"""The process that `trial` begins: it loads a version from its folder and asks it once."""

from __future__ import annotations

import sys
from pathlib import Path

from ordain.engine.errors import ModelDegradationDetected, SettingsError
from ordain.models.registry.card import Card
from ordain.models.specs.catalogue import spec_of


def fault_in(folder: Path) -> str:
    """Loads what `trial` put there, which is what is stored, and asks it for nobody. "" or what is wrong."""
    card = Card.model_validate_json((folder / "card").read_bytes())
    files = {name: (folder / name).read_bytes() for name in card.files}
    try:
        spec_of(card.spec).scorer(files, card.facts, card.parameters).scores([])
    except ModelDegradationDetected as error:
        return error.message
    except SettingsError:  # a library is not installed: who loads it is told so, with what to do
        return ""
    return ""


if __name__ == "__main__":
    wrong = fault_in(Path(sys.argv[1]))
    sys.stdout.write(wrong)
    sys.exit(1 if wrong else 0)
