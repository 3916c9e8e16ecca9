"""The file that a report or an export is written to: what is there already is not replaced by a slip of the pen."""

from __future__ import annotations

from pathlib import Path

from ordain.engine.errors import ExportFailed


def check_target(path: Path, replace: bool, ending: str) -> None:
    """Raises ExportFailed for a file that is there already.

    With `replace` one of the same `ending`, such as `.csv`, may be: a ledger, key, policy or file of settings is none.
    """
    if not path.exists():
        return
    if not replace:
        raise ExportFailed(f"`{path}` already exists", "name another file, or use --replace")
    if path.suffix.lower() != ending or not path.is_file():
        raise ExportFailed(f"`{path}` is no {ending} file, so it is not replaced", f"name a file that ends in {ending}")
