"""A piece of a `.dmn` file that cannot be read, as a part of the tree: it is null, with its fault as the reason.

So one bad piece spoils no more than what reads it.
"""

from __future__ import annotations

from ordain.engine.errors import Issue, Span
from ordain.engine.feel.syntax.tree import Call, Expr, Literal, Name
from ordain.engine.values.types import TEXT

_UNREAD = "#unread"
"""A name that no text can say."""


def unread(issue: Issue, span: Span) -> Call:
    """The piece at `span`, with what is wrong with it."""
    place = issue.span or span
    said = tuple(Literal(place, text, type=TEXT) for text in (issue.message, issue.hint, issue.code))
    return Call(span, Name(place, _UNREAD), said)


def issue_of(node: Expr) -> Issue | None:
    """What is wrong with an unread piece; None for any other node."""
    if not isinstance(node, Call) or node.called != _UNREAD:
        return None
    message, hint, code = (part.value for part in node.arguments if isinstance(part, Literal))
    return Issue(message, hint, node.function.span, code=code)
