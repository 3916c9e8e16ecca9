"""Trained models on disk: whole or not at all, never silently damaged."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ordain.engine.errors import ModelDegradationDetected, NotRecorded, SettingsError
from ordain.models.data.table import Table
from ordain.models.methods.tree_score import TREES
from ordain.models.monitoring.reference import FILE
from ordain.models.registry.card import Card
from ordain.models.registry.registry import CARD, SIGNATURE, SUMS, Registry
from ordain.models.registry.signing import PRIVATE, PUBLIC, ModelKeys
from ordain.models.spec import Artifact
from ordain.models.specs.churn import MODEL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(registry: Registry, tmp_path: Path) -> Registry:
    """A registry of one's own to damage."""
    return _copied(registry, tmp_path)


def _copied(registry: Registry, place: Path) -> Registry:
    shutil.copytree(registry.directory, place / "models")
    shutil.copytree(registry.keys.folder, place / "keys")
    return Registry(place / "models", place / "keys")


def _save(registry: Registry, card: Card, trained: Artifact, name: str = "churn") -> Card:
    return registry.save(
        name, trained.files, lambda version: card.model_copy(update={"name": name, "version": version})
    )


def test_a_version_holds_trees_card_and_checksums_and_nothing_is_left_beside_it(registry: Registry) -> None:
    place = registry.directory / "churn" / "1"
    assert sorted(path.name for path in place.iterdir()) == sorted([TREES, MODEL, FILE, CARD, SUMS, SIGNATURE])
    assert [path.name for path in place.parent.iterdir()] == ["1"]
    assert Card.model_validate_json((place / CARD).read_bytes()).to_bytes() == (place / CARD).read_bytes()
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=place, check=True)


def test_the_newest_version_is_the_default_and_an_older_one_stays_the_same(
    copy: Registry, card: Card, trained: Artifact, table: Table
) -> None:
    before = copy.load("churn")
    _save(copy, card, trained)
    assert copy.versions("churn") == (1, 2)
    assert copy.load("churn").version == "2"
    older = copy.load("churn", 1)
    assert older.digest == before.digest != copy.load("churn").digest
    assert older.score(table.rows[0]) == before.score(table.rows[0])


def test_version_ten_is_newer_than_version_nine(tmp_path: Path, card: Card, trained: Artifact) -> None:
    registry = Registry(tmp_path, tmp_path / "keys")
    for _ in range(10):
        _save(registry, card, trained)
    assert registry.load("churn").version == "10"


def test_trainers_at_the_same_time_get_versions_of_their_own(tmp_path: Path, card: Card, trained: Artifact) -> None:
    keys = tmp_path / "keys"
    with ThreadPoolExecutor(8) as threads:
        saved = list(threads.map(lambda _: _save(Registry(tmp_path, keys), card, trained), range(16)))
    assert sorted(each.version for each in saved) == list(range(1, 17))
    assert Registry(tmp_path, keys).versions("churn") == tuple(range(1, 17))
    assert [path.name for path in (tmp_path / "churn").iterdir() if path.name.startswith(".")] == []
    for each in saved:
        assert Registry(tmp_path, keys).load("churn", each.version).card == each


def test_a_reader_never_sees_half_a_version(tmp_path: Path, card: Card, trained: Artifact) -> None:
    registry = Registry(tmp_path, tmp_path / "keys")
    _save(registry, card, trained)
    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(lambda: [_save(registry, card, trained) for _ in range(20)])
        seen = {registry.load("churn").version}
        while not writing.done():
            seen.add(registry.load("churn").version)
    assert registry.load("churn").version == "21"
    assert seen <= {str(number) for number in range(1, 22)}


def test_what_a_killed_trainer_left_is_not_a_version(copy: Registry) -> None:
    left = copy.directory / "churn" / ".new-killed"
    left.mkdir()
    (left / TREES).write_bytes(b"half")
    assert copy.versions("churn") == (1,)
    assert copy.load("churn").version == "1"


def _stays(registry: Registry) -> list[str]:
    return sorted(path.name for path in (registry.directory / "churn").iterdir())


def test_a_version_is_confirmed_before_anybody_can_load_it(copy: Registry, card: Card, trained: Artifact) -> None:
    seen: list[tuple[int, str, tuple[int, ...]]] = []

    def confirm(made: Card) -> None:
        seen.append((made.version, copy.load("churn").version, copy.unfinished("churn")))

    copy.save("churn", trained.files, lambda version: card.model_copy(update={"version": version}), confirm)
    assert seen == [(2, "1", (2,))]
    assert (copy.load("churn").version, copy.unfinished("churn")) == ("2", ())


@pytest.mark.parametrize("fault", [NotRecorded("the disk is full"), KeyboardInterrupt()])
def test_a_version_that_is_not_confirmed_leaves_nothing(
    copy: Registry, card: Card, trained: Artifact, fault: BaseException
) -> None:
    def refuse(_: Card) -> None:
        raise fault

    with pytest.raises(type(fault)):
        copy.save("churn", trained.files, lambda version: card.model_copy(update={"version": version}), refuse)
    assert _stays(copy) == ["1"]
    assert _save(copy, card, trained).version == 2


def test_a_version_that_is_confirmed_and_cannot_be_made_live_keeps_its_number(
    copy: Registry, card: Card, trained: Artifact
) -> None:
    def block(made: Card) -> None:
        (copy.directory / "churn" / str(made.version)).write_text("in the way")

    with pytest.raises(SettingsError, match="model `churn` version 2 is confirmed and cannot be put in place"):
        copy.save("churn", trained.files, lambda version: card.model_copy(update={"version": version}), block)
    (copy.directory / "churn" / "2").unlink()
    assert (copy.load("churn").version, copy.unfinished("churn")) == ("1", (2,))
    assert _save(copy, card, trained).version == 3


def test_a_trainer_killed_once_its_version_is_confirmed_leaves_one_that_is_not_loaded(
    copy: Registry, card: Card, trained: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "trees").write_bytes(trained.files[TREES])
    (tmp_path / "card").write_bytes(card.to_bytes())
    code = (
        "import os, pathlib, sys\n"
        "from ordain.models.registry.card import Card\n"
        "from ordain.models.registry.registry import Registry\n"
        "registry, keys, trees, card = map(pathlib.Path, sys.argv[1:])\n"
        "made = Card.model_validate_json(card.read_bytes())\n"
        "Registry(registry, keys).save('churn', {'model.ubj': trees.read_bytes()},\n"
        "                              lambda v: made.model_copy(update={'version': v}), lambda made: os._exit(9))\n"
    )
    places = (copy.directory, copy.keys.folder, tmp_path / "trees", tmp_path / "card")
    command = [sys.executable, "-c", code, *map(str, places)]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=120).returncode == 9
    assert (copy.load("churn").version, copy.unfinished("churn")) == ("1", (2,))
    assert _save(copy, card, trained).version == 3
    assert copy.load("churn").version == "3"


def test_an_unknown_model_is_met_with_the_nearest_name(registry: Registry) -> None:
    with pytest.raises(ModelDegradationDetected, match="there is no model `chrun`") as caught:
        registry.load("chrun")
    assert caught.value.issues[0].hint == "did you mean `churn`? or run: ordain train MODEL --name chrun --promote"


def test_without_any_model_the_hint_is_to_train_one(tmp_path: Path) -> None:
    with pytest.raises(ModelDegradationDetected, match="there is no model `churn`") as caught:
        Registry(tmp_path / "none", tmp_path).load("churn")
    assert caught.value.issues[0].hint == "run: ordain train churn --promote"


def test_an_unknown_version_is_met_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(ModelDegradationDetected, match="model `churn` has no version 9") as caught:
        registry.load("churn", 9)
    assert caught.value.issues[0].hint == "known: 1"


@pytest.mark.parametrize("file", [TREES, MODEL, CARD, SUMS, SIGNATURE])
def test_a_missing_file_is_named(copy: Registry, file: str) -> None:
    (copy.directory / "churn" / "1" / file).unlink()
    with pytest.raises(ModelDegradationDetected, match=f"`{file}` cannot be read: no such file") as caught:
        copy.load("churn")
    assert caught.value.issues[0].hint == "run: ordain train churn --promote"


@pytest.mark.parametrize("file", [TREES, MODEL, CARD])
@pytest.mark.parametrize("damage", ["truncated", "one byte changed", "empty"])
def test_a_damaged_file_is_named(copy: Registry, file: str, damage: str) -> None:
    path = copy.directory / "churn" / "1" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"truncated": bytes(data[:-7]), "one byte changed": bytes(data), "empty": b""}[damage])
    with pytest.raises(ModelDegradationDetected, match=f"model `churn` version 1: `{file}` is damaged"):
        copy.load("churn")


def _with_sums(place: Path, keys: ModelKeys) -> None:
    """Checksums and a signature that fit the damaged files, as after a careless repair."""
    lines = (
        f"{hashlib.sha256((place / file).read_bytes()).hexdigest()}  {file}\n" for file in (CARD, MODEL, TREES, FILE)
    )
    (place / SUMS).write_text("".join(lines))
    (place / SIGNATURE).write_bytes(keys.sign((place / SUMS).read_bytes()))


def test_a_version_that_somebody_else_signed_is_refused(copy: Registry, tmp_path: Path) -> None:
    place, stranger = copy.directory / "churn" / "1", ModelKeys(tmp_path / "stranger")
    (place / SIGNATURE).write_bytes(stranger.sign((place / SUMS).read_bytes()))
    with pytest.raises(ModelDegradationDetected, match="its signature is not by the key that signs models here"):
        copy.load("churn")
    (place / SIGNATURE).write_bytes(b"no signature")
    with pytest.raises(ModelDegradationDetected, match="its signature is not by the key that signs models here"):
        copy.load("churn")


def test_files_with_fitting_checksums_and_the_old_signature_are_refused(copy: Registry) -> None:
    place, signature = copy.directory / "churn" / "1", (copy.directory / "churn" / "1" / SIGNATURE).read_bytes()
    (place / TREES).write_bytes(b"not trees")
    _with_sums(place, copy.keys)
    (place / SIGNATURE).write_bytes(signature)
    with pytest.raises(ModelDegradationDetected, match="its signature is not by the key that signs models here"):
        copy.load("churn")


def test_who_only_scores_needs_the_public_key_alone(copy: Registry) -> None:
    (copy.keys.folder / PRIVATE).unlink()
    assert copy.load("churn").version == "1"
    (copy.keys.folder / PUBLIC).write_text("no key")
    with pytest.raises(ModelDegradationDetected, match=r"`models\.pub` among the keys is no public key"):
        copy.load("churn")
    (copy.keys.folder / PUBLIC).unlink()
    with pytest.raises(ModelDegradationDetected, match=r"there is no `models\.pub` among the keys"):
        copy.load("churn")


def test_the_private_key_is_for_its_owner_alone_and_a_broken_one_is_told(copy: Registry, card: Card) -> None:
    key = copy.keys.folder / PRIVATE
    assert key.stat().st_mode & 0o077 == 0
    key.write_text("no key")
    with pytest.raises(SettingsError, match=r"the key that signs models, `models\.key`, cannot be used: it is no key"):
        copy.save("churn", {}, lambda version: card)
    assert _stays(copy) == ["1"]


@pytest.mark.parametrize("file", ["model.pkl", "../card.json", "card.joblib", "a/b.json", ".json"])
def test_a_file_in_a_format_that_could_run_something_is_not_stored(copy: Registry, card: Card, file: str) -> None:
    with pytest.raises(SettingsError, match="is no file of a model"):
        copy.save("churn", {file: b""}, lambda version: card)


def test_trees_of_another_model_are_refused_even_with_fitting_checksums(copy: Registry) -> None:
    place = copy.directory / "churn" / "1"
    (place / TREES).write_bytes(b"not trees")
    _with_sums(place, copy.keys)
    with pytest.raises(ModelDegradationDetected, match=r"`card\.json` is the card of another model"):
        copy.load("churn")


def test_trees_that_xgboost_cannot_read_are_refused(copy: Registry, card: Card, trained: Artifact) -> None:
    digest = "sha256:" + hashlib.sha256(b"not trees").hexdigest()
    changed = card.model_copy(update={"files": {**card.files, TREES: digest}})
    files = {**trained.files, TREES: b"not trees"}
    copy.save("churn", files, lambda version: changed.model_copy(update={"version": version}))
    with pytest.raises(ModelDegradationDetected, match=r"version 2: `model\.ubj` cannot be read by XGBoost"):
        copy.load("churn")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"parameters":', '"parameter":', "parameters: Field required"),
        ('"seed": ', '"seed": NaN, "x": ', "seed: "),
        ('"name": "churn"', '"name": "other"', "is the card of another model"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(copy: Registry, old: str, new: str, what: str) -> None:
    place = copy.directory / "churn" / "1"
    (place / CARD).write_text((place / CARD).read_text().replace(old, new, 1))
    _with_sums(place, copy.keys)
    with pytest.raises(ModelDegradationDetected, match=what):
        copy.load("churn")


@pytest.mark.parametrize("name", ["../churn", "Churn", "", "a/b", ".new-x"])
def test_a_name_that_leaves_the_directory_is_refused(tmp_path: Path, card: Card, trained: Artifact, name: str) -> None:
    with pytest.raises(SettingsError, match="is no name for a model"):
        _save(Registry(tmp_path, tmp_path / "keys"), card, trained, name)
    with pytest.raises(ModelDegradationDetected, match="there is no model"):
        Registry(tmp_path, tmp_path / "keys").load(name)


def test_a_directory_that_cannot_be_made_is_an_error_with_its_cause(
    tmp_path: Path, card: Card, trained: Artifact
) -> None:
    (tmp_path / "models").write_text("a file where the directory should be")
    with pytest.raises(SettingsError, match="model `churn` cannot be stored: not a directory"):
        _save(Registry(tmp_path / "models", tmp_path / "keys"), card, trained)
