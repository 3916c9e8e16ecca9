"""A text written as a YAML scalar: plain where that reads back as the same text, otherwise in quotes."""

from __future__ import annotations

from ordain.engine.errors import PolicyError
from ordain.engine.replacement import Replacement
from ordain.engine.text.source import Node, parse

_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def scalar(
    text: str, *, like: str | None = None, words_only: bool = False, flow: bool = True, new: bool = False
) -> str:
    """`text` as YAML. `like` is the style to keep if it can be: "", ' or "; None if there is none to keep.

    `words_only`: it must be read as a text, so `12` and `null` get quotes. `flow`: it stands inside brackets.
    `new`: the style is only that of a similar text, so a word or number may do without its quotes.
    """
    double = f'"{"".join(map(_escaped, text))}"'
    single = "'" + text.replace("'", "''") + "'"
    quoted = [single, double] if ('"' in text or "\\" in text) and "\n" not in text else [double, single]
    order = {"'": [single, double], '"': [double], "": [text, *quoted]}.get(like or "", quoted)
    if new or like is None:
        # A test such as `> 0.8` reads better in quotes, even where YAML could do without.
        order = [text, *order] if text[:1].isalnum() else [form for form in (*order, *quoted) if form != text]
    return next((form for form in order if _reads_back(form, text, words_only, flow)), double)


def braced_text(node: Node) -> Replacement | None:
    """The edit that puts `{name}` in quotes, where YAML took it for a mapping; None for any other node."""
    mapping = node.value if isinstance(node.value, dict) else {}
    if not node.raw or "\n" in node.raw or [part.value for part in mapping.values()] != [None]:
        return None
    return Replacement(node.span.file, node.span.line, node.span.column, node.raw, scalar(node.raw))


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable() or character == " ":
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _reads_back(written: str, text: str, words_only: bool, flow: bool) -> bool:
    if "\n" in written or "\r" in written:
        return False
    document = f"{{k: {written}, l: 1}}" if flow else f"k: {written}\nl: 1\n"
    try:
        node = parse(document.encode(), "").get("k")
    except (PolicyError, UnicodeEncodeError):
        return False
    if node is None or isinstance(node.value, dict | list):
        return False
    return node.text == text and (node.quoted or not words_only or isinstance(node.value, str))
