"""`ordain keys`: who may ask, and for what."""

from __future__ import annotations

import datetime as dt
import json

import click
from rich.table import Table
from rich.text import Text

from ordain.api.access.callers_file import NAME, read_keys, stamp_of
from ordain.api.access.key_keeping import Json, KeyKeeper, Shown
from ordain.api.access.rates import read_period, read_rate
from ordain.api.access.role_rights import ROLE, catalog_of_access, plan_in_force, rights_by
from ordain.api.cli.actor import actor
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.terminal import ERR, OUT, print_whole
from ordain.api.ledger import open_for
from ordain.api.settings import Settings, load_settings
from ordain.engine.errors import MalformedRequest, did_you_mean

_EXPIRES = click.option("--expires", metavar="PERIOD", help="How long it opens, such as 90d; without end if left out.")


@click.group()
def keys() -> None:
    """API keys: who may ask, and for what."""


@keys.command("new")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="What it may do, as the policy `access` says.")
@click.option("--service", "services", multiple=True, help="A service that it may ask; all if left out.")
@_EXPIRES
@click.option("--rate", metavar="RATE", help="How often it may ask, such as '100 per minute'; kept with the key.")
@json_option("Print the key as JSON.")
@click.pass_obj
def new_command(
    call: Invocation,
    name: str,
    roles: tuple[str, ...],
    services: tuple[str, ...],
    expires: str | None,
    rate: str | None,
    as_json: bool,
) -> None:
    """Make a key for NAME, and print it: once, for it is kept nowhere. A running server knows it within a second.

    Exit codes: 0 made, 2 bad input or settings, 3 not recorded, and so not made.
    """
    settings = load_settings(call.config)
    period = None if expires is None else read_period(expires)
    kept_rate = None if rate is None else str(read_rate(rate))
    _check(settings, roles, services)
    _show(_keeper(settings).make(name, roles, services, period, kept_rate), as_json)


@keys.command("list")
@json_option("Print the keys as JSON.")
@click.pass_obj
def list_command(call: Invocation, as_json: bool) -> None:
    """List the keys, without their secrets, which are kept nowhere.

    Exit codes: 0 done, 2 bad settings, or a file of keys that cannot be read.
    """
    file = load_settings(call.config).keys / NAME
    now, found = dt.datetime.now(dt.UTC), () if stamp_of(file) is None else read_keys(file)
    if as_json:
        OUT.print(json.dumps([{**key.without_secrets(), "state": key.state(now)} for key in found]), markup=False)
        return
    if not found:
        OUT.print("no key is made yet; run: ordain keys new NAME --role app", markup=False)
        return
    table = Table()
    for column in ("id", "name", "state", "roles", "services", "rate", "made", "expires"):
        table.add_column(column, no_wrap=True)
    for key in found:
        services = "all" if key.services is None else ", ".join(key.services)
        cells = (key.id, key.name, key.state(now), ", ".join(key.roles), services, key.rate or "", key.made)
        table.add_row(*map(Text, (*cells, key.expires or "")))
    print_whole(table)


@keys.command("rotate")
@click.argument("key")
@click.option("--grace", metavar="PERIOD", default="24h", help="How long the key of now opens, too. Default: 24h.")
@_EXPIRES
@json_option("Print the key as JSON.")
@click.pass_obj
def rotate_command(call: Invocation, key: str, grace: str, expires: str | None, as_json: bool) -> None:
    """Make another secret for KEY, an id or a name, and print the key: once. What it may do stays.

    Exit codes: 0 made, 2 bad input or settings, 3 not recorded, and so not made.
    """
    periods = read_period(grace), None if expires is None else read_period(expires)
    _show(_keeper(load_settings(call.config)).rotate(key, *periods), as_json)


@keys.command("revoke")
@click.argument("key")
@json_option("Print the key as JSON, without a secret.")
@click.pass_obj
def revoke_command(call: Invocation, key: str, as_json: bool) -> None:
    """Revoke KEY, an id or a name: within a second it opens nothing any more.

    Exit codes: 0 revoked, 2 bad input or settings, 3 revoked, and not recorded: run it again.
    """
    revoked = _keeper(load_settings(call.config)).revoke(key)
    if as_json:
        OUT.print(json.dumps(revoked.without_secrets()), markup=False)
    else:
        OUT.print(f"revoked: {revoked.name} ({revoked.id})", markup=False)


def _keeper(settings: Settings) -> KeyKeeper:
    """The ledger is opened when there is something to record, and made if there is none."""

    def note(kind: str, about: Json, private: Json) -> None:
        opened = open_for(settings)
        try:
            opened.note(kind, about, private)
        finally:
            opened.finish()

    return KeyKeeper(settings.keys / NAME, note, lambda: dt.datetime.now(dt.UTC), actor(None))


def _check(settings: Settings, roles: tuple[str, ...], services: tuple[str, ...]) -> None:
    """Raises MalformedRequest for a role or service that there is not, SettingsError without a policy of roles."""
    catalog = catalog_of_access(settings)
    now = dt.datetime.now(settings.zone)
    rights_by(plan_in_force(catalog, now), catalog.vocabulary, now)
    known = {"role": catalog.vocabulary[ROLE].type.values, "service": tuple(catalog.services.by_name)}
    for what, names in (("role", roles), ("service", services)):
        for name in names:
            if name not in known[what]:
                raise MalformedRequest(f"there is no {what} `{name[:64]}`", did_you_mean(name, known[what]))


def _show(shown: Shown, as_json: bool) -> None:
    key, text = shown
    if as_json:
        OUT.print(json.dumps({**key.without_secrets(), "key": text}), markup=False)
        return
    OUT.print(text, markup=False)
    services = "every service" if key.services is None else ", ".join(key.services)
    until = "" if key.expires is None else f", until {key.expires}"
    told = f"{key.name} ({key.id}): {', '.join(key.roles)}; may ask {services}{until}. It is shown this once: keep it."
    ERR.print(told, markup=False)
    if key.older is not None:
        ERR.print(f"the key of before opens until {key.older.until}", markup=False)
