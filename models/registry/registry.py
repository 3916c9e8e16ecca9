"""Trained models on disk: `<directory>/<model>/<version>/`, each version written once and never changed.

    model.ubj     or whatever files its specification made, in their libraries' own formats
    card.json     everything else (models.registry.card)
    SHA256SUMS    of all of them, in the form that `sha256sum -c` reads
    SIGNATURE     of SHA256SUMS (models.registry.signing): what is not signed here is not loaded

A version appears whole or not at all, and only once it is confirmed, which is to say on record: it is written to
`.staged-<version>`, which keeps its number, and moved to its place in one step. A trainer that is killed before that
step leaves it there: its number stays taken, and it is never loaded. Which version scores is no matter of these files:
see `models.registry.stages`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ordain.engine.errors import MalformedRequest, ModelDegradationDetected, SettingsError, did_you_mean, reason_of
from ordain.engine.late import late
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import digest_of
from ordain.engine.values.json_text import read_json
from ordain.models.limits import LIMITS
from ordain.models.registry.card import Card
from ordain.models.registry.signing import ModelKeys
from ordain.models.registry.stored import Stored, broken, training
from ordain.models.specs.catalogue import SPECS

if TYPE_CHECKING:
    from ordain.models.scoring.score_model import ScoreModel

CARD, SUMS, SIGNATURE = "card.json", "SHA256SUMS", "SIGNATURE"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_FILE = re.compile(r"[a-z][a-z0-9_-]*\.(ubj|json)")
_STAGED = ".staged-"


class Registry:
    """The models in one directory, which need not exist before the first one is saved; `keys` is that of their keys."""

    def __init__(self, directory: Path, keys: Path) -> None:
        self.directory = directory
        self.keys = ModelKeys(keys)

    def names(self) -> tuple[str, ...]:
        """The models that have a version."""
        if not self.directory.is_dir():
            return ()
        return tuple(sorted(place.name for place in self.directory.iterdir() if self.versions(place.name)))

    def versions(self, name: str) -> tuple[int, ...]:
        """The versions of a model, ascending; none for a model that is not known."""
        return self._numbers(name, "")

    def unfinished(self, name: str) -> tuple[int, ...]:
        """The versions that are not in place, ascending: about to be, or left by a trainer that was killed."""
        return self._numbers(name, _STAGED)

    def save(
        self,
        name: str,
        files: Mapping[str, bytes],
        card_of: Callable[[int], Card],
        confirm: Callable[[Card], None] = lambda card: None,
        above: int = 0,
    ) -> Card:
        """Stores a new version; `card_of(version)` gives its card. Returns the stored card.

        Its number is above all that are here and above `above`: those on record whose files are gone keep theirs.
        `confirm` is called once the version is durable and before anybody can load it; when it raises, nothing stays.
        Several processes may save at once: each gets a version of its own. Raises SettingsError when the name
        is not one or the directory cannot be written.
        """
        check_name(name)
        if odd := [file for file in files if not _FILE.fullmatch(file)]:
            raise SettingsError(f"`{odd[0]}` is no file of a model", "formats that load without running anything")
        place = self.directory / name
        try:
            card = self._stage(place, files, card_of, above)
        except OSError as error:
            raise SettingsError(f"model `{name}` cannot be stored: {reason_of(error)}") from None
        staged = place / f"{_STAGED}{card.version}"
        try:
            confirm(card)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        try:
            staged.rename(place / str(card.version))
            _flush_directory(place)
        except OSError as error:
            raise SettingsError(
                f"model `{name}` version {card.version} is confirmed and cannot be put in place: {reason_of(error)}",
                "train again: that makes the next version",
            ) from None
        return card

    def _numbers(self, name: str, prefix: str) -> tuple[int, ...]:
        place = self.directory / name
        if not _NAME.fullmatch(name) or not place.is_dir():
            return ()
        numbers = (path.name.removeprefix(prefix) for path in place.iterdir() if path.name.startswith(prefix))
        return tuple(sorted(int(number) for number in numbers if _VERSION.fullmatch(number)))

    def _stage(self, place: Path, files: Mapping[str, bytes], card_of: Callable[[int], Card], above: int) -> Card:
        """Writes a version to `.staged-<version>`, durably, under a number that nobody else has or will get."""
        place.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            beside.chmod(0o755)  # mkdtemp makes it private; whoever serves may be another user
            for file, data in files.items():
                _write(beside / file, data)
            while True:
                taken = (above, *self.versions(place.name), *self.unfinished(place.name))
                card = card_of(max(taken) + 1)
                card_bytes = card.to_bytes()
                _write(beside / CARD, card_bytes)
                sums = _sums({**files, CARD: card_bytes})
                _write(beside / SUMS, sums)
                _write(beside / SIGNATURE, self.keys.sign(sums))
                _flush_directory(beside)
                staged = place / f"{_STAGED}{card.version}"
                try:
                    beside.rename(staged)
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    continue  # another process was faster: the next number
                if (place / str(card.version)).exists():  # another one had this number, and is done with it
                    staged.rename(beside)
                    continue
                _flush_directory(place)
                return card
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def load(self, name: str, version: int | None = None, *, known: str = "") -> ScoreModel:
        """A model that scores, by default its newest version. What is not the one with the card's digest `known`, which
        has scored before, is tried in a process of its own first.

        Raises ModelDegradationDetected when there is none, when what is stored is damaged, or when what it takes to
        score is not installed.
        """
        stored = self.stored(name, version) if known else self.tried(name, version)
        if known and stored.digest != known:
            what = f"it was replaced: its digest is `{stored.digest}`, and was `{known}`"
            raise broken(name, stored.version, what, stored.card.spec)
        try:
            ready: ScoreModel = late("ordain.models.scoring.score_model:ScoreModel").loaded(stored)
        except SettingsError as error:
            what = f"model `{name}` version {stored.version}: {error.message}"
            raise ModelDegradationDetected(what, error.issues[0].hint) from None
        return ready

    def tried(self, name: str, version: int | None = None) -> Stored:
        """As `stored`, for a version that XGBoost can read, which a process of its own has shown.

        Raises ModelDegradationDetected.
        """
        stored = self.stored(name, version)
        if fault := late("ordain.models.scoring.trial:fault_of")(stored):
            raise broken(name, stored.version, fault, stored.card.spec)
        return stored

    def stored(self, name: str, version: int | None = None) -> Stored:
        """What is stored of a model, by default of its newest version, without loading what scores.

        Raises ModelDegradationDetected when there is none, or when its files are damaged.
        """
        version = self._known(name, version)
        place = self.directory / name / str(version)
        try:
            return self._read(place, name, version)
        except ModelDegradationDetected as error:  # what may still be read of the card says how to train another one
            hint = f"run: {training(name, _spec_said(place))} --promote"
            raise ModelDegradationDetected(error.message, hint) from None

    def card(self, name: str, version: int) -> Card:
        """The signed card of a version; its other files are not looked at.

        Raises ModelDegradationDetected when there is none, or it is damaged.
        """
        self._known(name, version)
        place = self.directory / name / str(version)
        listed = {file: digest for digest, file in self._signed(place, name, version) if file == CARD}
        return _card_in(self._file(place, CARD, listed.get(CARD, ""), name, version), name, version)

    def _known(self, name: str, version: int | None) -> int:
        """The version, by default the newest. Raises ModelDegradationDetected for one that there is not."""
        versions = self.versions(name)
        if not versions:
            hint = did_you_mean(name, self.names())
            train = f"run: {training(name)} --promote"
            raise ModelDegradationDetected(f"there is no model `{name}`", f"{hint} or {train}" if hint else train)
        if version is not None and version not in versions:
            known = ", ".join(str(each) for each in versions[-12:])
            raise ModelDegradationDetected(f"model `{name}` has no version {version}", f"known: {known}")
        return versions[-1] if version is None else version

    def _read(self, place: Path, name: str, version: int) -> Stored:
        listed = self._signed(place, name, version)  # the signature says that nobody else wrote these names
        files = {file: self._file(place, file, digest, name, version) for digest, file in listed}
        return Stored(*_card_of(files, name, version))

    def _signed(self, place: Path, name: str, version: int) -> list[tuple[str, str]]:
        """The files that the signature names, each with its SHA-256 before it."""
        sums, signature = _bytes(place, SUMS, name, version), _bytes(place, SIGNATURE, name, version)
        if fault := self.keys.fault(sums, signature):
            raise broken(name, version, fault)
        parts = (line.partition("  ") for line in sums.decode("utf-8", "replace").splitlines())
        return [(digest, file) for digest, _, file in parts]

    def _file(self, place: Path, file: str, digest: str, name: str, version: int) -> bytes:
        data = _bytes(place, file, name, version)
        if digest != hashlib.sha256(data).hexdigest():
            raise broken(name, version, f"`{file}` is damaged: its digest is not the one in `{SUMS}`")
        return data


def check_name(name: str) -> None:
    """Raises SettingsError for what no model can be called."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"`{name}` is no name for a model", "lower case letters, digits, - and _")


def _card_of(files: dict[str, bytes], name: str, version: int) -> tuple[Card, str, dict[str, bytes]]:
    """The card, its digest, and the other files."""
    data = files.pop(CARD, b"")
    card = _card_in(data, name, version)
    digests = {file: digest_of(each) for file, each in files.items()}
    if card.files != digests:
        raise broken(name, version, f"`{CARD}` is the card of another model")
    return card, digest_of(data), files


def _card_in(data: bytes, name: str, version: int) -> Card:
    try:
        card = Card.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise broken(name, version, f"`{CARD}` cannot be understood: {where}: {first['msg']}") from None
    if (card.name, card.version) != (name, version):
        raise broken(name, version, f"`{CARD}` is the card of another model")
    return card


def _spec_said(place: Path) -> str:
    """The model that a version's card says it was trained as, whether that can be believed or not; "" without."""
    try:
        said = read_json(bytes_of(place / CARD, LIMITS.model_bytes), CARD)
        return spec if (spec := said["spec"]) in SPECS else ""
    except (OSError, MalformedRequest, KeyError, TypeError):
        return ""


def _bytes(place: Path, file: str, name: str, version: int) -> bytes:
    try:
        return bytes_of(place / file, LIMITS.model_bytes)
    except OSError as error:
        raise broken(name, version, f"`{file}` cannot be read: {reason_of(error)}") from None


def _sums(files: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(files[file]).hexdigest()}  {file}\n" for file in sorted(files))
    return "".join(lines).encode()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
