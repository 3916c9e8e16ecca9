"""`ordain fmt`: a policy file, facts.yaml or services.yaml in one style, saying exactly what it said before.

The sections stand in the order of the guide, rules on one line each are set in columns, quotes that nothing needs go,
and every comment stays with what it stands beside. Nothing is returned that would read otherwise than the text given.
"""

from __future__ import annotations

from collections import Counter

from ordain.engine.errors import Issue, PolicyError, Span
from ordain.engine.limits import LIMITS
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.load import HEADER
from ordain.engine.policy.load_shared import SHARED
from ordain.engine.text.layout.document import Block, Document, Entry, Flow, opened
from ordain.engine.text.layout.reader import comments_of, read_document
from ordain.engine.text.layout.writer import Sections, write
from ordain.engine.text.source import Node, parse

_FIRST = ("policy", "version", "kind", "effective", "owner", "purpose", "notice")
"""These stand together, without an empty line between them."""
_LAST = ("must hold", "prove", "examples")
_KNOWN = ("policy", "shared", "facts", "services")


def formatted(data: bytes, file: str) -> bytes:
    """The file's bytes in the one style; the same bytes when they are in it already.

    Raises PolicyError with the place when the text is not YAML of the kind that policies are written in, is none of
    the files of a policies directory, or would change its meaning.
    """
    before = parse(data, file)
    if not any(key in _KNOWN for key, _ in before.items()):
        hint = "only policies, what they share, facts.yaml and services.yaml are formatted"
        what = "this is not a policy: it has no `policy`, `shared`, `facts` or `services`"
        raise PolicyError(Issue(what, hint, before.span))
    text = data.decode("utf-8-sig")
    document = read_document(text)
    if isinstance(document.root, Flow) and not document.root.fixed:
        block, _ = opened(document.root)
        document = Document(document.top, block, document.end)
    ending = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    formatted = write(document, _sections(document, before))
    written = formatted.replace("\n", ending).encode()
    _refuse_change(before, text, written, file)
    return written


def section_order(kind: str) -> list[str]:
    """The top-level keys of a policy of a kind, in the order in which they are written."""
    own = KINDS[kind].sections if kind in KINDS else {key: None for of in KINDS.values() for key in of.sections}
    middle = [key for key in HEADER if key not in _FIRST and key not in _LAST]
    return [*_FIRST, *middle, *(key for key in own if key not in _FIRST), *_LAST]


def _sections(document: Document, node: Node) -> Sections | None:
    """The top level in its order; None when it is no block mapping."""
    if not isinstance(document.root, Block):
        return None
    entries = list(document.root.entries)
    kind = node.get("kind")
    if "policy" in node.value or "shared" in node.value:
        keys = section_order(kind.text if kind else "") if "policy" in node.value else SHARED["properties"]
        order = {key: number for number, key in enumerate(keys)}
        ordered = sorted(entries, key=lambda entry: order.get(_name(entry), len(order)))
    else:
        ordered = entries
    return [(entry, _name(entry) in ("shared", *_FIRST)) for entry in ordered]


def _name(entry: Entry) -> str:
    return entry.key.value if entry.key is not None else ""


def _refuse_change(before: Node, text: str, written: bytes, file: str) -> None:
    """Raises PolicyError where the new text would say something else, or lack a comment."""
    what = "formatting would change the meaning here, so the file is left as it is"
    hint = "write it in a plainer way"
    try:
        if len(written) > LIMITS.yaml_bytes:
            raise PolicyError(f"`{file}` would be larger than {LIMITS.yaml_bytes:,} bytes")
        after = parse(written, file)
    except PolicyError as error:
        raise PolicyError(Issue(what, hint, before.span)) from error
    place = difference(before, after)
    if place is not None:
        raise PolicyError(Issue(what, hint, place))
    if Counter(comments_of(text)) != Counter(comments_of(written.decode())):
        raise PolicyError(Issue("formatting would lose a comment, so the file is left as it is", hint, before.span))


def difference(one: Node, other: Node, *, ordered: bool = False) -> Span | None:
    """Where two documents say different things; the order of the keys of the top level says nothing."""
    if type(one.value) is not type(other.value):
        return one.span
    if isinstance(one.value, dict):
        if set(one.value) != set(other.value) or (ordered and list(one.value) != list(other.value)):
            return one.span
        pairs = [(part, other[key]) for key, part in one.items()]
    elif isinstance(one.value, list):
        if len(one.value) != len(other.value):
            return one.span
        pairs = list(zip(one.value, other.value, strict=True))
    else:
        return one.span if (one.value, one.text) != (other.value, other.text) else None
    places = (difference(part, other, ordered=True) for part, other in pairs)
    return next((place for place in places if place is not None), None)
