"""`ordain audit upgrade`: an older ledger, brought to this version in place."""

from __future__ import annotations

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import require_ledger
from ordain.api.settings import load_settings
from ordain.audit.ledger.opening import open_store
from ordain.audit.store.schema import upgrade


@click.command("upgrade")
@click.pass_obj
def upgrade_command(call: Invocation) -> None:
    """Bring an older ledger to this version, in place and in one transaction. Stop the server and back it up first.

    If this is interrupted, nothing was changed: run it again.
    """
    settings = load_settings(call.config)
    require_ledger(settings)
    store = open_store(settings.database_url, settings.busy_seconds)
    try:
        done = upgrade(store)
    finally:
        store.close()
    if done.from_revision == done.to_revision:
        OUT.print(f"This ledger already has the newest version ({done.to_revision}).")
    else:
        OUT.print(f"Upgraded from {done.from_revision or 'an empty database'} to {done.to_revision}.")
