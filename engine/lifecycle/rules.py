"""What may be done to a version, and by whom. Each function raises StepRefused, or says what the step is about."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence

from ordain.engine.errors import StepRefused
from ordain.engine.lifecycle.change import Change, Step, Text
from ordain.engine.lifecycle.life import Life
from ordain.engine.lifecycle.turns import Effectives
from ordain.engine.policy.model import Effective

OPERATOR = "operator"
"""The role that may roll back without an approval."""


def is_same(one: str, other: str) -> bool:
    """Whether two names are one person's as far as can be told: case, width and blanks at the ends make no other."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def check_submission(life: Life, texts: Sequence[Text], first: int) -> None:
    """`texts` are the version and its parts; `first` is the number to begin with, where nothing is on record yet."""
    label, number, highest = texts[0].label, texts[0].version, life.highest()
    check_may_change(life, number)
    activated = max((each.version for each in life.changes if each.step is Step.ACTIVATION), default=0)
    if number < activated:
        raise StepRefused(
            f"`{label}` comes too late: version {activated} was activated already",
            f"the next version is {highest + 1}: ordain policy new {life.policy}",
        )
    following = highest + 1 if highest else first
    if number > following:
        raise StepRefused(
            f"`{label}` skips version {following}", f"call it v{following}, and say `version: {following}`"
        )
    for was in life.activations(number)[-1:]:  # it was taken back before it began
        if changed := [text.label for text in was.texts if text not in texts]:
            raise StepRefused(
                f"`{label}` was activated, and taken back before it began; {_named(changed)} edited since, and "
                f"the number stands for the text that was activated",
                f"make the change a new version: ordain policy new {life.policy}; then put this one back: "
                + "; ".join(f"ordain policy text {each}" for each in changed),
            )
    before = life.submission(number)
    if before is not None and before.texts == tuple(texts) and not life.activations(number):
        raise StepRefused(
            f"`{label}` was submitted already by {before.who}, and has not been changed since",
            "somebody else approves it: ordain policy approve",
        )


def check_may_change(life: Life, version: int) -> None:
    """Whether the text of a version may still be another one."""
    if life.is_fixed(version):
        raise StepRefused(
            f"`{life.policy}@{version}` was activated, and an activated version stays as it is",
            f"make the change a new version: ordain policy new {life.policy}",
        )


def to_approve(life: Life, version: int, at: dt.datetime, effective: Effectives) -> Change:
    """What an approval of that version is of: its submission or, if it has had its turn, the turn it would end."""
    label = f"{life.policy}@{version}"
    of = life.submission(version)
    if life.is_fixed(version):
        of = life.turns.deciding(life.policy, at, effective)
        if of is None or of.version == version:
            raise StepRefused(f"`{label}` was activated already", "there is nothing to approve")
        if not any(turn.version == version for turn in life.turns.begun(life.policy, at)):
            raise StepRefused(f"`{label}` was activated, and has not begun yet", "there is nothing to approve")
    if of is None:
        raise StepRefused(f"`{label}` was not submitted", f"its editor does that: ordain policy submit {label}")
    return of


def check_approval(life: Life, of: Change, version: int, who: str) -> None:
    """`of` is what it is to approve: see `to_approve`."""
    label = f"{life.policy}@{version}"
    submission = life.submission(version)
    if submission is not None and is_same(submission.who, who):
        raise StepRefused(
            f"{who} submitted `{label}`, and one's own approval does not count",
            f"somebody else with the role of an approver does that: ordain policy approve {label}",
        )
    if any(is_same(each.who, who) for each in life.approvals(of, version)):
        raise StepRefused(f"{who} has approved `{label}` already", _lacking(life, of, version))


def check_activation(
    life: Life, effective: Effective, version: int, begins: dt.datetime | None, reason: str, now: dt.datetime
) -> Change:
    """The submission that is activated. `begins` None is now; a moment in the past needs a reason, as it corrects what
    counted then. `effective` are the days of the version's text, by the calendar of `begins` and `now`."""
    label = f"{life.policy}@{version}"
    submission = life.submission(version)
    if life.is_fixed(version):
        back = f"to bring it back: ordain policy rollback {life.policy} --to {version} --reason TEXT"
        if not any(turn.version == version for turn in life.turns.begun(life.policy, now)):
            back = (
                f"it has not begun; to take that back, an operator goes back to the version that decides now: "
                f"ordain policy rollback {life.policy} --to N --role operator --reason TEXT; then submit it again"
            )
        raise StepRefused(f"`{label}` was activated already", back)
    if submission is None:
        raise StepRefused(f"`{label}` was not submitted", f"its editor does that: ordain policy submit {label}")
    check_approved(life, submission, version)
    day = (now if begins is None else begins).date()
    if day < effective.start:
        raise StepRefused(
            f"`{label}` says that it is in force from {effective.start}, and {day} is before that",
            f"activate it from then on: --from {effective.start}",
        )
    if effective.end is not None and day > effective.end:
        raise StepRefused(f"`{label}` says that {effective.end} is its last day", "a new version says otherwise")
    if begins is not None and begins < now and not reason:
        raise StepRefused(
            f"from {day} on other versions have decided, or could have", "say why this is corrected: --reason TEXT"
        )
    for turn in life.turns.of.get(life.policy, ()):
        if begins is not None and turn.starts == begins:
            raise StepRefused(
                f"`{turn.text.label}` begins on {day}, too: which of them decides would be left to chance",
                "let it begin on another day: --from DAY",
            )
    return submission


def check_approved(life: Life, submission: Change, version: int) -> None:
    """That enough people have approved it, and nothing has voided that."""
    label = f"{life.policy}@{version}"
    if any(each.recorded > submission.recorded for each in life.activations(version)):
        raise StepRefused(
            f"`{label}` was activated, and taken back before it began", f"submit it again: ordain policy submit {label}"
        )
    if len(life.approvals(submission, version)) < life.needed:
        raise StepRefused(f"`{label}` is not approved", _lacking(life, submission, version))


def check_rollback(
    life: Life, version: int, who: str, role: str, reason: str, at: dt.datetime, effective: Effectives
) -> Change:
    """The activation of the earlier version that comes back."""
    label = f"{life.policy}@{version}"
    deciding = life.turns.deciding(life.policy, at, effective)
    if deciding is None:
        raise StepRefused(f"no version of `{life.policy}` decides", "there is nothing to roll back")
    earlier = [turn for turn in life.turns.begun(life.policy, at) if turn.version == version]
    planned = [turn for turn in life.turns.of[life.policy] if turn.starts > at]
    if deciding.version == version and not planned and life.turns.rolling(life.policy, at) is None:
        raise StepRefused(
            f"`{label}` decides already, and nothing else is planned", f"see: ordain policy history {life.policy}"
        )
    if not earlier:
        raise StepRefused(
            f"`{label}` has never decided, so nothing goes back to it",
            f"see what has: ordain policy history {life.policy}",
        )
    if not reason:
        raise StepRefused(f"going back to `{label}` needs a reason", "--reason TEXT")
    if role != OPERATOR:
        approvals = life.approvals(deciding, version)
        others = [each for each in approvals if not is_same(each.who, who)]
        if len(others) < life.needed:
            own = f", and that of {who} does not count, as they go back" if len(others) < len(approvals) else ""
            raise StepRefused(
                f"going back to `{label}` is not approved: {_count(len(others), life.needed)}{own}",
                f"somebody else does that: ordain policy approve {label}; or an operator rolls back in an emergency",
            )
    return earlier[0]


def _lacking(life: Life, of: Change, version: int) -> str:
    return _count(len(life.approvals(of, version)), life.needed)


def _named(labels: Sequence[str]) -> str:
    return f"{' and '.join(f'`{label}`' for label in labels)} {'was' if len(labels) == 1 else 'were'}"


def _count(there: int, needed: int) -> str:
    return f"{there} of {needed} needed approvals"
