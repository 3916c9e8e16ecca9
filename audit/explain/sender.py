"""Who writes to the customer: whom to turn to, who supervises, for what the data are used and how long they are kept.

GDPR Articles 13 to 15 want these beside the decision itself. They stand in a file of the installation, `letter.yaml`,
and not in the ledger: they are what holds when the letter is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ordain.audit.explain.language import Language, english, load_language
from ordain.engine.errors import Issue, PolicyError
from ordain.engine.text.source import Node, parse, read_file
from ordain.engine.text.structure import Structure, check_structure

_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_BY_NAME = {"type": "object", "additionalProperties": _TEXT}
_STRUCTURE = Structure(
    {
        "type": "object",
        "required": ["controller", "contact"],
        "additionalProperties": False,
        "properties": {
            "controller": {**_TEXT, "description": "who is responsible for the data: name and address"},
            "contact": {**_TEXT, "description": "whom to turn to, for a person too"},
            "data protection officer": {**_TEXT, "description": "how to reach that person"},
            "authorities": {**_BY_NAME, "description": "who hears complaints, by jurisdiction; `else` for the others"},
            "purposes": {**_BY_NAME, "description": "what the data are used for, by service; `else` for the others"},
            "recipients": {**_TEXT, "description": "who else gets the data"},
            "storage": {**_TEXT, "description": "how long they are kept, and why"},
            "language": {**_TEXT, "description": "a file of texts, beside this one; English without"},
        },
    }
)
_ELSE = "else"


@dataclass(frozen=True, slots=True)
class Sender:
    """What a letter says of who writes it; "" where the file says nothing."""

    language: Language
    controller: str = ""
    contact: str = ""
    officer: str = ""
    authorities: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    recipients: str = ""
    storage: str = ""

    def authority(self, jurisdiction: str | None) -> str:
        """Who hears complaints where that law applies."""
        return self.authorities.get(jurisdiction or "", self.authorities.get(_ELSE, ""))

    def purpose(self, service: str | None) -> str:
        """What the data that a service decides from are used for."""
        return self.purposes.get(service or "", self.purposes.get(_ELSE, ""))


def nobody() -> Sender:
    """The sender of an installation that has not said who it is: its letters have a gap that says so."""
    return Sender(english())


def load_sender(file: Path) -> Sender:
    """The sender that a file names. Raises PolicyError with file and line."""
    node = parse(read_file(file, file.name), file.name)
    if issues := check_structure(node, _STRUCTURE):
        raise PolicyError(issues)
    return Sender(
        language=_language(file.parent, node.get("language")),
        controller=_text(node, "controller"),
        contact=_text(node, "contact"),
        officer=_text(node, "data protection officer"),
        authorities=_by_name(node, "authorities"),
        purposes=_by_name(node, "purposes"),
        recipients=_text(node, "recipients"),
        storage=_text(node, "storage"),
    )


def _language(folder: Path, named: Node | None) -> Language:
    if named is None:
        return english()
    file = folder / named.text
    if not file.resolve().is_relative_to(folder.resolve()):
        message = f"`{named.text}` is not beside this file, nor in a folder there"
        raise PolicyError(Issue(message, "put the texts there", named.span, code="file"))
    if not file.is_file():
        raise PolicyError(Issue(f"there is no file `{named.text}`", "it is named from here", named.span, code="file"))
    try:
        return load_language(file)
    except PolicyError as error:
        raise PolicyError(list(dict.fromkeys(_about(issue, named) for issue in error.issues))) from None


def _about(issue: Issue, named: Node) -> Issue:
    """What is wrong with a file of texts. Of another file that was named by mistake no line is shown to whoever reads
    letters: only where it fails to be one."""
    if issue.code == "language":
        return issue
    line = "" if issue.span is None else f", from line {issue.span.line} on"
    hint = "a translation is a copy of audit/explain/languages/en.yaml, with other texts"
    return Issue(f"`{named.text}` is no file of texts for letters{line}", hint, named.span, code="file")


def _text(node: Node, key: str) -> str:
    part = node.get(key)
    return part.text.strip() if part is not None else ""


def _by_name(node: Node, key: str) -> dict[str, str]:
    part = node.get(key)
    return {name: each.text.strip() for name, each in part.items()} if part is not None else {}
