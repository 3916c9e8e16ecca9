"""Names of a policy for the keys of a graph: `creditScore` is `credit_score`, at every level."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax.lexer import is_name

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OWN = frozenset({"item", "partial", "each"})
"""What expressions name themselves."""


def snake(key: str) -> str:
    """The name for a key, a word that a policy may use."""
    words = re.sub(r"_+", "_", re.sub(r"\W", "_", _HUMP.sub("_", key.strip()))).strip("_").lower()
    if not words:
        return "value"
    return words if is_name(words) and words not in FUNCTIONS and words not in _OWN else f"the_{words}"


def hyphened(text: str) -> str:
    """The name of a policy, service or rule."""
    words = re.sub(r"[^a-z0-9]+", "-", snake(text).replace("_", "-"))
    return words.strip("-") or "graph"


class Names:
    """The names that are taken: facts and decisions share them. `kept` are those of the keys that a graph is given."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.taken: set[str] = set()
        self.kept: dict[str, str] = {}
        for key in keys:
            self.kept[key] = self.new(key)

    def new(self, *wishes: str) -> str:
        """The first of the wishes that is free, otherwise the last with a number; taken from now on."""
        names = [snake(wish) for wish in wishes]
        name = next((name for name in names if name not in self.taken), "")
        number = 2
        while not name or name in self.taken:
            name, number = f"{names[-1]}_{number}", number + 1
        self.taken.add(name)
        return name
