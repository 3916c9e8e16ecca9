"""`ordain policy`: versions of policies. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_READING, _STEPS = "ordain.api.cli.policy.showing_versions", "ordain.api.cli.policy.taking_steps"
_COMMANDS = {
    "new": (f"{_STEPS}:new_command", "Copy the newest version of a policy to the next one."),
    "list": (f"{_READING}:list_command", "List all versions of all policies with their states."),
    "history": (f"{_READING}:history_command", "Show what was done to a policy, and what decides when."),
    "text": (f"{_READING}:text_command", "Print a version as it was submitted or activated."),
    "submit": (f"{_STEPS}:submit_command", "Submit a version to be approved."),
    "message": (f"{_READING}:message_command", "Print what an approval of a version signs."),
    "approve": (f"{_STEPS}:approve_command", "Approve a version that somebody else submitted."),
    "signature": (f"{_READING}:signature_command", "Write signatures to files, to be checked with OpenSSH alone."),
    "activate": (f"{_STEPS}:activate_command", "Activate an approved version, now or from a day on."),
    "rollback": (f"{_STEPS}:rollback_command", "Bring an earlier version back, now."),
    "adopt": (f"{_STEPS}:adopt_command", "Put on record, once, what decides by its dates."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def policy() -> None:
    """Versions of policies: from a draft to what decides, and back."""
