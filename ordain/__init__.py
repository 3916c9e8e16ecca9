"""Ordain: decisions by policy, each on record. `Decider` asks policies from Python (docs/python.md)."""

import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordain.api.decider import Decider

__all__ = ["Decider", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`Decider` is imported with its first use: to import `ordain` alone costs nothing."""
    if name == "Decider":
        return pkgutil.resolve_name("ordain.api.decider:Decider")
    raise AttributeError(f"module `ordain` has no `{name}`")
