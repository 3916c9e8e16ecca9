"""Regular expressions of `matches`, `replace` and `split`: those of XPath and XQuery 3.1, as DMN 1.5 10.3.4.3 asks.

A pattern is checked and translated once (`xpath`, loaded with the first pattern). What it costs is work of the
decision, counted by the lengths of pattern and text or by the steps taken: there are short patterns that would take
years, and no clock may say how a decision comes out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ordain.engine.feel.runtime.work import MOST_CHARACTERS, TOO_LONG, Work
from ordain.engine.late import late
from ordain.engine.limits import LIMITS

_READ, _READ_CHARACTER = 500, 10
"""Units of reading a pattern, and of each of its characters."""
_MOST_KNOWN = LIMITS.patterns


def matches(work: Work, text: str, pattern: str, flags: str | None = None) -> bool:
    """Whether the pattern is found anywhere in the text. Raises ValueError."""
    return _pattern(work, pattern, flags or "").search(text, work) is not None


def replaced(work: Work, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """The text with every match replaced; `$1` is the first group, `$0` the match. Raises ValueError."""
    compiled = _not_empty(work, pattern, flags or "")
    parts = (replacement,) if "q" in (flags or "") else _replacement(replacement, compiled.groups)
    made: list[str] = []
    end = size = 0
    for match in compiled.all_in(text, work):
        put = "".join(part if isinstance(part, str) else match[part] or "" for part in parts)
        made += (text[end : match.start()], put)
        end, size = match.end(), size + len(put)
        if size > MOST_CHARACTERS:
            raise ValueError(TOO_LONG)
    return "".join((*made, text[end:]))


def pieces(work: Work, text: str, pattern: str, flags: str = "") -> tuple[str, ...]:
    """What stands between the matches, also when it is empty. Raises ValueError."""
    made, end = [], 0
    for match in _not_empty(work, pattern, flags).all_in(text, work):
        made.append(text[end : match.start()])
        end = match.end()
    return (*made, text[end:])


def found(work: Work, text: str, pattern: str) -> tuple[str, ...]:
    """All that the pattern finds. Raises ValueError."""
    return tuple(text[match.start() : match.end()] for match in _not_empty(work, pattern, "").all_in(text, work))


def _not_empty(work: Work, pattern: str, flags: str) -> Any:
    """The pattern, which must not match the empty text: every place would be a match (XPath, FORX0003)."""
    compiled = _pattern(work, pattern, flags)
    if compiled.matches_empty:
        raise ValueError(f"the pattern `{_short(pattern)}` matches the empty text")
    return compiled


def _pattern(work: Work, pattern: str, flags: str) -> Any:
    """The pattern, whose reading each decision pays for once, whether or not it has been read before."""
    key = pattern, flags
    known = work.patterns
    if key not in known:
        work.spend(_READ + _READ_CHARACTER * len(pattern))
        if len(known) == _MOST_KNOWN:
            known.clear()
        known[key] = _compiled(pattern, flags)
    return known[key]


@lru_cache(maxsize=_MOST_KNOWN)
def _compiled(pattern: str, flags: str) -> Any:
    return late("ordain.engine.feel.patterns.xpath:compiled")(pattern, flags)


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
