"""The ground floor: where a thing stands in a file, and everything that can go wrong.

OrdainError
├── SettingsError                 the installation: config.yaml, environment, a busy port
├── PolicyError                   a policy, vocabulary or service text is wrong (all findings at once)
│   └── PolicyChanged             a version that was already used has been edited
├── DataError                     what the caller sent
│   ├── MalformedRequest          not JSON, duplicate keys, wrong shape
│   ├── RequestTooLarge
│   ├── UnknownService
│   ├── Unauthenticated           nobody that is known asks
│   ├── NotPermitted              who asks lacks the right, or may not ask that service
│   ├── TooManyRequests           a limit of requests is reached
│   ├── UnknownDecision
│   ├── UnknownSubject            the ledger has nothing about that customer
│   ├── UnknownPolicy             there is no such policy, or no such version of it
│   ├── UnknownModel              there is no such model, or no such version of it
│   ├── StepRefused               a version of a policy or model cannot take that step now, or not by them
│   ├── PolicyRefused             the text of a version has errors, or the policies do not load with it (all at once)
│   ├── EditedMeanwhile           a draft is not what it was when whoever writes it read it
│   ├── NotInReview               the decision waits for no person, or for none any more
│   ├── NotCovered                no checkpoint covers the entry yet
│   ├── IdempotencyKeyReused      another request was sent under this key before
│   ├── UnknownHook               no source of events has that name
│   ├── SignatureRefused          what came to a hook is not signed by its source
│   ├── EventTooOld               it is, and was signed too long ago to be taken
│   ├── AnswerGone                the request was decided before, and its answer cannot be told any more
│   ├── ExportFailed              the file cannot be written; nothing is left behind
│   ├── CustomerDataIncomplete    a fact is missing or null
│   └── DataQualityIssue          a fact is unknown, mistyped, out of range, not finite
├── DecisionError                 the policies give no outcome for these facts
│   ├── NoRuleApplies             a table without `otherwise` has no rule for this case
│   ├── RulesDisagree             rules overlap where the hit policy allows no overlap
│   ├── CalculationFailed         division by zero, a number out of range, a date out of the calendar
│   ├── NotInForce                a policy of the service has no version for this day
│   ├── PricingConstraintViolation
│   └── ComplianceViolation       decided and recorded, and the answer is no
├── ModelDegradationDetected      a model is missing, corrupt or cannot score
├── ServiceStopped                somebody, or the policy of alerts, has stopped the service
├── LedgerUnavailable             the ledger cannot be opened, or an entry on record is damaged
│   ├── LedgerRolledBack          the ledger is not the one, or not all of the one, that its anchors commit to
│   └── TextLost                  a text that an entry refers to is not kept, or is another one
├── FeaturesUnavailable           the feature store cannot be opened, read or written now
├── CheckpointRefused             a checkpoint, signed text or key is malformed, or no known key vouches for it
├── ProofRefused                  a proof file does not show what it is to show
├── AnchorRefused                 an anchor place holds something else, is another ledger's, or is damaged
├── AnchorUnavailable             an anchor place cannot be read or written now
├── TimestampRefused              a timestamp proves nothing: refused, for other data, or not signed as it should be
├── NotRecorded                   the ledger could not make the entry durable, so there is no answer
└── InternalError                 a fault of Ordain's own, whose details are in the log alone

The class name of a leaf is its stable code; a caller may branch on it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from ordain.engine.limits import LIMITS
from ordain.engine.made_often import made_often
from ordain.engine.replacement import Replacement


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@made_often(frozen=True, slots=True)
class Span:
    """A place in a user's text. Lines and columns count from 1; `text` is what stands there.

    A text that goes over several lines of its file says how: each further line begins after `margin` columns, or
    YAML folded the lines into one, and `folds` has, for each further line, where it begins in the folded text and
    at which column of the file.
    """

    file: str
    line: int
    column: int
    text: str = ""
    margin: int = 0
    folds: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def inside(self, line: int, column: int, text: str) -> Span:
        """The place `line`, `column` (both from 1) of a text that begins at this span."""
        if line > 1:
            return Span(self.file, self.line + line - 1, column + self.margin, text)
        for number, (start, at) in reversed(list(enumerate(self.folds, start=1))):
            if column > start:
                return Span(self.file, self.line + number, at + column - 1 - start, text)
        return Span(self.file, self.line, self.column + column - 1, text)


class Level(StrEnum):
    """How much a finding matters: an error keeps a policy from being loaded."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: what is wrong, where, and what to write instead. `code` names the check that found it.

    Half of a surrogate pair, which JSON can smuggle into a text that is quoted here, is no character: a question mark
    stands for it, so that every message can be written.
    """

    message: str
    hint: str = ""
    span: Span | None = None
    fact: str = ""
    code: str = ""
    level: Level = Level.ERROR
    fields: Mapping[str, object] = field(default_factory=dict, compare=False)
    """What a program reads beside the message."""
    replacements: tuple[Replacement, ...] = ()
    """What the hint says, as edits that a program can make: any one of them. Empty when only a person can decide."""

    def __post_init__(self) -> None:
        for name in ("message", "hint"):
            text = getattr(self, name)
            if not text.isascii():
                object.__setattr__(self, name, text.encode("utf-8", "replace").decode())

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        underlined = f"\n    {self.span.text}" if self.span and self.span.text else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{underlined}{hint}"


class OrdainError(Exception):
    """Carries one or more issues; `str()` shows them all, each with place and hint."""

    severity: ClassVar[Severity] = Severity.MEDIUM

    def __init__(self, issues: str | Issue | Iterable[Issue], hint: str = "") -> None:
        if isinstance(issues, str):
            issues = Issue(issues, hint)
        self.issues: tuple[Issue, ...] = (issues,) if isinstance(issues, Issue) else tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def message(self) -> str:
        """The findings in one line, without places and hints."""
        return "; ".join(issue.message for issue in self.issues)


class SettingsError(OrdainError):
    severity = Severity.HIGH


class PolicyError(OrdainError):
    severity = Severity.HIGH


class PolicyChanged(PolicyError):
    severity = Severity.CRITICAL


class DataError(OrdainError):
    pass


class MalformedRequest(DataError):
    severity = Severity.LOW


class RequestTooLarge(DataError):
    severity = Severity.LOW


class UnknownService(DataError):
    severity = Severity.LOW


class Unauthenticated(DataError):
    pass


class NotPermitted(DataError):
    pass


class TooManyRequests(DataError):
    severity = Severity.LOW
    wait: float = 1.0
    """Seconds after which one more would be taken."""


class UnknownDecision(DataError):
    severity = Severity.LOW


class UnknownSubject(DataError):
    severity = Severity.LOW


class UnknownPolicy(DataError):
    severity = Severity.LOW


class UnknownModel(DataError):
    severity = Severity.LOW


class StepRefused(DataError):
    severity = Severity.LOW


class PolicyRefused(DataError):
    severity = Severity.LOW


class EditedMeanwhile(DataError):
    severity = Severity.LOW


class NotInReview(DataError):
    severity = Severity.LOW


class NotCovered(DataError):
    severity = Severity.LOW


class IdempotencyKeyReused(DataError):
    severity = Severity.LOW


class UnknownHook(DataError):
    severity = Severity.LOW


class SignatureRefused(DataError):
    pass


class EventTooOld(DataError):
    pass


class AnswerGone(DataError):
    severity = Severity.LOW


class ExportFailed(DataError):
    pass


class CustomerDataIncomplete(DataError):
    pass


class DataQualityIssue(DataError):
    pass


class DecisionError(OrdainError):
    severity = Severity.HIGH


class NoRuleApplies(DecisionError):
    pass


class RulesDisagree(DecisionError):
    pass


class CalculationFailed(DecisionError):
    pass


class NotInForce(DecisionError):
    pass


class PricingConstraintViolation(DecisionError):
    pass


class ComplianceViolation(DecisionError):
    pass


class ModelDegradationDetected(OrdainError):
    """`why` says it in a word or two, as records of fallbacks have it."""

    severity = Severity.HIGH
    why = "no score"


class ServiceStopped(OrdainError):
    severity = Severity.HIGH


class LedgerUnavailable(OrdainError):
    severity = Severity.CRITICAL


class LedgerRolledBack(LedgerUnavailable):
    pass


class TextLost(LedgerUnavailable):
    pass


class FeaturesUnavailable(OrdainError):
    severity = Severity.HIGH


class CheckpointRefused(OrdainError):
    severity = Severity.CRITICAL


class ProofRefused(OrdainError):
    severity = Severity.CRITICAL


class AnchorRefused(OrdainError):
    severity = Severity.CRITICAL


class AnchorUnavailable(OrdainError):
    severity = Severity.HIGH


class TimestampRefused(OrdainError):
    severity = Severity.HIGH


class NotRecorded(OrdainError):
    severity = Severity.CRITICAL


class InternalError(OrdainError):
    severity = Severity.CRITICAL


class NotThatType(ValueError):
    """A raw value is not of the type asked for; the message says what it is instead. Caught inside the engine."""


def quoted(text: object) -> str:
    """A user's own text in backticks, of which it has none itself then."""
    return "`" + str(text).replace("`", "'") + "`"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 rule`, `1,200 rules`: a number with its noun, which takes an `s` where no plural is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean `clv_tier`?` for the nearest known word; when none is near, all words, or of many the nearest."""
    choices = sorted(known)
    if len(word) > 64:
        return ""
    if near := near_word(word, choices):
        return f"did you mean `{near}`?"
    if not choices:
        return ""
    if len(choices) <= LIMITS.listed_words:
        return f"known: {', '.join(choices)}"
    return f"nearest: {', '.join(difflib.get_close_matches(word, choices, n=5, cutoff=0))}"


def near_word(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty when none is near."""
    choices = sorted(known)
    if len(word) > 64:
        return ""
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if not near:
        lowered = {choice.lower(): choice for choice in reversed(choices)}
        near = [lowered[low] for low in difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)]
    return near[0] if near else ""


def reason_of(error: OSError) -> str:
    """Why the system refused, as the end of a sentence: `no space left on device`."""
    return (error.strerror or "no reason given").lower()
