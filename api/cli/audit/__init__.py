"""`ordain audit`: the ledger, read, proved and kept. Each subcommand is in a file of this folder."""

from __future__ import annotations

import click

from ordain.api.cli.lazy import LazyGroup

_READING = {
    "search": ("search:search_command", "Find entries, by what they say, and about whom."),
    "report": ("entry_report:report_command", "Count entries by rule, month and more; take a sample, with proofs."),
    "text": ("text:text_command", "Print the text of a policy as decisions were made under it."),
    "show": ("show:show_command", "Show one entry: its envelope, and its private part."),
    "explain": ("explain:explain_command", "Explain a decision to the person it is about, in plain sentences."),
    "package": ("package:package_command", "Write all decisions about one person, as an archive for that person."),
    "export": ("export:export_command", "Write entries as JSON Lines, CSV, XLSX or Parquet, as a role may see them."),
    "reconcile": ("reconcile:reconcile_command", "Compare what the business did with what was decided."),
}
_PROVING = {
    "verify": (
        "verify:verify_command",
        "Recompute the log from its stored bytes; compare it with its anchors.",
    ),
    "prove": ("prove:prove_command", "Prove that an entry is in the log, in a file to take away."),
    "consistency": ("prove:consistency_command", "Prove that the log only grew between two checkpoints."),
    "verify-proof": ("verify_proof:verify_proof_command", "Check what prove or consistency wrote, offline."),
    "verify-receipt": ("verify_receipt:verify_receipt_command", "Check a signed receipt, offline."),
}
_KEEPING = {
    "settle": ("settle:settle_command", "Close the review of a decision: permit or deny it."),
    "erase": ("erase:erase_command", "Erase a person: destroy the key of everything on record about them."),
    "hold": ("erase:hold_command", "Put a person under a legal hold, or release it."),
    "register": ("register:register_command", "List the holds and restrictions that stand, with reasons and days."),
    "retain": ("erase:retain_command", "Remove the private parts of old entries."),
    "checkpoint": ("checkpoint:checkpoint_command", "Sign the log as it is now, and anchor it."),
    "new-places": ("checkpoint:new_places_command", "Start to anchor in new places."),
    "rotate-key": ("checkpoint:rotate_command", "Let a new key sign the log from now on."),
    "recover": ("checkpoint:recover_command", "Continue on an old backup after a loss."),
    "upgrade": ("upgrade:upgrade_command", "Bring an older ledger to this version, in place."),
}
_ROWS = {"rows": ("ordain.api.cli.run_rows:rows", "The rows that a run over a table decided: verify, prove, erase.")}
_COMMANDS = {
    name: (f"ordain.api.cli.audit.{place}", line) for name, (place, line) in (_READING | _PROVING | _KEEPING).items()
} | _ROWS


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def audit() -> None:
    """The record of decisions."""
