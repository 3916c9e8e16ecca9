"""Disks that are full, for the tests: a small file system of their own, or a limit on what a process may write."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BALLAST = "ballast"


class SmallDisk:
    """A file system in memory, mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, leave: int = 0) -> None:
        """Until `leave` bytes are free."""
        with (self.folder / BALLAST).open("ab", buffering=0) as file, suppress(OSError):
            while (free := shutil.disk_usage(self.folder).free - leave) > 0:
                file.write(bytes(min(free, 65536)))

    def free(self) -> None:
        (self.folder / BALLAST).unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk | None]:
    """None where this user may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="ordain-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "ordain-test", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield SmallDisk(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file that this process writes gets larger than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
