"""Which texts of policies decide, by what was activated.

With the setting `approvals` a version decides once the ledger has an activation of it. Its text is kept there, too: a
file that was edited since is refused, and one that is gone is not needed.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ordain.api.lifecycle.changed_lines import diff_lines, shown
from ordain.engine.catalog import Catalog, Texts, file_of, load_catalog
from ordain.engine.errors import Issue, PolicyChanged
from ordain.engine.lifecycle.change import Text
from ordain.engine.lifecycle.turns import Turns
from ordain.engine.policy.shared import FOLDER
from ordain.engine.text.source import digest_of
from ordain.engine.versions import Kept

_LOG = logging.getLogger("ordain")


@dataclass(frozen=True, slots=True)
class Governing:
    """What was known at one moment. `kept` gives the text of a version from the ledger; it raises TextLost."""

    turns: Turns
    kept: Callable[[Text], bytes]

    def governed(self, texts: Texts) -> Texts:
        """Without the drafts of policies that have active versions, and with those whose files are gone.

        Raises PolicyChanged for a file that is not what was activated or rolled out, TextLost.
        """
        files = texts.versions()
        policies = {
            file: text
            for name, numbers in files.items()
            for number, file in numbers.items()
            if number in (self.turns.versions(name) or numbers)
            for text in (texts.policies[file],)
        }
        odd = set(texts.policies) - {file for numbers in files.values() for file in numbers.values()}
        policies.update((file, texts.policies[file]) for file in odd)
        shared = dict(texts.shared)
        edited = []
        for wanted in self._active():
            known = shared if wanted.name.startswith(f"{FOLDER}/") else policies
            file = texts.kept_versions().get(wanted.name, {}).get(wanted.version)
            if file is None:
                text = self.kept(wanted)
                known[f"{texts.root}/{file_of(wanted.label, text)}"] = text
            elif digest_of(texts.text(file)) != wanted.digest:
                edited.append(self._edited(wanted, file, texts))
        if edited:
            raise PolicyChanged(edited)
        return replace(texts, policies=policies, shared=shared)

    def missing(self, texts: Texts) -> list[Text]:
        """The versions that decide, have or will, and have no file any more."""
        files = texts.kept_versions()
        return [each for each in self._active() if each.version not in files.get(each.name, {})]

    def loaded(self, texts: Texts, kept: Kept | None = None, *, run_examples: bool = True) -> Catalog:
        """The policies that decide, of texts that are `governed`. Raises PolicyError."""
        return load_catalog(texts, kept=kept, run_examples=run_examples, turns=self.turns)

    def renewed(self, catalog: Catalog, root: str, zone: dt.tzinfo, kept: Kept) -> Catalog:
        """The same policies by the turns that are known now; what was activated since is loaded from the ledger.

        Raises PolicyError, TextLost.
        """
        versions = {name: {each.policy.version for each in several} for name, several in catalog.versions.items()}
        if all(self.turns.versions(name) <= there for name, there in versions.items()):
            return replace(catalog, turns=self.turns)
        return self.loaded(self.governed(texts_of(catalog, root, zone)), kept, run_examples=False)

    def _active(self) -> Iterator[Text]:
        yield from dict.fromkeys(self.turns.texts())

    def _edited(self, activated: Text, file: str, texts: Texts) -> Issue:
        now = texts.text(file)
        turns = (text for several in self.turns.of.values() for turn in several for text in turn.texts)
        done = "activated" if activated in turns else "rolled out"
        diff = shown(diff_lines(self.kept(activated), now, file, f"as it was {done}"))
        return Issue(
            f"`{activated.label}` was edited after it was {done}: with digest `{activated.digest}`, "
            f"now `{digest_of(now)}`",
            f"`ordain audit text {activated.label}` prints it as it was: put that back, "
            "and make the change a new version",
            fields={"policy": activated.name, "version": activated.version, "diff": diff},
        )


def texts_of(catalog: Catalog, root: str, zone: dt.tzinfo) -> Texts:
    """The texts that all policies were loaded from."""
    policies = {policy.span.file: policy.text for policy in catalog.policies()}
    shared = {each.file: each.text for each in catalog.vocabulary.shared.values()}
    return Texts(catalog.vocabulary.text, catalog.services.text, policies, root, shared, zone=zone)


def warn_of_missing(now: Governing, texts: Texts) -> None:
    """Says in the log which active versions have no file any more."""
    for each in now.missing(texts):
        _LOG.warning("the file of `%s` is gone: where it is active, it decides by the text in the ledger", each.label)
