"""The language server: what the protocol asks, answered by the other files of this room. It decides nothing itself."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from ordain.api.limits import LIMITS
from ordain.api.lsp import protocol
from ordain.api.lsp.colours import MODIFIERS, TYPES, colours
from ordain.api.lsp.cursor import cursor_at
from ordain.api.lsp.document import Document
from ordain.api.lsp.fixes import fixes
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.outline import outline
from ordain.api.lsp.pointing import Found, definitions, references, told_at
from ordain.api.lsp.renaming import Renaming, renamable, renaming
from ordain.api.lsp.session import LOG, Marked, Session
from ordain.api.lsp.suggestions import suggestions
from ordain.api.lsp.text_lines import Lines
from ordain.engine.errors import OrdainError
from ordain.engine.policy.fmt import formatted
from ordain.engine.version import VERSION

_REFUSED = -32803
"""The protocol's code for a request that is understood and cannot be done."""
_TRIGGERS = [" ", ":", "{", "[", ",", '"', "'", ".", "=", "-"]
_ANNOTATION = "begun"
_Answer = TypeVar("_Answer")


class Server(LanguageServer):
    """One editor's server. `session` is what it has open."""

    def __init__(self, session: Session) -> None:
        super().__init__("ordain", VERSION, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.session = session
        self._waiting: dict[Path, asyncio.TimerHandle] = {}
        self._running: set[Path] = set()
        self._again: set[Path] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._uris: dict[Path, str] = {}

    def report_server_error(self, error: Exception, source: Any) -> None:
        """An error of the program goes to the log alone: an editor would show it to a person."""
        LOG.error("%s: %s", getattr(source, "__name__", source), error)

    # --- places -------------------------------------------------------------------------------------------------

    def lines(self, text: str) -> Lines:
        return Lines(text, str(getattr(self._encoding, "value", self._encoding)))

    @property
    def _encoding(self) -> Any:
        return self.workspace.position_encoding or types.PositionEncodingKind.Utf16

    def at(self, uri: str, place: types.Position) -> tuple[Folder, Document, Lines, int] | None:
        """A file, and the index of a place in it; None when it is none of ours."""
        file = path_of(uri)
        found = self.session.document(file) if file is not None else None
        if found is None:
            return None
        folder, document = found
        lines = self.lines(document.text)
        return folder, document, lines, lines.index(place.line, place.character)

    def uri(self, folder: Folder, name: str) -> str:
        """A file's address as the editor writes it."""
        file = folder.path_of(name)
        return self._uris.get(file) or from_fs_path(str(file)) or ""

    def location(self, folder: Folder, found: Found) -> types.Location:
        lines = self.lines(folder.text_of(found.file))
        return types.Location(self.uri(folder, found.file), protocol.range_of(lines, found.start, found.end))

    def opened(self, uri: str, text: str) -> None:
        """A file has this text from now on; its directory is checked when nothing more is typed for a while."""
        file = path_of(uri)
        folder = self.session.put(file, text) if file is not None else None
        if file is not None and folder is not None:
            self._uris[file.absolute()] = uri
            self.changed(folder)

    # --- findings -----------------------------------------------------------------------------------------------

    def changed(self, folder: Folder) -> None:
        """Check a directory soon; what waited before waits anew."""
        loop = asyncio.get_running_loop()
        if (waiting := self._waiting.pop(folder.path, None)) is not None:
            waiting.cancel()
        self._waiting[folder.path] = loop.call_later(LIMITS.editor_pause, self._begin, folder)

    def _begin(self, folder: Folder) -> None:
        self._waiting.pop(folder.path, None)
        if folder.path in self._running:
            self._again.add(folder.path)
            return
        self._running.add(folder.path)
        task = asyncio.get_running_loop().create_task(self._check(folder))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, folder: Folder) -> None:
        """Findings of what stands there now; once more when something was typed meanwhile."""
        try:
            found = await asyncio.to_thread(self.session.check, folder)
            self._publish(folder, found)
        except Exception:  # a fault of ours: the editor keeps its server, the next change is checked again
            LOG.exception("%s cannot be checked", folder.path)
        finally:
            self._running.discard(folder.path)
            if folder.path in self._again:
                self._again.discard(folder.path)
                self._begin(folder)

    def _publish(self, folder: Folder, found: Mapping[str, tuple[Marked, ...]]) -> None:
        for name, several in found.items():
            lines = self.lines(folder.text_of(name))
            told = [protocol.diagnostic(marked, lines) for marked in several]
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.uri(folder, name), told))

    # --- edits --------------------------------------------------------------------------------------------------

    def renamed(self, folder: Folder, found: Renaming) -> types.WorkspaceEdit:
        """A renaming as edits; those of versions that may have decided ask first, where the editor can."""
        asks = self._can_ask()
        edits: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
        plain: dict[str, list[types.TextEdit]] = {}
        for name, places in found.places.items():
            lines = self.lines(folder.text_of(name))
            uri = self.uri(folder, name)
            ranges = [protocol.range_of(lines, place.start, place.end) for place in places]
            plain[uri] = [types.TextEdit(each, found.new) for each in ranges]
            annotated: list[Any] = [
                types.AnnotatedTextEdit(_ANNOTATION, each, found.new)
                if name in found.begun
                else types.TextEdit(each, found.new)
                for each in ranges
            ]
            edits.append(types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), annotated))
        if not asks:
            if found.begun:
                self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, _warning(found)))
            return types.WorkspaceEdit(changes=plain)
        told = types.ChangeAnnotation(
            "versions that decide already", needs_confirmation=True, description=_warning(found)
        )
        return types.WorkspaceEdit(
            document_changes=edits, change_annotations={_ANNOTATION: told} if found.begun else None
        )

    def _can_ask(self) -> bool:
        workspace = self.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        return edit is not None and bool(edit.document_changes) and edit.change_annotation_support is not None

    def fills_in(self) -> bool:
        """Whether the editor takes snippets."""
        of = self.client_capabilities.text_document
        item = of.completion.completion_item if of is not None and of.completion is not None else None
        return item is not None and bool(item.snippet_support)


def _warning(found: Renaming) -> str:
    files = ", ".join(sorted(found.begun))
    return (
        f"{files}: the first day has come. A version that has decided anything must not be changed: "
        f"take `{found.new}` into a new version then"
    )


def path_of(uri: str) -> Path | None:
    """The file at an address; None for what is on no disk."""
    if not uri.startswith("file:"):
        return None
    path = to_fs_path(uri)
    return Path(path) if path else None


def _calm(default: _Answer) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A feature that answers `default` when it fails; why stands in the log."""

    def calmed(feature: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(feature)
        def answer(server: Server, params: Any) -> Any:
            try:
                return feature(server, params)
            except Exception:  # a fault of ours: no hover or list is better than no server
                LOG.exception("%s failed", feature.__name__)
                return default

        return answer

    return calmed


async def _or_refused(work: Awaitable[_Answer]) -> _Answer:
    """What a request asks for, or the reason that it cannot be done, as the editor shows it."""
    try:
        return await work
    except OrdainError as error:
        hint = next((issue.hint for issue in error.issues if issue.hint), "")
        raise JsonRpcException(f"{error.message}{f': {hint}' if hint else ''}", _REFUSED) from None
    except Exception:  # a fault of ours: who asked is told, and the server goes on
        LOG.exception("a request failed")
        raise JsonRpcException("this went wrong in Ordain; see the log of the server", _REFUSED) from None


def serve(session: Session) -> None:
    """Answers an editor over standard input and output until it says that it is done."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s", force=True)
    logging.getLogger("pygls").setLevel(logging.ERROR)
    stream = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever prints must not stand between two messages
    server = Server(session)
    _add_features(server)
    server.start_io(sys.stdin.buffer, stream)


def _add_features(server: Server) -> None:
    for name, feature, *options in _FEATURES:
        server.feature(name, *options)(feature)


# --- features ---------------------------------------------------------------------------------------------------


@_calm(None)
def _did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.opened(params.text_document.uri, params.text_document.text)


@_calm(None)
def _did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.opened(uri, server.workspace.get_text_document(uri).source)


@_calm(None)
def _did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    file = path_of(params.text_document.uri)
    if file is not None and (folder := server.session.close(file)) is not None:
        server.changed(folder)


@_calm(None)
def _did_save(server: Server, _: object) -> None:
    for folder in server.session.folders():
        server.changed(folder)


@_calm(None)
def _complete(server: Server, params: types.CompletionParams) -> types.CompletionList | None:
    found = server.at(params.text_document.uri, params.position)
    if found is None:
        return None
    folder, document, lines, index = found
    return protocol.completion(
        suggestions(folder, document, cursor_at(document.text, index)), lines, index, server.fills_in()
    )


@_calm(None)
def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    found = server.at(params.text_document.uri, params.position)
    if found is None:
        return None
    folder, document, lines, index = found
    told = told_at(document, index, server.session.types(folder, document.file))
    return protocol.hover(told.text, lines, told.start, told.end) if told is not None else None


@_calm(None)
def _definition(server: Server, params: types.DefinitionParams) -> list[types.Location] | None:
    found = server.at(params.text_document.uri, params.position)
    if found is None:
        return None
    folder, document, _, index = found
    return [server.location(folder, each) for each in definitions(folder, document, index)]


@_calm(None)
def _references(server: Server, params: types.ReferenceParams) -> list[types.Location] | None:
    found = server.at(params.text_document.uri, params.position)
    if found is None:
        return None
    folder, document, _, index = found
    return [server.location(folder, each) for each in references(folder, document, index)]


async def _prepare_rename(server: Server, params: types.PrepareRenameParams) -> types.Range | None:
    async def work() -> types.Range | None:
        found = server.at(params.text_document.uri, params.position)
        if found is None:
            return None
        _, document, lines, index = found
        place = renamable(document, index)
        return protocol.range_of(lines, place.start, place.end)

    return await _or_refused(work())


async def _rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    async def work() -> types.WorkspaceEdit | None:
        found = server.at(params.text_document.uri, params.position)
        if found is None:
            return None
        folder, document, _, index = found
        return server.renamed(folder, await asyncio.to_thread(renaming, folder, document, index, params.new_name))

    return await _or_refused(work())


@_calm(None)
def _code_actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    found = server.at(params.text_document.uri, params.range.start)
    if found is None:
        return None
    folder, document, lines, start = found
    end = lines.index(params.range.end.line, params.range.end.character)
    actions = []
    for marked in server.session.found(folder, document.file):
        if marked.start <= end and start <= marked.end:
            for fix in fixes(marked.issue, document.text):
                edit = types.TextEdit(protocol.range_of(lines, fix.start, fix.end), fix.new)
                actions.append(
                    types.CodeAction(
                        fix.title,
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=[protocol.diagnostic(marked, lines)],
                        edit=types.WorkspaceEdit(changes={params.text_document.uri: [edit]}),
                    )
                )
    return actions


@_calm(None)
def _semantic_tokens(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens | None:
    found = server.at(params.text_document.uri, types.Position(0, 0))
    return protocol.tokens(colours(found[1]), found[2]) if found is not None else None


@_calm(None)
def _symbols(server: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
    found = server.at(params.text_document.uri, types.Position(0, 0))
    return protocol.symbols(outline(found[1].layout), found[2]) if found is not None else None


async def _format(server: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    async def work() -> list[types.TextEdit] | None:
        found = server.at(params.text_document.uri, types.Position(0, 0))
        if found is None:
            return None
        _, document, lines, _ = found
        new = formatted(document.text.encode(), document.file).decode()
        return [types.TextEdit(protocol.range_of(lines, 0, len(document.text)), new)] if new != document.text else []

    return await _or_refused(work())


_FEATURES: tuple[tuple[Any, ...], ...] = (
    (types.TEXT_DOCUMENT_DID_OPEN, _did_open),
    (types.TEXT_DOCUMENT_DID_CHANGE, _did_change),
    (types.TEXT_DOCUMENT_DID_CLOSE, _did_close),
    (types.TEXT_DOCUMENT_DID_SAVE, _did_save),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _did_save),
    (types.TEXT_DOCUMENT_COMPLETION, _complete, types.CompletionOptions(trigger_characters=_TRIGGERS)),
    (types.TEXT_DOCUMENT_HOVER, _hover),
    (types.TEXT_DOCUMENT_DEFINITION, _definition),
    (types.TEXT_DOCUMENT_REFERENCES, _references),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, _prepare_rename),
    (types.TEXT_DOCUMENT_RENAME, _rename, types.RenameOptions(prepare_provider=True)),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        _code_actions,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    ),
    (
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL,
        _semantic_tokens,
        types.SemanticTokensLegend(token_types=list(TYPES), token_modifiers=list(MODIFIERS)),
    ),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, _symbols),
    (types.TEXT_DOCUMENT_FORMATTING, _format),
)
