"""Drafts written by who asks over HTTP: checked first, in a process of its own, and then written as a step is taken."""

from __future__ import annotations

from typing import Any

from ordain.api.lifecycle.drafts import Drafts, copy_of_newest, highest_used
from ordain.api.lifecycle.examined import Examiner
from ordain.api.lifecycle.steps import Steps
from ordain.api.lifecycle.workbench import Workbench, known_of, of_version, texts_of
from ordain.api.services import Services

Json = dict[str, Any]


def next_text(use: Services, policy: str) -> bytes:
    """The text that the next version begins with. Raises PolicyError when the folder of policies cannot be read, else
    what `copy_of_newest` does, and PolicyRefused when the newest does not load."""
    texts, used = texts_of(use), highest_used(use.settings.database_url, policy)
    with of_version():
        return copy_of_newest(texts, policy, used, use.now().date()).text


def write_next(use: Services, bench: Workbench, examiner: Examiner, policy: str, text: bytes) -> Json:
    """The next version of a policy, with the findings about it that are no errors.

    Raises what `Drafts`, `Workbench` and `Examiner` do.
    """
    before = _drafts(use, known_of(use), policy)
    number = before.check_new(policy, text)
    found = examiner.refuse_wrong(f"{policy}/v{number}.yaml", text)
    with bench.taking(use) as steps:  # which looks again
        return {**_drafts(use, steps, policy).write_new(policy, text), **found}


def write_again(
    use: Services, bench: Workbench, examiner: Examiner, version: tuple[str, int], text: bytes, was: str
) -> Json:
    """A draft that is not activated, in the place of the text whose digest `was` that. Raises the same."""
    policy, number = version
    before = _drafts(use, known_of(use), policy)
    with of_version():
        before.check_rewriting(policy, number, text, was)
    found = examiner.refuse_wrong(f"{policy}/v{number}.yaml", text)
    with bench.taking(use) as steps:
        return {**_drafts(use, steps, policy).rewrite(policy, number, text, was), **found}


def _drafts(use: Services, steps: Steps, policy: str) -> Drafts:
    return Drafts(use.settings.policies, steps, highest_used(use.settings.database_url, policy))
