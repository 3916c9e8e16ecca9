"""Every check by its code: what a finding means, why it matters, and what to write instead.

`CHECKS` is the table, read from codes.yaml beside this file; `page` makes docs/checks.md from it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from ordain.engine.errors import Level
from ordain.engine.text.source import Node, parse

PAGE = "docs/checks.md"
_INTRO = """\
# What `ordain check` finds

Every finding has a code, which says what check found it. This page has an entry for each: what it means, an example,
what the finding says, and what to write instead. `ordain check --explain CODE` shows one entry in the terminal.

An **error** keeps a policy from being loaded, or would fail a decision for certain. A **warning** is almost always a
mistake, and stops nothing. A **note** is something to know. `ordain check --level` chooses which are shown and counted.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """`levels`: the worst it can be first. `finds` begins the finding about `wrong`. No `instead`: leave it out."""

    code: str
    title: str
    levels: tuple[Level, ...]
    means: str
    wrong: str
    finds: str
    instead: str
    group: str

    @property
    def page(self) -> str:
        """Where its entry stands."""
        return f"{PAGE}#{self.code}"


def _check(node: Node, group: str) -> Check:
    text = {name: part.text for name, part in node.items()}
    levels = tuple(Level(level) for level in node["levels"].texts())
    return Check(
        text["code"], text["title"], levels, text["means"], text["wrong"], text["finds"], text["instead"], group
    )


def _table() -> tuple[Mapping[str, Check], Mapping[str, str]]:
    """The checks by code, and what each group is about."""
    data = resources.files("ordain.engine.check").joinpath("codes.yaml").read_bytes()
    groups = parse(data, "codes.yaml").nodes()
    checks = [_check(node, group["group"].text) for group in groups for node in group["checks"].nodes()]
    about = {group["group"].text: group["about"].text for group in groups}
    return MappingProxyType({check.code: check for check in checks}), MappingProxyType(about)


CHECKS, _ABOUT = _table()


def explained(check: Check) -> str:
    """One entry for a terminal."""
    lines = [f"{check.code} ({_levels(check)}): {check.title}", "", *textwrap.wrap(check.means, 100), ""]
    lines += ["  wrong    ", *_indented(check.wrong), "  finding  ", f"    {check.finds}"]
    lines += ["  instead  ", *_indented(check.instead or "(leave it out)")]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _levels(check: Check) -> str:
    return (
        " or ".join(check.levels) if len(check.levels) < 3 else f"{', '.join(check.levels[:-1])} or {check.levels[-1]}"
    )


def _indented(text: str) -> list[str]:
    return textwrap.indent(_plain(text), "    ").splitlines()


def _plain(text: str) -> str:
    """A snippet from its first column on, without the line break at its end."""
    lines = text.strip("\n").splitlines()
    if len(lines) > 1 and not lines[0].startswith(" "):
        # The first line begins within a line of the file, so the others are moved by what they have in common.
        return "\n".join([lines[0], *textwrap.dedent("\n".join(lines[1:])).splitlines()])
    return textwrap.dedent("\n".join(lines))


def page() -> str:
    """docs/checks.md."""
    parts = [_INTRO]
    for group in _ABOUT:
        links = ", ".join(f"[{code}](#{code})" for code, check in CHECKS.items() if check.group == group)
        parts.append(f"- {group}: {links}\n" if len(parts) > 1 else f"\n- {group}: {links}\n")
    for group, about in _ABOUT.items():
        parts.append(f"\n## {group}\n\n{about}\n")
        parts.extend(_entry(check) for check in CHECKS.values() if check.group == group)
    return "".join(parts)


def _entry(check: Check) -> str:
    instead = f"Instead:\n\n```text\n{_plain(check.instead)}\n```\n" if check.instead else "Instead: leave it out.\n"
    title = check.title[0].upper() + check.title[1:] if check.title[0].isalpha() else check.title
    finds = re.sub(r"\s+", " ", check.finds)
    return (
        f"\n### {check.code}\n\n{title} ({_levels(check)}). {check.means}\n\n"
        f"```text\n{_plain(check.wrong)}\n```\n\nFound: {finds}\n\n{instead}"
    )
