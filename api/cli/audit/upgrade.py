"""`ordain audit upgrade`: an older ledger, brought to this version in place."""

from __future__ import annotations

import datetime as dt

import click

from ordain.api.cli.invocation import Invocation
from ordain.api.cli.terminal import OUT, progress_bar
from ordain.api.keys import load_keys
from ordain.api.ledger import ENGINE, opened_ledger, require_ledger
from ordain.api.settings import load_settings
from ordain.audit.ledger.opening import open_store
from ordain.audit.store.schema import is_first_cut, upgrade


@click.command("upgrade")
@click.pass_obj
def upgrade_command(call: Invocation) -> None:
    """Bring an older ledger to this version, in place and in one transaction. Stop the server and back it up first.

    A backup of a first-cut ledger holds its entries readable: delete it once you are satisfied. If this is
    interrupted, run it again.
    """
    settings = load_settings(call.config)
    require_ledger(settings)
    store = open_store(settings.database_url, settings.busy_seconds)
    try:
        keys = load_keys(settings, make=is_first_cut(store))
        with progress_bar("upgrading") as (progress, task):
            done = upgrade(
                store,
                keys.master,
                keys.seed,
                settings.tenant,
                ENGINE,
                dt.datetime.now(dt.UTC),
                lambda count, total: progress.update(task, completed=count, total=total),
            )
    finally:
        store.close()
    with opened_ledger(call.config):  # which signs and anchors it at its end
        pass
    if done.from_revision == done.to_revision:
        OUT.print(f"the ledger is of this version already ({done.to_revision})")
    else:
        OUT.print(f"upgraded from {done.from_revision} to {done.to_revision}: {done.adopted:,} entries carried over")
