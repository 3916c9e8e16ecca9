"""`ordain rollout`: a new version for a part of the customers. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_STEPS = "ordain.api.cli.rollout.rolling_steps"
_COMMANDS = {
    "start": (f"{_STEPS}:start_command", "Roll an approved version out, to a share of the customers that grows."),
    "shadow": (
        f"{_STEPS}:shadow_command",
        "Have a version decide beside the one that answers, on record, told nobody.",
    ),
    "show": (
        "ordain.api.cli.rollout.showing_rollouts:show_command",
        "Show what is rolled out, to whom, and what is next.",
    ),
    "watch": ("ordain.api.cli.rollout.rollout_watch:watch_command", "Judge guardrails every minute, and act by them."),
    "share": (f"{_STEPS}:share_command", "Give the new version a larger share, now."),
    "pause": (f"{_STEPS}:pause_command", "Keep the share as it is."),
    "resume": (f"{_STEPS}:resume_command", "Go on where it was paused."),
    "revert": (f"{_STEPS}:revert_command", "End it: the version of before decides for everybody."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def rollout() -> None:
    """A new version for a part of the customers first: in shares that grow, paused and taken back at any time."""
