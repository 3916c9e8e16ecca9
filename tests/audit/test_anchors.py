"""Places outside the database: write-once, whole after a crash, shared by processes, and clear about what failed."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anchor_worker import ORIGIN, note
from hypothesis import given, settings
from hypothesis import strategies as st

from ordain.audit.anchors.places import Anchors, FileAnchors, Recovery
from ordain.engine.errors import AnchorRefused, AnchorUnavailable

WORKER = Path(__file__).with_name("anchor_worker.py")
ROOT = WORKER.parents[2]
OTHER_LEDGER = "ordain.ledger/0193ee00-0000-7000-8000-000000000002"
KEY = bytes(range(16))
ENTRY = "0192f000-0001-7000-8000-00000000abcd"


@pytest.fixture
def place(tmp_path: Path) -> FileAnchors:
    made = FileAnchors(tmp_path / "place")
    made.pin(ORIGIN, "key")
    return made


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB that is filled by the caller."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a tmpfs cannot be mounted here: a full disk is not tested")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def root(byte: int) -> bytes:
    return bytes([byte]) * 32


def keep(place: Anchors, size: int, byte: int = 1, words: str = "signed") -> None:
    place.keep(size, root(byte), note(size, root(byte), words))


def sizes(place: Anchors) -> list[int]:
    return [kept.size for kept in place.all()]


def worker(place: FileAnchors, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WORKER), str(place.folder), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_place_never_used_is_empty_and_reading_it_makes_nothing(tmp_path: Path) -> None:
    place: Anchors = FileAnchors(tmp_path / "place")
    assert (place.pinned(), place.newest(), sizes(place), place.erased(), place.recoveries()) == (
        None,
        None,
        [],
        set(),
        [],
    )
    assert not (tmp_path / "place").exists()


def test_the_newest_checkpoint_is_the_one_of_the_largest_size_as_it_was_kept(place: FileAnchors) -> None:
    for size in (1, 999_999_999_999, 300, 0, 1_000, 1_000_000):
        keep(place, size, byte=size % 200)
    newest = place.newest()
    assert newest
    assert (newest.size, newest.root_hint) == (999_999_999_999, root(199).hex()[:16])
    assert newest.note == note(999_999_999_999, root(199))
    assert newest.place == place.name
    assert newest.file == f"checkpoints/999/999/999/999999999999-{'c7' * 8}.checkpoint"
    assert sizes(FileAnchors(place.folder)) == [0, 1, 300, 1_000, 1_000_000, 999_999_999_999]


@settings(max_examples=30, deadline=None)  # each flushes its files to the disk
@given(kept=st.lists(st.one_of(st.integers(0, 3_000), st.integers(0, 10**12 - 1)), min_size=1, max_size=6))
def test_all_is_ascending_and_ends_in_newest(tmp_path_factory: pytest.TempPathFactory, kept: list[int]) -> None:
    place = FileAnchors(tmp_path_factory.mktemp("place"))
    place.pin(ORIGIN, "key")
    for size in kept:
        keep(place, size)
    newest = place.newest()
    assert newest
    assert [*sizes(place)] == sorted(set(kept))
    assert newest.size == max(kept)


def test_files_are_read_only_and_folders_open_to_readers_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place = FileAnchors(tmp_path / "place")
        place.pin(ORIGIN, "key")
        keep(place, 5)
        place.note_erasure(KEY, ENTRY, "time", "code")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o7777 for path in place.folder.rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o7777 for path in [place.folder, *place.folder.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o444}, {0o755})


def test_the_first_ledger_that_uses_a_place_owns_it(place: FileAnchors) -> None:
    assert (place.folder / "ledger").read_text() == f"{ORIGIN}\nkey\n"
    place.pin(ORIGIN, "a later key")
    assert place.pinned() == (ORIGIN, "key")
    with pytest.raises(AnchorRefused, match="belongs to the ledger") as caught:
        place.pin(OTHER_LEDGER, "key")
    assert place.name in caught.value.message
    with pytest.raises(AnchorRefused, match="is not one of"):
        place.keep(3, root(1), note(3, root(1)).replace(ORIGIN, OTHER_LEDGER))
    assert place.pinned() == (ORIGIN, "key")
    assert sizes(place) == []


def test_a_note_of_another_size_or_root_is_refused(place: FileAnchors) -> None:
    for size, byte in ((4, 1), (3, 2)):
        with pytest.raises(AnchorRefused, match="is not one of"):
            place.keep(size, root(byte), note(3, root(1)))
    assert sizes(place) == []


def test_a_place_whose_ledger_file_is_gone_is_not_taken_for_a_new_one(place: FileAnchors) -> None:
    """An unmounted volume leaves an empty folder; keeping there would hide that the older checkpoints are missing."""
    (place.folder / "ledger").unlink()
    recovery = Recovery(1, "", 2, "", "entry", "time")
    writes: list[Callable[[], None]] = [
        lambda: keep(place, 3),
        lambda: place.note_erasure(KEY, ENTRY, "time", "code"),
        lambda: place.note_recovery(recovery),
    ]
    for write in writes:
        with pytest.raises(AnchorUnavailable, match="has no file `ledger`"):
            write()
    assert contents(place.folder) == {}


def test_the_same_checkpoint_again_keeps_the_older_file(place: FileAnchors) -> None:
    keep(place, 3)
    before = contents(place.folder)
    keep(place, 3)
    keep(place, 3, words="signed again")
    assert contents(place.folder) == before


def test_another_root_for_a_kept_size_is_refused_and_changes_nothing(place: FileAnchors) -> None:
    keep(place, 3)
    before = contents(place.folder)
    with pytest.raises(AnchorRefused, match="another checkpoint of size 3") as caught:
        keep(place, 3, byte=2)
    assert "verify" in caught.value.issues[0].hint
    near = root(1)[:-1] + b"\2"  # the same first 16 digits, so the same name
    with pytest.raises(AnchorRefused, match="holds something else"):
        place.keep(3, near, note(3, near))
    assert contents(place.folder) == before


def test_two_roots_of_the_newest_size_are_never_passed_over(place: FileAnchors) -> None:
    keep(place, 3)
    file = next(place.folder.rglob("*.checkpoint"))
    file.with_name(f"000000000003-{'00' * 8}.checkpoint").write_text(note(3, root(0)))
    with pytest.raises(AnchorRefused, match="another checkpoint of size 3"):
        place.newest()
    assert sizes(place) == [3, 3]


def test_a_process_killed_before_the_name_is_made_leaves_nothing_under_it(place: FileAnchors) -> None:
    dying = worker(place, 1, 1, "dying", "die")
    dying.communicate()
    assert dying.returncode == -9
    left = [name for name in contents(place.folder) if name != "ledger"]
    assert len(left) == 1
    assert left[0].endswith(".half")
    assert (place.newest(), sizes(place)) == (None, [])
    keep(place, 1, byte=2)
    assert sizes(place) == [1]


def test_processes_that_keep_the_same_checkpoints_at_once_make_each_once(place: FileAnchors) -> None:
    running = [worker(place, 60, 1, f"process-{number}") for number in range(3)]
    assert [(process.communicate()[0], process.returncode) for process in running] == [("", 0)] * 3
    assert sizes(place) == list(range(1, 61))
    whole = {note(size, root(1), f"process-{number}") for size in range(1, 61) for number in range(3)}
    assert {kept.note for kept in place.all()} <= whole
    assert not list(place.folder.rglob(".*"))


def test_of_two_processes_with_different_roots_at_least_one_is_refused_each_size(place: FileAnchors) -> None:
    running = [worker(place, 60, byte, "signed") for byte in (1, 2)]
    refused = {size for process in running for size in process.communicate()[0].split()}
    assert [process.returncode for process in running] == [0, 0]
    assert refused == {str(size) for size in range(1, 61)}


def test_among_a_hundred_thousand_checkpoints_only_the_newest_is_opened(place: FileAnchors) -> None:
    """The others are names that lead nowhere: opening one fails."""
    pick = random.Random(5)  # noqa: S311  # repeatable, not secret
    for thousand in range(100):
        folder = place.folder / "checkpoints" / "000" / "000" / f"{thousand:03}"
        folder.mkdir(parents=True)
        for number in range(1000):
            os.symlink("nowhere", folder / f"{thousand * 1000 + number:012}-{pick.randbytes(8).hex()}.checkpoint")
    keep(place, 100_000)
    newest = place.newest()
    assert newest
    assert newest.note == note(100_000, root(1))
    with pytest.raises(AnchorUnavailable):
        next(place.all())


def test_an_empty_folder_left_by_a_crash_does_not_hide_the_newest(place: FileAnchors) -> None:
    keep(place, 1_500)
    (place.folder / "checkpoints" / "000" / "000" / "002").mkdir()
    (place.folder / "checkpoints" / "001").mkdir()
    (place.folder / "checkpoints" / "notes").mkdir()
    newest = place.newest()
    assert newest
    assert newest.size == 1_500


def test_the_erasure_list_gives_the_destroyed_keys_back(place: FileAnchors) -> None:
    other = ENTRY.replace("1", "2")
    place.note_erasure(KEY, ENTRY, "2026-11-21T02:10:00Z", "code")
    place.note_erasure(KEY, ENTRY, "2026-11-22T02:10:00Z", "another code")
    place.note_erasure(bytes(16), other, "2026-11-23T02:10:00Z", "code")
    assert FileAnchors(place.folder).erased() == {(KEY, ENTRY), (bytes(16), other)}
    assert (place.vouched(KEY, ENTRY), place.vouched(KEY, other)) == ("code", "")
    line = (place.folder / "erased" / f"{KEY.hex()}-{ENTRY}").read_text()
    assert json.loads(line) == {"key": KEY.hex(), "entry": ENTRY, "time": "2026-11-21T02:10:00Z", "vouched": "code"}
    with pytest.raises(ValueError, match="16 bytes"):
        place.note_erasure(b"short", ENTRY, "time", "code")


def test_an_erasure_that_did_not_come_about_is_not_on_the_list_and_a_later_one_is(place: FileAnchors) -> None:
    later = ENTRY.replace("1", "2")
    place.note_erasure(KEY, ENTRY, "time", "code")
    place.withdraw_erasure(KEY, ENTRY)
    assert place.erased() == set()
    place.note_erasure(KEY, later, "time", "code")
    assert place.erased() == {(KEY, later)}


def test_after_a_recovery_the_lost_checkpoints_stay_and_the_new_ones_stand_beside_them(place: FileAnchors) -> None:
    for size in (2, 5, 8, 9):
        keep(place, size, byte=1)
    recovery = Recovery(5, root(1).hex(), 9, root(1).hex(), "entry-1", "2026-11-21T02:10:00Z")
    place.note_recovery(recovery)
    place.note_recovery(recovery)
    newest = place.newest()
    assert newest
    assert newest.size == 5
    keep(place, 8, byte=2)
    keep(place, 11, byte=2)
    with pytest.raises(AnchorRefused, match="another checkpoint of size 2"):
        keep(place, 2, byte=2)
    with pytest.raises(AnchorRefused, match="another checkpoint of size 8"):
        keep(place, 8, byte=3)
    keep(place, 5, byte=1, words="signed again")
    assert [(kept.size, kept.root_hint[:2]) for kept in place.all()] == [(2, "01"), (5, "01"), (8, "02"), (11, "02")]
    assert [(kept.size, kept.root_hint[:2]) for kept in place.lost()] == [(8, "01"), (9, "01")]
    assert place.recoveries() == [
        {
            "size": 5,
            "root": root(1).hex(),
            "lost_size": 9,
            "lost_root": root(1).hex(),
            "entry": "entry-1",
            "time": "2026-11-21T02:10:00Z",
        }
    ]


def test_a_later_recovery_may_go_further_back_than_an_earlier_one(place: FileAnchors) -> None:
    for number, (kept, back_to) in enumerate([((3, 6, 9), 6), ((7, 8), 3), ((4, 10), 4)], start=1):
        for size in kept:
            keep(place, size, byte=number)
        place.note_recovery(Recovery(back_to, "", max(kept), "", f"entry-{number}", "time"))
    keep(place, 6, byte=4)
    assert [(kept.size, kept.root_hint[:2]) for kept in place.all()] == [(3, "01"), (4, "03"), (6, "04")]
    assert sorted((kept.size, kept.root_hint[:2]) for kept in place.lost()) == [
        (6, "01"),
        (7, "02"),
        (8, "02"),
        (9, "01"),
        (10, "03"),
    ]
    assert [noted["entry"] for noted in place.recoveries()] == ["entry-1", "entry-2", "entry-3"]


@pytest.mark.parametrize("name", ["0001", "0003"])
def test_recoveries_that_are_damaged_or_missing_are_refused(place: FileAnchors, name: str) -> None:
    place.note_recovery(Recovery(1, "", 2, "", "entry-1", "time"))
    place.note_recovery(Recovery(1, "", 2, "", "entry-2", "time"))
    (place.folder / "recovered" / "0002").rename(place.folder / "recovered" / name)
    if name == "0001":
        (place.folder / "recovered" / name).write_text('{"size": "1"}')
    for read in (place.recoveries, place.newest):
        with pytest.raises(AnchorRefused, match=r"recoveries .* are damaged"):
            read()


def test_a_damaged_ledger_file_is_refused(place: FileAnchors) -> None:
    (place.folder / "ledger").unlink()
    for text in (b"", b"one line\n", b"\n\n", b"three\nlines\nhere\n"):
        (place.folder / "ledger").write_bytes(text)
        with pytest.raises(AnchorRefused, match=r"`ledger` .* is damaged"):
            place.pinned()


def test_a_damaged_checkpoint_is_given_as_it_is_for_the_verifier_to_judge(place: FileAnchors) -> None:
    keep(place, 3)
    file = next(place.folder.rglob("*.checkpoint"))
    file.chmod(0o644)
    file.write_bytes(b"\xff\0")
    newest = place.newest()
    assert newest
    assert newest.note == "\ufffd\0"


def test_a_file_in_place_of_the_folder_is_unavailable_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "place").write_text("a file")
    place = FileAnchors(tmp_path / "place")
    for use in (lambda: place.pin(ORIGIN, "key"), place.pinned, place.newest, place.erased):
        with pytest.raises(AnchorUnavailable, match="is not a folder") as caught:
            use()
        assert place.name in caught.value.message
        assert caught.value.issues[0].hint


def test_a_full_disk_is_unavailable_and_leaves_nothing_in_part(full_disk: Path) -> None:
    place = FileAnchors(full_disk / "place")
    place.pin(ORIGIN, "key")
    keep(place, 1)
    with (full_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            try:
                filler.write(bytes(4096))
            except OSError:
                break
    with pytest.raises(AnchorUnavailable, match="is full") as caught:
        keep(place, 2)
    assert "make room" in caught.value.issues[0].hint
    assert sizes(place) == [1]
    assert not list(full_disk.rglob("*.half"))
    (full_disk / "filler").unlink()
    keep(place, 2)
    assert sizes(place) == [1, 2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone without rights")
def test_a_folder_without_rights_is_unavailable(place: FileAnchors) -> None:
    place.folder.chmod(0o700)
    (place.folder.parent).chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(AnchorUnavailable, match="may not be read or written"):
            place.newest()
    finally:
        os.seteuid(0)
