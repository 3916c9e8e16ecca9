"""Several `.dmn` files as one, so that they can be one policy: the models that a file imports stand inside it.

Each is the text of an element `model` of Ordain's own namespace, below the `extensionElements` of `definitions`, which
other tools leave alone: one file has one digest, and whoever holds it holds all that it decides by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from ordain.engine.dmn.reading.files import Imported, embedded, read_sources
from ordain.engine.dmn.reading.own import OWN
from ordain.engine.dmn.reading.xml import parse
from ordain.engine.errors import Issue, PolicyError, Span

_HOLDER = "extensionElements"
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>\s*")


def bundle(data: bytes, file: str, imported: Imported) -> bytes:
    """The model of a file with all that it imports inside. Raises PolicyError, as reading it does."""
    found: dict[str, str] = {}

    def noted(namespace: str, location: str) -> bytes | None:
        model = imported(namespace, location)
        if model is not None:
            name = location.rpartition("/")[2] or namespace
            text = _DECLARATION.sub("", _text(model, name)).replace("]]>", "]]]]><![CDATA[>")
            names = f"file={quoteattr(name)} namespace={quoteattr(namespace)}"
            found[namespace] = f'<ordain:model xmlns:ordain="{OWN}" {names}><![CDATA[{text}]]></ordain:model>'
        return model

    read_sources(data, file, noted)
    if not found:
        return data
    text = _text(data, file)
    at, opening, closing = _place(text.encode(), file)
    inside = f"{opening}\n{chr(10).join(found.values())}\n{closing}".encode()
    made = text.encode()[:at] + inside + text.encode()[at:]
    if embedded(parse(made, file)).keys() != found.keys():
        raise PolicyError(Issue("the imported models cannot be put into it", "leave out its extensionElements", None))
    return made


def _text(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PolicyError(Issue("it is not in UTF-8", "save it as UTF-8", Span(file, 1, 1))) from None


def _place(data: bytes, file: str) -> tuple[int, str, str]:
    """Where the models are put, and what stands before and after them there."""
    root, *below = _parts(data)
    prefix = root.tag.rpartition(":")[0]
    name = f"{prefix}:{_HOLDER}" if prefix else _HOLDER
    for part in below:
        if part.tag == name and data[part.end : part.end + 2] == b"</":
            return part.end, "", ""
        if part.tag == name:
            raise PolicyError(Issue(f"`{name}` is empty", "leave it out", Span(file, 1, 1)))
        if part.tag.rpartition(":")[2] != "description":
            return part.start, f"<{name}>", f"</{name}>\n"
    raise PolicyError(Issue("there is nothing in this model", "", Span(file, 1, 1)))


@dataclass(slots=True)
class _Part:
    """An element: where its tag and its closing tag begin in the bytes."""

    tag: str
    start: int
    end: int = -1


def _parts(data: bytes) -> list[_Part]:
    """The root and the elements directly below it."""
    parser = expat.ParserCreate()
    open_: list[_Part] = []
    found: list[_Part] = []

    def start(tag: str, _: object) -> None:
        open_.append(_Part(tag, parser.CurrentByteIndex))
        if len(open_) <= 2:
            found.append(open_[-1])

    def end(_: str) -> None:
        open_.pop().end = parser.CurrentByteIndex

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return found
