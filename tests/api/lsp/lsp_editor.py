"""An editor for tests: it starts the real server and talks to it over its standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECONDS = 60
Edit = Mapping[str, Any]


def units(text: str) -> int:
    """How many UTF-16 units a text takes, in which the protocol counts columns."""
    return len(text.encode("utf-16-le")) // 2


def place(text: str, index: int) -> dict[str, int]:
    """An index as the protocol writes it: line and column from 0."""
    before = text[:index]
    return {"line": before.count("\n"), "character": units(before.rpartition("\n")[2])}


def index_of(text: str, at: Mapping[str, int]) -> int:
    """The index of a place, or an error when there is none: within its line, and not in half a character."""
    lines = text.split("\n")
    line = lines[at["line"]]
    for column in range(len(line) + 1):
        if units(line[:column]) == at["character"]:
            return sum(len(each) + 1 for each in lines[: at["line"]]) + column
    raise AssertionError(f"{at} is no place of the text")


def part(text: str, of: Mapping[str, Any]) -> str:
    """The part of a text that a range of the protocol holds."""
    return text[index_of(text, of["start"]) : index_of(text, of["end"])]


def edited(text: str, edits: list[Edit]) -> str:
    """The text with edits, as an editor makes them: all counted in the text as it was."""
    for edit in sorted(edits, key=lambda each: -index_of(text, each["range"]["start"])):
        start, end = (index_of(text, edit["range"][side]) for side in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text


class Editor:
    """`texts` are the open files, as they are typed. `found` are the findings that the server sent last, by file."""

    def __init__(self, folder: Path, capabilities: Mapping[str, Any] | None = None, **options: Any) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "ordain", "lsp", "--stdio"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        self.texts: dict[str, str] = {}
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.shown: list[str] = []
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        self._count = 0
        self.errors = b""
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._listen, self._read_errors)]
        for thread in self._threads:
            thread.start()
        root = {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities or {}}
        self.can = self.ask("initialize", root)["capabilities"]
        self.tell("initialized", {})

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1]) if header.lower().startswith(b"content-length") else 0
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            (self._answers if "id" in message and "method" not in message else self._told).put(message)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def answer(self, method: str, params: Any) -> dict[str, Any]:
        """The whole answer to a request, also when it is an error."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        answer = self._answers.get(timeout=_SECONDS)
        assert answer["id"] == self._count
        return answer

    def ask(self, method: str, params: Any) -> Any:
        answer = self.answer(method, params)
        assert "error" not in answer, answer
        return answer.get("result")

    # --- files --------------------------------------------------------------------------------------------------

    def uri(self, file: str) -> str:
        return (self.folder / file).as_uri()

    def open(self, file: str) -> str:
        self.texts[file] = (self.folder / file).read_text(encoding="utf-8")
        document = {"uri": self.uri(file), "languageId": "yaml", "version": 1, "text": self.texts[file]}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.texts[file]

    def type(self, file: str, text: str) -> None:
        """The file has this text now, and is not saved."""
        self.texts[file] = text
        document = {"uri": self.uri(file), "version": 2}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def typed_at(self, file: str, text: str) -> dict[str, Any]:
        """Type a text in which a `^` is where the cursor stands; the place as requests name it."""
        index = text.index("^")
        self.type(file, text[:index] + text[index + 1 :])
        return self.at(file, index)

    def at(self, file: str, index: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self.uri(file)}, "position": place(self.texts[file], index)}

    def labels(self, where: Mapping[str, Any]) -> list[str]:
        return [item["label"] for item in self.ask("textDocument/completion", where)["items"]]

    def findings(self, file: str) -> list[dict[str, Any]]:
        """The next findings of a file; those of others that come before are kept."""
        while True:
            message = self._told.get(timeout=_SECONDS)
            if message["method"] == "window/showMessage":
                self.shown.append(message["params"]["message"])
            elif message["method"] == "textDocument/publishDiagnostics":
                self.found[message["params"]["uri"]] = message["params"]["diagnostics"]
                if message["params"]["uri"] == self.uri(file):
                    return list(message["params"]["diagnostics"])

    def leave(self) -> int:
        """Say good-bye as an editor does; the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        code = self.process.wait(_SECONDS)
        self.stop()
        return code

    def stop(self) -> None:
        """End the server, whether it was told to or not."""
        self.process.kill()
        self.process.wait(_SECONDS)
        for thread in self._threads:
            thread.join(_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
