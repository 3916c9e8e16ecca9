"""A witness that is killed has not forgotten what it cosigned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from test_cosigner import KEY, Log

from ordain.audit.witness.heads import Heads

WORKER = """
import sys
from pathlib import Path
from standing import cosigner
from test_cosigner import KEY, Log
witness, log = cosigner(Path(sys.argv[1]), 1, str(KEY.verify_key)), Log()
print("ready", flush=True)
size = 0
while True:
    reply = witness.add_checkpoint(log.request(size, size + 1))
    size += 1
    assert reply.status == 200, reply
    print(size, flush=True)
"""


def test_what_it_answered_is_remembered_after_a_kill(tmp_path: Path) -> None:
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "helpers"), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    for acknowledged in (1, 7, 20):
        folder = tmp_path / str(acknowledged)
        folder.mkdir()
        command = [sys.executable, "-c", WORKER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            told = 0
            for line in process.stdout:
                told = int(line) if line.strip().isdigit() else told
                if told == acknowledged:
                    process.send_signal(signal.SIGKILL)
                    break
            told = max(
                [told, *(int(line) for line in process.stdout if line.strip().isdigit() and line.endswith("\n"))]
            )
        heads = Heads(folder / "witness-1.db")
        head = heads.latest(KEY.name)
        heads.close()
        assert head is not None
        assert head.size >= told
        assert head.note == Log().note(head.size).encode()
