"""`ordain audit checkpoint`, `rotate-key` and `recover`: what is signed, by which key, and from where on."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import OUT
from ordain.api.keys import new_signing_key, read_secret, sync_folder
from ordain.api.ledger import open_for, opened_ledger, require_ledger
from ordain.api.settings import Settings, load_settings
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import open_store
from ordain.audit.ledger.recovery import recover
from ordain.audit.ledger.rotation import rotate
from ordain.audit.store.identity import identity
from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey
from ordain.engine.errors import SettingsError, counted

_AS = click.option("--as", "name", help="Who asks for it. Default: the user of this machine.")
_REASON = click.option("--reason", required=True, help="The reason; goes on record.")


@click.command("checkpoint")
@json_option("Print the checkpoint as JSON.")
@click.pass_obj
def checkpoint_command(call: Invocation, as_json: bool) -> None:
    """Sign the log as it is now and anchor it; a running server does this by itself.

    Exit codes: 0 signed and anchored everywhere, 1 a place did not take it or too few witnesses cosigned, 2 bad input,
    3 the log cannot be signed.
    """
    with opened_ledger(call.config) as opened:
        _show(opened, opened.settle() or opened.checkpointer.newest(), as_json)
        unanchored = bool(opened.checkpointer.unanchored)
    if unanchored:
        raise click.exceptions.Exit(1)


def _show(opened: OpenLedger, made: Checkpoint | None, as_json: bool) -> None:
    if made is None:
        raise SettingsError("another process signs this ledger and has not done so yet", "try again in a moment")
    if as_json:
        OUT.print(json.dumps(opened.shown(made)), markup=False)
        return
    places = opened.unanchored()
    OUT.print(f"{counted(made.size, 'entry', 'entries')}, root {made.root.hex()}", markup=False)
    OUT.print(f"public key {opened.identity.key}", markup=False)
    for place, why in places.items():
        OUT.print(f"not anchored in {place}: {why}" if why else f"anchored in {place}", markup=False)
    for name, why in opened.unwitnessed().items():
        OUT.print(f"not cosigned by {name}: {why}", markup=False)


@click.command("new-places")
@_REASON
@_AS
@click.pass_obj
def new_places_command(call: Invocation, reason: str, name: str | None) -> None:
    """Begin to anchor in new places, when none of those in `anchors` knows this ledger yet, and say why."""
    with opened_ledger(call.config, new_places=True) as opened:
        places = [place.name for place in opened.places]
        opened.note(Kind.ANCHOR, {"action": "new places"}, {"actor": actor(name), "reason": reason, "places": places})
    OUT.print("anchored from now on in: " + ", ".join(places), markup=False)


@click.command("rotate-key")
@_REASON
@_AS
@click.pass_obj
def rotate_command(call: Invocation, reason: str, name: str | None) -> None:
    """Let a new key sign the log from now on; the old key vouches for it in an entry. Stop the server first."""
    settings = load_settings(call.config)
    file = settings.keys / "signing.key"
    if not file.is_file():
        raise SettingsError(
            f"the signing key is not in `{file}`",
            "a key from the environment: write both into files for this command, then set the new one",
        )
    require_ledger(settings)
    new = new_signing_key(settings)
    if not _took_over(settings, new):  # unless an earlier run ended between its two steps
        opened = open_for(settings)
        try:
            opened.settle()
            rotate(opened, read_secret(file), read_secret(new), private={"actor": actor(name), "reason": reason})
        finally:
            opened.close()
    # Kept, because a backup from before needs it; linked, so that there is no moment without a key.
    os.link(file, file.with_name(f"signing.key.until-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"))
    new.replace(file)
    sync_folder(file.parent)
    with opened_ledger(call.config) as opened:
        OUT.print(f"the ledger is signed by a new key: {opened.identity.key}", markup=False)
        OUT.print("give it to whoever verifies; the old key vouches for it in the log and is kept for old backups")


def _took_over(settings: Settings, new: Path) -> bool:
    """Whether the key in that file is the one that the ledger names already."""
    store = open_store(settings.database_url, settings.busy_seconds)
    try:
        known = identity(store)
    finally:
        store.close()
    return known is not None and known.key == str(SigningKey.from_seed(known.origin, read_secret(new)).verify_key)


@click.command("recover")
@_REASON
@_AS
@click.pass_obj
def recover_command(call: Invocation, reason: str, name: str | None) -> None:
    """Go on after a loss: the database is an old backup, and the entries after it are gone for good.

    The log and every anchor say so from then on. Who was erased since the backup is erased again.
    """
    with opened_ledger(call.config, lost=True) as opened:
        recovered = recover(opened, private={"actor": actor(name), "reason": reason})
    lost = recovered.lost_size - recovered.size
    OUT.print(
        f"recorded: the ledger goes on from {recovered.size:,} entries; at least {lost:,} that were signed are lost"
    )
