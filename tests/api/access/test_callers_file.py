"""The file of keys: whole, its owner's alone, and quoted in no message."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from callers import keeper

from ordain.api.access.callers_file import read_keys, stamp_of, write_keys
from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError

SECRET = "f" * 64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    keeper(tmp_path).make("checkout", ["app"])
    return tmp_path / "keys/callers.json"


def fault(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        read_keys(file)
    assert "Traceback" not in str(caught.value)
    return caught.value.message


def change(file: Path, **fields: Any) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    data["keys"][0] |= fields
    file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert f"can be read or written by others ({mode:o})" in fault(file)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"format": 2, "keys": []}',
        b'{"format": 1}',
        b'{"format": 1, "keys": {}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_file_of_keys_is_refused(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    assert str(file) in fault(file)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "0"}, "has a malformed `id`"),
        ({"sha256": SECRET[1:]}, "has a malformed `sha256`"),
        ({"roles": []}, "needs a list of texts as `roles`"),
        ({"roles": "app"}, "needs a list of texts as `roles`"),
        ({"services": [1]}, "needs a list of texts as `services`"),
        ({"services": []}, "needs a list of texts as `services`"),
        ({"name": "http"}, "stands for callers who are not known"),
        ({"name": "\u202ex"}, "is not a name for a key"),
        ({"rate": "9"}, "is not a rate"),
        ({"made": None}, "has a time that is no text"),
        ({"expires": "2026-13-01T00:00:00Z"}, "the time `2026-13-01T00:00:00Z`, which is not written as"),
        ({"rate": 7}, "has a `rate` that is no text"),
        ({"roles": ["a\x1b[2Jb"]}, "has a control character in its `roles`"),
        ({"older": []}, "has a malformed `older`"),
        ({"revoked": 7}, "has a time that is no text"),
        ({"older": {"sha256": SECRET}}, "has no `until`"),
        ({"admin": True}, "has an unknown field `admin`"),
    ],
)
def test_a_key_with_something_wrong_is_named_by_its_place(file: Path, fields: dict[str, Any], said: str) -> None:
    change(file, **fields)
    message = fault(file)
    assert message.startswith("key 1 in ")
    assert said in message
    assert SECRET not in message


def test_two_keys_of_one_id_are_refused(file: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**data, "keys": data["keys"] * 2}), encoding="utf-8")
    assert "key 2" in fault(file)


def test_a_file_that_is_too_large_is_refused(file: Path) -> None:
    file.write_bytes(b" " * (LIMITS.callers_bytes + 1))
    assert f"is over {LIMITS.callers_bytes:,} bytes" in fault(file)


def test_a_pipe_is_refused_and_not_waited_for(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)
    assert "it is not a file, but a pipe or a device" in fault(file)


def test_a_link_to_a_file_that_is_not_there_is_no_installation_without_keys(file: Path) -> None:
    """As when a disk is not mounted: without keys everybody would be let in."""
    file.rename(file.with_name("elsewhere.json"))
    assert stamp_of(file) is None
    file.symlink_to("not-mounted/callers.json")
    with pytest.raises(SettingsError, match="cannot be read: no such file"):
        stamp_of(file)
    file.unlink()
    file.symlink_to("elsewhere.json")
    assert stamp_of(file) is not None


def test_a_key_behind_a_link_is_revoked_for_all_who_read_the_file(file: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.json"
    file.rename(shared)
    file.symlink_to(shared)
    keeper(tmp_path).revoke("checkout")
    assert file.is_symlink()
    assert [key.revoked is not None for key in read_keys(shared)] == [True]


def test_times_are_written_as_they_are_read(file: Path) -> None:
    change(file, made="0999-01-01T00:00:00Z")
    write_keys(file, read_keys(file))
    assert read_keys(file)[0].made == "0999-01-01T00:00:00Z"


def test_what_is_written_is_what_is_read(file: Path) -> None:
    keys = read_keys(file)
    write_keys(file, keys)
    assert read_keys(file) == keys
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".callers.json.")] == [
        ".callers.json.lock"
    ]


def test_keys_that_are_made_at_once_are_all_there(tmp_path: Path) -> None:
    threads = [threading.Thread(target=keeper(tmp_path).make, args=(f"app-{number}", ["app"])) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.name for key in read_keys(tmp_path / "keys/callers.json")) == sorted(
        f"app-{number}" for number in range(12)
    )
