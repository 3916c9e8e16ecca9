"""Files that are written as a whole are there, under their names, after a power failure too."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ordain.api.cli.whole_files import write_whole


def test_file_and_folder_are_flushed_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(stat.S_ISDIR(os.fstat(handle).st_mode)))
    write_whole(tmp_path / "a", b"1")
    assert flushed == [False, True]
    assert (tmp_path / "a").read_bytes() == b"1"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
