"""The words of every expression of a file, with what each is: what an editor colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ordain.api.lsp.document import Document, Named
from ordain.api.lsp.layout import Scalar
from ordain.api.lsp.sections import Role
from ordain.api.lsp.words import Word
from ordain.engine.feel.functions import FUNCTIONS

TYPES = ("variable", "property", "function", "enumMember", "number", "string", "operator", "keyword", "parameter")
"""As the protocol calls them: a fact, a decision, a function, a declared value ..., an expression's own variable."""
MODIFIERS = ("readonly", "declaration")
_OF_WORD = {
    Word.FUNCTION: "function",
    Word.VALUE: "enumMember",
    Word.NUMBER: "number",
    Word.TEXT: "string",
    Word.LITERAL: "keyword",
    Word.KEYWORD: "keyword",
    Word.OPERATOR: "operator",
    Word.PROPERTY: "property",
}
_OF_DECLARED = {
    Named.FACT: ("variable", ()),
    Named.DECISION: ("property", ()),
    Named.CONSTANT: ("variable", ("readonly",)),
    Named.FUNCTION: ("function", ()),
}


@dataclass(frozen=True, slots=True)
class Colour:
    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def colours(document: Document) -> Iterator[Colour]:
    """The colours of a file, in its order; each ends in the line that it begins in."""
    for scalar in document.layout.scalars:
        role = document.role(scalar)
        if role in (Role.FACT, Role.RESULT):
            first = scalar.value.split(".")[0]
            yield from _lines(document, *scalar.place(0, len(first)), *_of_name(document, first))
        elif role in (Role.DECISION, Role.CONSTANT, Role.FUNCTION):
            named = document.declared.get(scalar.value)
            kind, modifiers = _OF_DECLARED[named.kind] if named is not None else ("property", ())
            yield from _lines(document, *scalar.inner, kind, (*modifiers, "declaration"))
        elif role is Role.GIVEN:
            yield from _of_given(document, scalar)
        else:
            for part in document.parts(scalar) if scalar.offsets else ():
                if part.word is Word.NAME and part.name in document.parameters_at(scalar.path):
                    kind, modifiers = "parameter", ()
                elif part.word is Word.NAME:
                    kind, modifiers = _of_name(document, part.name)
                else:
                    kind, modifiers = _OF_WORD[part.word], ()
                yield from _lines(document, *scalar.place(part.start, part.end), kind, modifiers)


def _of_given(document: Document, scalar: Scalar) -> Iterator[Colour]:
    fact = document.facts.get(str(scalar.path[-1]))
    if fact is not None and scalar.value in fact.type.values:
        yield from _lines(document, *scalar.inner, "enumMember", ())


def _of_name(document: Document, name: str) -> tuple[str, tuple[str, ...]]:
    declared = document.declared.get(name)
    if declared is not None:
        return _OF_DECLARED[declared.kind]
    if name in document.facts:
        return "variable", ()
    return ("function", ()) if name in FUNCTIONS else ("parameter", ())


def _lines(document: Document, start: int, end: int, kind: str, modifiers: tuple[str, ...]) -> Iterator[Colour]:
    """A colour in each line that a word goes over: one that is folded goes over several."""
    at = start
    for piece in document.text[start:end].splitlines(keepends=True):
        bare = piece.strip()
        if bare:
            first = at + piece.index(bare)
            yield Colour(first, first + len(bare), kind, modifiers)
        at += len(piece)
