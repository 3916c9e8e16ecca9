"""Trained models on disk: `<directory>/<model>/<version>/`, each version written once and never changed.

    model.ubj     the trees, in XGBoost's own format
    card.json     everything else (models.card)
    SHA256SUMS    of the two, in the form that `sha256sum -c` reads

A version appears whole or not at all, and only once it is confirmed, which is to say on record: it is written to
`.staged-<version>`, which keeps its number, and moved to its place in one step. A trainer that is killed before that
step leaves it there: its number stays taken, and it is never loaded.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ordain.engine.errors import ModelDegradationDetected, SettingsError, did_you_mean, reason_of
from ordain.engine.late import late
from ordain.engine.policy.facts import Fact
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import digest_of
from ordain.models.limits import LIMITS
from ordain.models.registry.card import Card

if TYPE_CHECKING:
    from ordain.models.scoring.xgboost_score import ScoreModel

TREES, CARD, SUMS = "model.ubj", "card.json", "SHA256SUMS"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_STAGED = ".staged-"


@dataclass(frozen=True, slots=True)
class Stored:
    """A version as its files say, checked by their sums; it does not score. `digest` is that of the card's bytes."""

    card: Card
    digest: str
    trees: bytes

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def version(self) -> str:
        return str(self.card.version)

    @property
    def reads(self) -> tuple[Fact, ...]:
        return self.card.facts

    @property
    def width(self) -> int:
        """How many cells a row has for the trees."""
        encoder = late("ordain.models.features.encoder:Encoder")
        return int(encoder(self.card.facts).width)


class Registry:
    """The models in one directory, which need not exist before the first one is saved."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self) -> tuple[str, ...]:
        """The models that have a version."""
        if not self.directory.is_dir():
            return ()
        return tuple(sorted(place.name for place in self.directory.iterdir() if self.versions(place.name)))

    def versions(self, name: str) -> tuple[int, ...]:
        """The versions of a model, ascending; none for a model that is not known."""
        return self._numbers(name, "")

    def unfinished(self, name: str) -> tuple[int, ...]:
        """The versions that are stored and not live, ascending: about to be, or left by a trainer that was killed."""
        return self._numbers(name, _STAGED)

    def save(
        self,
        name: str,
        trees: bytes,
        card_of: Callable[[int], Card],
        confirm: Callable[[Card], None] = lambda card: None,
    ) -> Card:
        """Stores a new version; `card_of(version)` gives its card. Returns the stored card.

        `confirm` is called once the version is durable and before anybody can load it; when it raises, nothing stays.
        Several processes may save at once: each gets a version of its own. Raises SettingsError when the name
        is not one or the directory cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f"`{name}` is no name for a model", "lower case letters, digits, - and _")
        place = self.directory / name
        try:
            card = self._stage(place, trees, card_of)
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
                f"model `{name}` version {card.version} is confirmed and cannot be made live: {reason_of(error)}",
                "train again: that makes the next version",
            ) from None
        return card

    def _numbers(self, name: str, prefix: str) -> tuple[int, ...]:
        place = self.directory / name
        if not _NAME.fullmatch(name) or not place.is_dir():
            return ()
        numbers = (path.name.removeprefix(prefix) for path in place.iterdir() if path.name.startswith(prefix))
        return tuple(sorted(int(number) for number in numbers if _VERSION.fullmatch(number)))

    def _stage(self, place: Path, trees: bytes, card_of: Callable[[int], Card]) -> Card:
        """Writes a version to `.staged-<version>`, durably, under a number that nobody else has or will get."""
        place.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            beside.chmod(0o755)  # mkdtemp makes it private; whoever serves may be another user
            _write(beside / TREES, trees)
            while True:
                taken = (*self.versions(place.name), *self.unfinished(place.name))
                card = card_of(max(taken, default=0) + 1)
                card_bytes = card.to_bytes()
                _write(beside / CARD, card_bytes)
                _write(beside / SUMS, _sums(trees, card_bytes))
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
            raise broken(name, stored.version, f"it was replaced: its digest is `{stored.digest}`, and was `{known}`")
        try:
            ready: ScoreModel = late("ordain.models.scoring.loading:score_model")(stored)
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
            raise broken(name, stored.version, fault)
        return stored

    def stored(self, name: str, version: int | None = None) -> Stored:
        """What is stored of a model, by default of its newest version, without loading what scores.

        Raises ModelDegradationDetected when there is none, or when its files are damaged.
        """
        versions = self.versions(name)
        if not versions:
            hint = did_you_mean(name, self.names())
            train = f"run: ordain train {name}"
            raise ModelDegradationDetected(f"there is no model `{name}`", f"{hint} or {train}" if hint else train)
        version = versions[-1] if version is None else version
        if version not in versions:
            known = ", ".join(str(each) for each in versions[-12:])
            raise ModelDegradationDetected(f"model `{name}` has no version {version}", f"known: {known}")
        return _read(self.directory / name / str(version), name, version)


def broken(name: str, version: int | str, what: str) -> ModelDegradationDetected:
    """The error for a version that cannot be used."""
    return ModelDegradationDetected(f"model `{name}` version {version}: {what}", f"run: ordain train {name}")


def _read(place: Path, name: str, version: int) -> Stored:
    stored = {}
    for file in (TREES, CARD, SUMS):
        try:
            stored[file] = bytes_of(place / file, LIMITS.model_bytes)
        except OSError as error:
            raise broken(name, version, f"`{file}` cannot be read: {reason_of(error)}") from None
    for file, line in zip((TREES, CARD), _sums(stored[TREES], stored[CARD]).splitlines(), strict=True):
        if line not in stored[SUMS].splitlines():
            raise broken(name, version, f"`{file}` is damaged: its digest is not the one in `{SUMS}`")
    try:
        card = Card.model_validate_json(stored[CARD])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise broken(name, version, f"`{CARD}` cannot be understood: {where}: {first['msg']}") from None
    if card.model_digest != digest_of(stored[TREES]) or (card.name, card.version) != (name, version):
        raise broken(name, version, f"`{CARD}` is the card of another model")
    return Stored(card, digest_of(stored[CARD]), stored[TREES])


def _sums(trees: bytes, card: bytes) -> bytes:
    lines = (f"{hashlib.sha256(data).hexdigest()}  {file}\n" for file, data in ((TREES, trees), (CARD, card)))
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
