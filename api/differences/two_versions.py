"""Two versions of a policy, made ready to be compared."""

from __future__ import annotations

from dataclasses import dataclass

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.catalog import Texts, known_vocabulary
from ordain.engine.errors import PolicyError
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.versions import load_text


@dataclass(frozen=True, slots=True)
class Side:
    """One version: what it is called in the answer, and the version itself."""

    shown: str
    compiled: CompiledPolicy


def side_of(shown: str, file: str, text: bytes, vocabulary: Vocabulary) -> Side:
    """The version that stands in a file. Raises PolicyError."""
    return Side(shown, compile_policy(load_text(text, file, vocabulary)))


def vocabulary_of(texts: Texts) -> Vocabulary:
    """What both are read with: the facts of today. Raises PolicyError."""
    vocabulary, faults = known_vocabulary(texts)
    if faults:
        raise PolicyError(faults)
    return vocabulary
