"""Pages that a reader follows step by step: their files are written and their commands run, in the order of the page.

What a fenced block is follows from its first line:

    ```yaml file=PATH        a file is written
    ```yaml add=PATH         lines are added at its end
    ```diff file=PATH        lines of it change: those with `-` stand there, those with `+` take their place
    ```diff try=PATH         the same, put back after the next block of commands
    ```console               after each `$ ` a command, below it what it prints, to both streams together
    ```console exit=N        the same, where the last command ends with this exit code, not with 0

A line `...` stands for lines left out. `FOLDER` of the page is the folder that the test works in, and what each run has
of its own (ids, hashes, times) may be another: only its form and where it appears again have to agree.

`python tests/docs/walkthrough.py` writes what the commands print today into the pages; read the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doc_fragments import ROOT, Block, blocks

PAGES = [ROOT / "docs/your-first-policy.md"]
FOLDER = "/Users/asha/pricing"
"""Where the reader of the pages works."""
_OWN = re.compile(
    r"(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<hash>\b[0-9a-f]{64}\b|\b[0-9a-f]{16}(?=\.\.\.))"
    r"|(?P<time>\b\d{1,2} [A-Z][a-z]+ \d{4}, \d{2}:\d{2}:\d{2}\b)"
)


class Differs(AssertionError):
    """A change of the page does not fit its file; the message says where and how."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a page, what the page says it prints, and what it does print, in the page's words."""

    block: Block
    command: str
    shown: str
    code_shown: int
    printed: str
    code: int

    @property
    def agrees(self) -> bool:
        return self.code == self.code_shown and _alike(self.shown, self.printed)


def walk(page: Path, folder: Path) -> Iterator[Step]:
    """Follows a page in an empty folder. Raises Differs."""
    own = {FOLDER: str(folder)}
    put_back: list[tuple[Path, str]] = []
    for block in blocks(page):
        if block.kind.split(" ")[0] == "console":
            yield from _commands(block, folder, own)
            while put_back:
                file, text = put_back.pop()
                file.write_text(text, encoding="utf-8")
        elif name := _option(block, "file") or _option(block, "add") or _option(block, "try"):
            file = folder / name
            if _option(block, "try"):
                put_back.append((file, file.read_text(encoding="utf-8")))
            _change(block, file)


def _commands(block: Block, folder: Path, own: dict[str, str]) -> Iterator[Step]:
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)[1:]
    for number in range(0, len(parts), 2):
        command, shown = parts[number : number + 2]
        last = number == len(parts) - 2
        now = command
        for text, of_run in own.items():
            now = now.replace(text, of_run)
        printed, code = _run(now, folder)
        asked = int(_option(block, "exit") or 0) if last else 0
        yield Step(block, command, shown, asked, _as_in_the_page(shown, printed, own), code)


def _run(command: str, folder: Path) -> tuple[str, int]:
    """What a command prints, without blanks at the ends of lines, and its exit code."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORDAIN_", "FORCE_COLOR", "TTY_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**kept, "PATH": path, "COLUMNS": "110", "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines()), done.returncode


def _change(block: Block, file: Path) -> None:
    """Does to a file what the block says. Raises Differs when the lines to change do not stand there once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not block.kind.startswith("diff "):
        with file.open("a" if _option(block, "add") else "w", encoding="utf-8") as stream:
            stream.write(block.text)
        return
    lines = block.text.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
    with file.open(encoding="utf-8", newline="") as stream:  # a sheet keeps its line ends
        text = stream.read()
    end = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    if text.count(old) != 1:
        raise Differs(f"{block}: these lines stand {text.count(old)} times in {file.name}:\n{old}\n{text}")
    file.write_text(text.replace(old, new), encoding="utf-8", newline=end)


def _as_in_the_page(shown: str, printed: str, own: dict[str, str]) -> str:
    """What was printed with the page's ids, hashes and times, which are learned where they first appear."""
    for text, now in own.items():
        printed = printed.replace(now, text)
    for kind in _OWN.groupindex:
        there, fresh = ([match[0] for match in _OWN.finditer(text) if match[kind]] for text in (shown, printed))
        new = [text for text in dict.fromkeys(there) if text not in own]
        for text, now in zip(new, [now for now in dict.fromkeys(fresh) if now not in own], strict=False):
            own[text] = now
            printed = printed.replace(now, text)
    return printed


def _alike(shown: str, printed: str) -> bool:
    """Whether they say the same, where `...` on a line of its own stands for any lines."""
    parts = re.split(r"^ *\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, parts)), printed) is not None


def _option(block: Block, name: str) -> str:
    match = re.search(rf" {name}=(\S+)", block.kind)
    return match[1] if match else ""


def _renewed(page: Path, folder: Path) -> str:
    """The page with what its commands print; as it is where that agrees, lines left out or not."""
    seen: dict[int, list[Step]] = {}
    try:
        for step in walk(page, folder):
            seen.setdefault(step.block.line, []).append(step)
    except Differs as differs:
        sys.stderr.write(f"{differs}\n")
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    for start, steps in reversed(seen.items()):
        exits = f" exit={steps[-1].code}" if steps[-1].code else ""
        told = [f"$ {step.command}\n{step.shown if step.agrees else step.printed}" for step in steps]
        end = start - 1 + steps[0].block.text.count("\n")
        lines[start - 2 : end] = [f"```console{exits}\n", *told]
    return "".join(lines)


if __name__ == "__main__":
    for each in PAGES:
        with tempfile.TemporaryDirectory() as empty:
            each.write_text(_renewed(each, Path(empty)), encoding="utf-8")
