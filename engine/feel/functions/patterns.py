"""Regular expressions of `matches`, `replace` and `split`: those of XPath and XQuery 3.1, as DMN 1.5 10.3.4.3 asks.

A pattern is checked and translated once (`xpath_patterns`, loaded with the first pattern); it is then searched with a
limit of time, because there are short patterns that would take years.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ordain.engine.feel.runtime.work import MOST_CHARACTERS, TOO_LONG
from ordain.engine.late import late
from ordain.engine.limits import LIMITS

_SECONDS = LIMITS.pattern_seconds


def matches(text: str, pattern: str, flags: str = "") -> bool:
    """Whether the pattern is found anywhere in the text. Raises ValueError."""
    try:
        return _compiled(pattern, flags).search(text, timeout=_SECONDS) is not None
    except TimeoutError:
        raise _too_long(pattern) from None


def replaced(text: str, pattern: str, replacement: str, flags: str = "") -> str:
    """The text with every match replaced; `$1` is the first group, `$0` the match. Raises ValueError."""
    compiled = _not_empty(pattern, flags)
    parts = (replacement,) if "q" in flags else _replacement(replacement, compiled.groups)
    made: list[str] = []
    end = size = 0
    for match in _matches_in(compiled, text, pattern):
        put = "".join(part if isinstance(part, str) else match[part] or "" for part in parts)
        made += (text[end : match.start()], put)
        end, size = match.end(), size + len(put)
        if size > MOST_CHARACTERS:
            raise ValueError(TOO_LONG)
    return "".join((*made, text[end:]))


def pieces(text: str, pattern: str, flags: str = "") -> tuple[str, ...]:
    """What stands between the matches, also when it is empty. Raises ValueError."""
    made, end = [], 0
    for match in _matches_in(_not_empty(pattern, flags), text, pattern):
        made.append(text[end : match.start()])
        end = match.end()
    return (*made, text[end:])


def _matches_in(compiled: Any, text: str, pattern: str) -> Iterator[Any]:
    try:
        yield from compiled.finditer(text, timeout=_SECONDS)
    except TimeoutError:
        raise _too_long(pattern) from None


def _not_empty(pattern: str, flags: str) -> Any:
    """The pattern, which must not match the empty text: every place would be a match (XPath, FORX0003)."""
    if matches("", pattern, flags):
        raise ValueError(f"the pattern `{_short(pattern)}` matches the empty text")
    return _compiled(pattern, flags)


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> Any:
    return late("ordain.engine.feel.functions.xpath_patterns:compiled")(pattern, flags)


def _replacement(replacement: str, groups: int) -> tuple[str | int, ...]:
    """The texts and group numbers of a replacement. Raises ValueError."""
    parts: list[str | int] = []
    at = 0
    while at < len(replacement):
        sign, after = replacement[at], replacement[at + 1 : at + 2]
        at += 1
        if sign == "\\":
            if after not in ("\\", "$"):
                raise ValueError(r"a `\` in a replacement stands before `$` or another `\` only")
            parts.append(after)
            at += 1
        elif sign == "$":
            end = at + 1
            if not (after.isascii() and after.isdecimal()):
                raise ValueError(r"a `$` in a replacement stands before the number of a group, or is written `\$`")
            while replacement[end : end + 1].isdecimal() and int(replacement[at : end + 1]) <= groups:
                end += 1
            group = int(replacement[at:end])
            parts.append(group if group <= groups else "")
            at = end
        else:
            parts.append(sign)
    return tuple(parts)


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= 60 else pattern[:57] + "..."


def _too_long(pattern: str) -> ValueError:
    return ValueError(f"the pattern takes too long: `{_short(pattern)}`")
