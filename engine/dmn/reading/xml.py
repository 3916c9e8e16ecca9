"""XML from anyone, read into elements that remember where they stand.

Nothing but the bytes themselves is ever read: a document type or an entity of its own is refused, and so is a
document that is too large, too deep or has too many elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from ordain.engine.errors import Issue, PolicyError, Span


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a document may have: bytes, levels of elements, elements."""

    bytes: int = 5_000_000
    depth: int = 100
    elements: int = 200_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element. `name` is without prefix; so are its attributes' names, but `{namespace}name` where they have one.

    `text` is its own text, that of its children left out. `span` is where its tag stands, `text_span` where its text
    begins; both have the columns of the file. `prefixes` are all that the document declares, on its root only.
    """

    name: str
    namespace: str
    attributes: Mapping[str, str]
    children: tuple[Element, ...]
    text: str
    span: Span
    text_span: Span
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def get(self, attribute: str) -> str:
        """The attribute without the space around it; "" when it is not there."""
        return self.attributes.get(attribute, "").strip()

    def all(self, *names: str) -> Iterator[Element]:
        """The children of these names that have the element's own namespace, in the order of the file."""
        return (child for child in self.children if child.name in names and child.namespace == self.namespace)

    def first(self, *names: str) -> Element | None:
        return next(self.all(*names), None)

    def foreign(self, *names: str) -> Element | None:
        """The first child of these names that has another namespace than the element."""
        return next((each for each in self.children if each.name in names and each.namespace != self.namespace), None)

    def walk(self) -> Iterator[Element]:
        """The element and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(data: bytes, file: str, limits: Limits = LIMITS) -> Element:
    """The root element of the document. Raises PolicyError with the place of the first fault."""
    start = Span(file, 1, 1)
    if len(data) > limits.bytes:
        raise PolicyError(Issue(f"the file is larger than {limits.bytes:,} bytes", "", start))
    if not data.strip():
        raise PolicyError(Issue("the file is empty", "", start))
    return _Reader(file, limits).read(data)


@dataclass(slots=True)
class _Open:
    """An element whose end is not reached yet."""

    name: str
    namespace: str
    attributes: dict[str, str]
    span: Span
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    text_at: tuple[int, int] | None = None


class _Reader:
    """Builds elements from the parser's events, so that every limit is checked as they come."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.open: list[_Open] = []
        self.prefixes: dict[str, str] = {}
        self.count = 0
        self.root: Element | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = False
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartNamespaceDeclHandler = self.prefix
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def read(self, data: bytes) -> Element:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            raise self.fault(error) from None
        except (LookupError, ValueError, Warning):
            # An encoding that Python has no single-byte table for.
            raise PolicyError(Issue("its encoding is not known", "save it as UTF-8", Span(self.file, 1, 1))) from None
        if self.root is None:
            raise PolicyError(Issue("there is no element in it", "", Span(self.file, 1, 1)))
        return self.root

    def fault(self, error: expat.ExpatError) -> PolicyError:
        what = "it ends too early" if error.code in _CUT else expat.errors.messages.get(error.code, "it cannot be read")
        hint = _HINTS.get(error.code, "")
        if error.code in _CUT and self.open:
            still = self.open[-1]
            hint = f"`<{still.name}>` of line {still.span.line} is still open"
        return PolicyError(Issue(f"this is not XML: {what}", hint, Span(self.file, error.lineno, error.offset + 1)))

    def here(self, text: str) -> Span:
        return Span(self.file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1, text)

    def refuse(self, message: str, hint: str, text: str) -> None:
        raise PolicyError(Issue(message, hint, self.here(text)))

    def doctype(self, name: str, *_: object) -> None:
        self.refuse("a document type or an entity of its own is not allowed", "leave it out", f"<!DOCTYPE {name}")

    def prefix(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes[prefix or ""] = uri or ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > self.limits.elements:
            self.refuse(f"there are more than {self.limits.elements:,} elements", "", "")
        if len(self.open) >= self.limits.depth:
            self.refuse(f"elements are nested more than {self.limits.depth} deep", "", "")
        namespace, _, name = tag.rpartition(" ")
        named = {_clark(key): value for key, value in attributes.items()}
        self.open.append(_Open(name, namespace, named, self.here(f"<{name}>")))

    def characters(self, text: str) -> None:
        current = self.open[-1]
        if current.text_at is None:
            current.text_at = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        current.text.append(text)

    def end(self, _: str) -> None:
        done = self.open.pop()
        text = "".join(done.text)
        line, column = done.text_at or (done.span.line, done.span.column)
        text_span = Span(self.file, line, column, " ".join(text.split())[:80])
        prefixes = self.prefixes if not self.open else {}
        element = Element(
            done.name, done.namespace, done.attributes, tuple(done.children), text, done.span, text_span, prefixes
        )
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element


def _clark(key: str) -> str:
    namespace, separator, name = key.rpartition(" ")
    return f"{{{namespace}}}{name}" if separator else name


_CODES = expat.errors.codes
_CUT = (_CODES[expat.errors.XML_ERROR_NO_ELEMENTS], _CODES[expat.errors.XML_ERROR_UNCLOSED_TOKEN])
_HINTS = {
    _CODES[expat.errors.XML_ERROR_INVALID_TOKEN]: "write `&lt;` for `<` and `&amp;` for `&`; or it is not in the "
    "encoding that its first line names",
    _CODES[expat.errors.XML_ERROR_TAG_MISMATCH]: "the tag that ends here is not the one that began last",
    _CODES[expat.errors.XML_ERROR_UNKNOWN_ENCODING]: "save it as UTF-8",
    _CODES[expat.errors.XML_ERROR_INCORRECT_ENCODING]: "save it as UTF-8",
    _CODES[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: "only &lt; &gt; &amp; &quot; &apos; and &#...; have a meaning",
    _CODES[expat.errors.XML_ERROR_UNBOUND_PREFIX]: "declare it: xmlns:prefix=...",
}
