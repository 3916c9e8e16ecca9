"""What the readers of small YAML files share: all findings of a file come at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable

from ordain.engine.errors import Issue, did_you_mean
from ordain.engine.text.source import Node
from ordain.engine.values.types import format_raw


class YamlReader:
    """Collects `issues`; a value that is none of what it should be reads as one that was left out."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def known_keys(self, node: Node, known: Iterable[str], what: str) -> None:
        known = tuple(known)
        if not isinstance(node.value, dict):
            self.wrong(node, f"{what} is written as `key: value` lines", f"keys: {', '.join(known)}")
        for key, place in node.keys.items():
            if key not in known:
                self.issues.append(Issue(f"{what} has no `{key}`", did_you_mean(key, known), place))

    def required(self, node: Node, key: str) -> str:
        text, given = self.text(node, key), node.get(key)
        if not text and isinstance(node.value, dict) and not _is_several(given):
            self.wrong(node, f"`{key}` is missing")
        return text

    def text(self, node: Node, key: str) -> str:
        given = node.get(key)
        if given is None:
            return ""
        if _is_several(given):
            self.wrong(given, f"`{key}` is one text, not {_several(given)}")
            return ""
        return given.text

    def texts(self, node: Node, key: str) -> tuple[str, ...]:
        """One text counts as a list of one."""
        given = node.get(key)
        if given is None:
            return ()
        if wrong := next((each for each in given.nodes() if _is_several(each)), None):
            self.wrong(
                wrong, f"`{key}` is a text or a list of texts, not {_several(wrong)}", f"such as `{key}: [A, B]`"
            )
            return ()
        return given.texts()

    def flag(self, node: Node, key: str, *, default: bool = False) -> bool:
        given = node.get(key)
        if given is None:
            return default
        if not isinstance(given.value, bool):
            self.wrong(given, f"`{key}` is `true` or `false`, not {f'`{given.text}`' if given.text else 'blank'}")
            return default
        return given.value

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        self.issues.append(Issue(message, hint, node.span))


def _is_several(node: Node | None) -> bool:
    return node is not None and isinstance(node.value, dict | list)


def _several(node: Node) -> str:
    return "a mapping" if isinstance(node.value, dict) else format_raw(node.data())
