"""The words of a ZEN text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<number>\d[\d_]*(?:\.(?!\.)\d[\d_]*)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*|\#)
  | (?P<text>"[^"]*"|'[^']*')
  | (?P<template>`)
  | (?P<sign>==|!=|<=|>=|\.\.|\?\?|[-+*/%^<>!?:,.;=()\[\]{}])
    """,
    re.VERBOSE,
)


class NotZen(ValueError):
    """The text is no ZEN; the message says why. Caught by who knows the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, text, template, sign or end; `parts` are the pieces of a template: texts by turns with
    the texts of expressions."""

    kind: str
    value: str
    start: int = 0
    parts: tuple[str, ...] = ()


def tokens(text: str) -> list[Token]:
    """All words of a text, an `end` last. Raises NotZen."""
    found = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotZen(_unknown(text[at]))
        kind = match.lastgroup or ""
        if kind == "template":
            parts, end = _template(text, match.end())
            found.append(Token(kind, text[at:end], at, parts))
            at = end
            continue
        if kind != "space":
            found.append(Token(kind, match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _unknown(sign: str) -> str:
    return "a text has no closing quote" if sign in "'\"" else f"`{sign}` means nothing in ZEN"


def _template(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """The pieces of a template from behind its first sign on, and where it ends."""
    parts: list[str] = []
    piece = at
    while at < len(text):
        if text[at] == "`":
            return (*parts, text[piece:at]), at + 1
        if text.startswith("${", at):
            end = _closing(text, at + 2)
            parts += [text[piece:at], text[at + 2 : end]]
            at = piece = end + 1
            continue
        at += 1
    raise NotZen("a template has no closing sign")


def _closing(text: str, at: int) -> int:
    """Where the brace that closes an expression in a template stands."""
    depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        sign = match[0] if match is not None else text[at]
        if sign == "}" and depth == 0:
            return at
        depth += {"{": 1, "}": -1}.get(sign, 0)
        at += max(len(sign), 1)
    raise NotZen("an expression in a template has no closing brace")
