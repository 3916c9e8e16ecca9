"""Who a page is about, in its address: kept as it is by browsers and proxies, whatever the name is.

A browser goes up a level for a part `..`, also where it is escaped, and a proxy may take `//` for `/`: the page, or the
button, of one customer would be another's. A name of that kind stands there as `~` and its bytes in base64.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from werkzeug.routing import PathConverter, ValidationError

_MARK = "~"
_CHANGED = re.compile(r"\A~|(?:\A|/)\.{0,2}(?:/|\Z)")
"""What begins with the mark, and what has a part that is empty, `.` or `..`."""


class SubjectConverter(PathConverter):
    """`<subject:...>` in the rule of a page: the name on one side, the text in the address on the other."""

    def to_python(self, value: str) -> str:
        if not value.startswith(_MARK):
            return value
        try:
            coded = value.removeprefix(_MARK).encode("ascii")
            text = urlsafe_b64decode(coded + b"=" * (-len(coded) % 4)).decode("utf-8")
        except (Error, ValueError):
            raise ValidationError from None
        if _written(text) != value:  # each has one address
            raise ValidationError
        return text

    def to_url(self, value: object) -> str:
        return super().to_url(_written(str(value)))


def _written(text: str) -> str:
    return _MARK + urlsafe_b64encode(text.encode("utf-8")).decode().rstrip("=") if _CHANGED.search(text) else text
