"""Reads the places outside the database that checkpoints were taken to.

A place is a folder. Its file `ledger` says whose it is: the origin and a verifying key, a line each. Checkpoints are
files `<size, 12 digits>-<first 16 hex digits of the root>.checkpoint`, timestamps beside them `.tsr`; they may stand
in folders below. After a recovery they go on under `checkpoints-0001`, `-0002` ..., and those of larger sizes from
before have been given up. `erased/` names the keys that were destroyed, each with the entry that says so, and with
`.withdrawn` behind it what did not come about. `recovered/` has a JSON line a recovery.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ordain.audit.verifier.notes import Note, read_note
from ordain.engine.errors import CheckpointRefused, SettingsError, reason_of

_NAME = re.compile(r"([0-9]{12})-([0-9a-f]{16})\.checkpoint")
_ERA = re.compile(r"checkpoints-([0-9]{4})")
_ERASED = re.compile(r"[0-9a-f]{32}-[0-9a-f-]{36}")

NEVER = 2**64
"""Beyond the place of any entry."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """`lost` is whether a recovery has given it up."""

    note: Note
    text: bytes
    file: str
    lost: bool


@dataclass(slots=True)
class Place:
    """`listed` are the keys destroyed, each with the id of an entry; those of them that are `withdrawn` were not, if
    that entry is not there. `faults` are what is wrong with the place itself.
    """

    name: str
    origin: str = ""
    key: str = ""
    notes: list[Anchored] = field(default_factory=list)
    stamped: int = 0
    listed: set[tuple[bytes, str]] = field(default_factory=set)
    withdrawn: set[tuple[bytes, str]] = field(default_factory=set)
    recoveries: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def since(self) -> int:
        """The ledger's size from which on it was there at the latest; of a place that holds nothing, none ever is."""
        sizes = [each.note.size for each in self.notes] + [recovery["size"] for recovery in self.recoveries]
        return min(sizes, default=NEVER)

    @property
    def newest(self) -> Anchored | None:
        return max((each for each in self.notes if not each.lost), key=lambda each: each.note.size, default=None)


def read_place(folder: Path) -> Place:
    """Raises SettingsError when it is no folder, or cannot be read."""
    place = Place(str(folder))
    if not folder.is_dir():
        raise SettingsError(f"there is no anchor place at `{folder}`", "check its path, and that its volume is mounted")
    try:
        _read_identity(folder, place)
        _read_recoveries(folder, place)
        for path in _files(folder):
            if path.suffix == ".tsr":
                place.stamped += 1
            elif path.suffix == ".checkpoint":
                _read_checkpoint(folder, path, place)
        erased = folder / "erased"
        names = os.listdir(erased) if erased.is_dir() else []
        place.listed = {(bytes.fromhex(name[:32]), name[33:]) for name in names if _ERASED.fullmatch(name)}
        withdrawn = {name.removesuffix(".withdrawn") for name in names if name.endswith(".withdrawn")}
        place.withdrawn = {each for each in place.listed if f"{each[0].hex()}-{each[1]}" in withdrawn}
    except OSError as error:
        raise SettingsError(
            f"the anchor place `{folder}` cannot be read: {reason_of(error)}", "check its rights"
        ) from None
    if not place.notes:
        place.faults.append("it holds no checkpoint")
    return place


def _read_identity(folder: Path, place: Place) -> None:
    path = folder / "ledger"
    lines = path.read_bytes().decode(errors="replace").split("\n") if path.is_file() else []
    if len(lines) == 3 and lines[2] == "":
        place.origin, place.key = lines[:2]
    else:
        place.faults.append("its file `ledger` is missing or damaged")


def _read_recoveries(folder: Path, place: Place) -> None:
    noted = folder / "recovered"
    for path in sorted(noted.iterdir()) if noted.is_dir() else ():
        if path.name.startswith("."):
            continue
        try:
            line = json.loads(path.read_bytes())
            if not (type(line["size"]) is int and isinstance(line["entry"], str)):
                raise ValueError
        except (ValueError, TypeError, KeyError, RecursionError):
            place.faults.append(f"its file `recovered/{ascii(path.name)[1:-1]}` is damaged")
        else:
            place.recoveries.append(line)


def _read_checkpoint(folder: Path, path: Path, place: Place) -> None:
    file = path.relative_to(folder).as_posix()
    try:
        text = path.read_bytes()
        note = read_note(text)
    except CheckpointRefused as refused:
        place.faults.append(f"`{file}`: {refused.message}")
        return
    named = _NAME.fullmatch(path.name)
    if not named or int(named[1]) != note.size or named[2] != note.root.hex()[:16]:
        place.faults.append(f"`{file}` holds another checkpoint than its name says")
    era = next((int(numbered[1]) for part in path.parts if (numbered := _ERA.fullmatch(part))), 0)
    given_up = any(note.size > recovery["size"] for recovery in place.recoveries[era:])
    place.notes.append(Anchored(note, text, file, given_up))


def _files(folder: Path) -> list[Path]:
    files = []
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("erased", "recovered"))
        files += [Path(at, name) for name in sorted(names) if not name.startswith(".")]
    return files
