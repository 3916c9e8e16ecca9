"""Anchors: checkpoints kept in places outside the database, so that nobody can rewrite or shorten the ledger unseen.

A place is write-once: what stands in it is never changed and never replaced. Give it rights, a machine or storage
that whoever can write to the database does not have. A folder as a place looks like this:

    ledger                                                 two lines: the origin, and the verification key at birth
    checkpoints/000/001/234/000001234567-<root>.checkpoint  the signed note; <root>: first 16 hex digits of the root
    checkpoints/000/001/234/000001234567-<root>.tsr         when the place has a timestamp authority: its reply
    checkpoints/000/001/234/000001234567-<root>.cosigned    the note with the cosignatures of a quorum of witnesses
    checkpoints-0001/...                                   what was kept after the first recovery
    erased/<key id>-<entry>                                a destroyed key, as one JSON line; the id is random
    erased/<key id>-<entry>.withdrawn                      the erasure did not come about after all
    recovered/0001                                         a recovery, as one JSON line

The first nine of a size's twelve digits are folders, as in the tiles of a transparency log, so that no folder holds
over a thousand names of a kind however long the ledger grows.

A recovery is an operator's word that a restored ledger goes on from fewer entries than a place has seen. What the
place holds of the entries that were lost stays there (`lost`), and what comes after is kept beside it, not over it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from ordain.audit.anchors.folder_faults import DAMAGED, MEANING
from ordain.audit.limits import LIMITS
from ordain.engine.errors import AnchorRefused, AnchorUnavailable, reason_of

KEY_ID_BYTES = 16
LARGEST_SIZE = 10**12 - 1
"""Entries; what twelve digits can name."""
TIMESTAMP, COSIGNED = ".tsr", ".cosigned"

_CHECKPOINT = re.compile(r"(\d{12})-([0-9a-f]{16})\.checkpoint", re.ASCII)
_GROUP = re.compile(r"\d{3}", re.ASCII)
_ERASED = re.compile(r"([0-9a-f]{32})-([0-9a-f-]{36})", re.ASCII)
_WITHDRAWN = re.compile(_ERASED.pattern + r"\.withdrawn", re.ASCII)
_NUMBER = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Anchored:
    """A checkpoint as a place holds it. Nothing of it is verified: that takes the ledger's key and `note`."""

    size: int
    """Entries, from the file's name."""
    root_hint: str
    """The first 16 hex digits of the root, from the file's name."""
    note: str
    """The signed note."""
    place: str
    file: str
    """The file's path within the place."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The ledger went on from `size` entries though `lost_size` had been anchored. Roots are 64 hex digits."""

    size: int
    root: str
    lost_size: int
    lost_root: str
    entry: str
    time: str


class Anchors(Protocol):
    """A write-once place outside the database. Every method may raise AnchorRefused and AnchorUnavailable."""

    @property
    def name(self) -> str:
        """What people are shown: the path of a folder."""

    def pin(self, origin: str, key: str) -> None:
        """Makes the place this ledger's own, at the first use. `key`: the ledger's verification key, vkey text."""

    def pinned(self) -> tuple[str, str] | None:
        """The origin and the vkey at birth, None for a place never used."""

    def keep(self, size: int, root: bytes, note: str) -> None:
        """Keeps a checkpoint for good. The same size and root again is no error, and the older note stays."""

    def newest(self, suffix: str = "") -> Anchored | None:
        """The checkpoint of the largest size that no recovery has given up; with `suffix` that has that beside it.

        Such a one is looked for among the newest `LIMITS.beside_looked` only.
        """

    def all(self, newest_first: bool = False) -> Iterator[Anchored]:
        """Every checkpoint that no recovery has given up, ascending by size, or descending."""

    def lost(self) -> Iterator[Anchored]:
        """The checkpoints of entries that a recovery has given up."""

    def beside(self, anchored: Anchored, suffix: str) -> bytes | None:
        """What is kept beside a checkpoint of this place (TIMESTAMP, COSIGNED), None when there is none."""

    def keep_beside(self, anchored: Anchored, suffix: str, data: bytes) -> None:
        """Keeps that for good; what is there already stays."""

    def note_erasure(self, key: bytes, entry_id: str, time: str, vouched: str) -> None:
        """Puts a destroyed key (its 16-byte random id) on the erasure list, so that a restored backup loses it too.

        `vouched` shows that the ledger itself wrote it.
        """

    def withdraw_erasure(self, key: bytes, entry_id: str) -> None:
        """Says that the erasure of that entry did not come about."""

    def erased(self) -> set[tuple[bytes, str]]:
        """All destroyed keys, each with the entry of its erasure."""

    def vouched(self, key: bytes, entry_id: str) -> str:
        """What `note_erasure` was given with that key and entry; empty for a line of another form."""

    def note_recovery(self, recovery: Recovery) -> None:
        """Gives up the checkpoints over `recovery.size`, for good."""

    def recoveries(self) -> list[dict[str, Any]]:
        """What was noted of each recovery, in the order they were noted."""


class FileAnchors:
    """A folder as a place (see above for its layout). Several processes may use one folder at once.

    A file gets its name only after its bytes are on the disk, by a hard link, which the system makes once or
    not at all: a crash leaves no half-written file, only a `.half` file that nothing reads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._durable: set[Path] = set()

    @property
    def name(self) -> str:
        return str(self.folder)

    def pin(self, origin: str, key: str) -> None:
        with self._reached():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._write_once(self.folder / "ledger", f"{origin}\n{key}\n".encode())
        self._own(origin)

    def pinned(self) -> tuple[str, str] | None:
        with self._reached():
            text = _read(self.folder / "ledger")
        if text is None:
            return None
        match text.decode(errors="replace").split("\n"):
            case [origin, key, ""] if origin and key:
                return origin, key
        raise AnchorRefused(f"the file `ledger` of the anchor place `{self.name}` is damaged", DAMAGED)

    def keep(self, size: int, root: bytes, note: str) -> None:
        self._keep(size, root, note)

    def _keep(self, size: int, root: bytes, note: str) -> Path:
        """The path of the checkpoint's file: the one made now, or the one that was there."""
        origin = self._own()
        head = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        if not note.encode().startswith(head) or not 0 <= size <= LARGEST_SIZE:
            raise AnchorRefused(
                f"the checkpoint of size {size} for the anchor place `{self.name}` is not one of `{origin}`",
                "give each ledger a place of its own",
            )
        with self._reached():
            file = self._path(size, root)
            self._refuse_another(file)
            if not self._write_once(file, note.encode()) and not (_read(file) or b"").startswith(head):
                raise AnchorRefused(f"`{file.name}` in the anchor place `{self.name}` holds something else", DAMAGED)
            self._refuse_another(file)  # again: another process may have kept its own meanwhile
        return file

    def _path(self, size: int, root: bytes) -> Path:
        starts = enumerate(self._recoveries(), start=1)
        era = max((number for number, recovery in starts if recovery.size < size), default=0)
        digits = f"{size:012}"
        folder = self._era(era).joinpath(digits[:3], digits[3:6], digits[6:9])
        return folder / f"{digits}-{root.hex()[:16]}.checkpoint"

    def _refuse_another(self, file: Path) -> None:
        start = file.name.partition("-")[0]
        for name in _names(file.parent, _CHECKPOINT):
            if name.startswith(start) and name != file.name:
                raise AnchorRefused(
                    f"the anchor place `{self.name}` holds another checkpoint of size {int(start)}: `{name}`",
                    "the ledger was changed, or two ledgers share one identity: stop, and run `ordain audit verify`",
                )

    def newest(self, suffix: str = "") -> Anchored | None:
        with self._reached():
            files = self._files(newest_first=True)
            for file, current in islice(files, LIMITS.beside_looked) if suffix else files:
                if current and (not suffix or file.with_suffix(suffix).exists()):
                    newest = self._anchored(file)
                    self._refuse_another(file)
                    return newest
        return None

    def all(self, newest_first: bool = False) -> Iterator[Anchored]:
        return self._some(True, newest_first)

    def lost(self) -> Iterator[Anchored]:
        return self._some(False)

    def _some(self, wanted: bool, newest_first: bool = False) -> Iterator[Anchored]:
        files = self._files(newest_first)
        while True:
            with self._reached():
                following = next(((file, current) for file, current in files if current is wanted), None)
                if following is None:
                    return
                anchored = self._anchored(following[0])
            yield anchored

    def _files(self, newest_first: bool) -> Iterator[tuple[Path, bool]]:
        """Every checkpoint's file, and whether no recovery has given it up."""
        sizes = [recovery.size for recovery in self._recoveries()]
        eras = range(len(sizes) + 1)
        for era in reversed(eras) if newest_first else eras:
            above = sizes[era - 1] if era else -1
            upto = min(sizes[era:], default=LARGEST_SIZE)
            for file in _walk(self._era(era), 3, newest_first):
                yield file, above < int(file.name[:12]) <= upto

    def _era(self, number: int) -> Path:
        return self.folder / (f"checkpoints-{number:04}" if number else "checkpoints")

    def _anchored(self, file: Path) -> Anchored:
        size, root_hint = file.stem.split("-")
        note = file.read_bytes().decode(errors="replace")
        return Anchored(int(size), root_hint, note, self.name, file.relative_to(self.folder).as_posix())

    def beside(self, anchored: Anchored, suffix: str) -> bytes | None:
        with self._reached():
            return _read((self.folder / anchored.file).with_suffix(suffix))

    def keep_beside(self, anchored: Anchored, suffix: str, data: bytes) -> None:
        self._own()
        with self._reached():
            self._write_once((self.folder / anchored.file).with_suffix(suffix), data)

    def note_erasure(self, key: bytes, entry_id: str, time: str, vouched: str) -> None:
        self._own()
        with self._reached():
            line = _line({"key": key.hex(), "entry": entry_id, "time": time, "vouched": vouched})
            self._write_once(self._erased(key, entry_id), line)

    def withdraw_erasure(self, key: bytes, entry_id: str) -> None:
        self._own()
        with self._reached():
            self._write_once(self._erased(key, entry_id).with_suffix(".withdrawn"), b"")

    def erased(self) -> set[tuple[bytes, str]]:
        with self._reached():
            names = set(_names(self.folder / "erased", _ERASED))
            withdrawn = {name.removesuffix(".withdrawn") for name in _names(self.folder / "erased", _WITHDRAWN)}
        return {(bytes.fromhex(name[:32]), name[33:]) for name in names - withdrawn}

    def vouched(self, key: bytes, entry_id: str) -> str:
        with self._reached():
            line = _read(self._erased(key, entry_id)) or b""
        try:
            return str(json.loads(line)["vouched"])
        except (ValueError, KeyError, TypeError):
            return ""

    def _erased(self, key: bytes, entry_id: str) -> Path:
        if len(key) != KEY_ID_BYTES:
            raise ValueError(f"the id of a key has {KEY_ID_BYTES} bytes, this one has {len(key)}")
        return self.folder / "erased" / f"{key.hex()}-{entry_id}"

    def note_recovery(self, recovery: Recovery) -> None:
        self._own()
        while recovery not in (noted := self._recoveries()):
            with self._reached():
                self._write_once(self.folder / "recovered" / f"{len(noted) + 1:04}", _line(asdict(recovery)))

    def recoveries(self) -> list[dict[str, Any]]:
        return [asdict(recovery) for recovery in self._recoveries()]

    def _recoveries(self) -> list[Recovery]:
        with self._reached():
            names = sorted(_names(self.folder / "recovered", _NUMBER))
            lines = [_read(self.folder / "recovered" / name) or b"" for name in names]
        try:
            if names != [f"{number:04}" for number in range(1, len(names) + 1)]:
                raise ValueError("a number is missing")
            noted = [Recovery(**json.loads(line)) for line in lines]
            if not all(type(recovery.size) is int for recovery in noted):
                raise TypeError("a size is not a number")
        except (ValueError, TypeError):
            message = f"the recoveries in the anchor place `{self.name}` are damaged"
            raise AnchorRefused(message, DAMAGED) from None
        return noted

    def _own(self, origin: str = "") -> str:
        """The origin whose place this is. Only `pin` makes a place: one that is gone must not look like a new one."""
        pinned = self.pinned()
        if pinned is None:
            raise AnchorUnavailable(
                f"the anchor place `{self.name}` has no file `ledger`",
                "check that its volume is mounted; to begin to use a new place: `ordain audit new-places`",
            )
        if origin and pinned[0] != origin:
            raise AnchorRefused(
                f"the anchor place `{self.name}` belongs to the ledger `{pinned[0]}`, not to `{origin}`",
                "give each ledger a place of its own, or restore the database that belongs to this one",
            )
        return pinned[0]

    def _write_once(self, file: Path, data: bytes) -> bool:
        """Whether the file was made now. On return what the name stands for is on the disk, whoever made it."""
        self._make(file.parent)
        half = file.with_name(f".{secrets.token_hex(8)}.half")
        try:
            with os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444), "wb") as out:
                os.fchmod(out.fileno(), 0o444)
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.link(half, file)
            made = True
        except FileExistsError:
            made = False
        finally:
            half.unlink(missing_ok=True)
        _sync(file.parent)
        return made

    def _make(self, folder: Path) -> None:
        """The folder, with its name on the disk: made now, earlier, or by another process that may have died."""
        if folder in self._durable:
            return
        if folder != self.folder:
            self._make(folder.parent)
        try:
            folder.mkdir()
            folder.chmod(0o755)
        except FileExistsError:
            if not folder.is_dir():
                raise
        _sync(folder.parent)
        self._durable.add(folder)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what, hint = MEANING.get(error.errno or 0, (f"failed: {reason_of(error)}", "check the disk that holds it"))
            raise AnchorUnavailable(f"the anchor place `{self.name}` {what}", hint) from None


def _walk(folder: Path, depth: int, newest_first: bool) -> Iterator[Path]:
    if depth:
        for name in sorted(_names(folder, _GROUP), reverse=newest_first):
            yield from _walk(folder / name, depth - 1, newest_first)
    else:
        yield from (folder / name for name in sorted(_names(folder, _CHECKPOINT), reverse=newest_first))


def _names(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if pattern.fullmatch(name)]
    except FileNotFoundError:
        return []


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
