"""The shape of a YAML file, as a JSON Schema (draft 2020-12) says it."""

from __future__ import annotations

from contextlib import suppress

from ordain.engine.errors import Issue, Span
from ordain.engine.late import late
from ordain.engine.text.shape import NotCovered, Schema, Test, shape_of
from ordain.engine.text.source import Node, parse

__all__ = ["Schema", "Structure", "check_structure", "key_span"]


class Structure:
    """A schema that files are held to again and again."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.fits: Test | None = None
        with suppress(NotCovered):  # else each file goes through the validator
            self.fits = shape_of(schema)


def check_structure(node: Node, structure: Structure, text: bytes = b"") -> list[Issue]:
    """Every way in which `node` is not of that shape, each with its place and a hint.

    `text` is what it was read from: with it, what comes of a line that is indented too deep is one finding.
    """
    if structure.fits is not None and structure.fits(node.value):
        return []
    violations = late("ordain.engine.text.violations:violations")
    issues: list[Issue] = violations(node, structure.schema)
    if issues and text:
        file = node.span.file
        again = lambda new: violations(parse(new, file), structure.schema)  # noqa: E731
        issues = late("ordain.engine.text.too_deep:without_too_deep")(file, text.decode("utf-8-sig"), issues, again)
    return issues


def key_span(node: Node, key: str) -> Span:
    """Where a key stands; the mapping itself when it does not."""
    return node.keys.get(key, node.span)
