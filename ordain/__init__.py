"""Ordain: decisions by policy, each on record. `Decider` asks policies from Python (docs/python.md)."""

import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordain.api.decider import Decider

    __version__: str

__all__ = ["Decider", "__version__"]
_PLACES = {"Decider": "ordain.api.decider:Decider", "__version__": "ordain.engine.version:VERSION"}


def __getattr__(name: str) -> Any:
    """What it names is imported with its first use: to import `ordain` alone costs nothing."""
    if name in _PLACES:
        return pkgutil.resolve_name(_PLACES[name])
    raise AttributeError(f"module `ordain` has no `{name}`")
