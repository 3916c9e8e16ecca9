"""`ordain policy new`, `submit`, `approve`, `activate`, `rollback`, `adopt`: what changes versions, or what decides."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.actor import actor
from ordain.api.cli.checking.against_ledger import used_in
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.policy.at_hand import day_of, now_of, steps_of
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.lifecycle.drafts import copy_of_newest
from ordain.api.lifecycle.shown_steps import step_shown
from ordain.api.lifecycle.who import APPROVER, EDITOR, OPERATOR, Person, person
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings, load_settings
from ordain.engine.catalog import read_texts
from ordain.engine.errors import SettingsError, reason_of
from ordain.engine.text.regular import bytes_of

_AS = click.option("--as", "actor_name", help="Who you are; the user of this machine if left out.")
_ROLE = click.option("--role", help="The role in which you do it, if you have several.")
REASON = click.option("--reason", default="", help="Why: on record.")
WHY = click.option("--reason", required=True, help="Why: on record.")


def step_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Who does it, and how it is told."""
    return _AS(_ROLE(json_option("Print what was recorded, as JSON.")(click.pass_obj(command))))


@click.command("new")
@click.argument("name")
@click.option("--from", "first_day", metavar="DAY", help="Its first day; today, or the day after the newest begins.")
@json_option("Print the file and the version as JSON.")
@click.pass_obj
def new_command(call: Invocation, name: str, first_day: str | None, as_json: bool) -> None:
    """Copy the newest version of policy NAME to the next one, comments kept; it decides nothing before it is right.

    Exit codes: 0 made, 2 bad input, policies or settings.
    """
    settings = load_settings(call.config)
    texts = read_texts(settings.policies, settings.zone)
    used = max((number for each, number in used_in(call.config, settings.policies) if each == name), default=0)
    copied = copy_of_newest(texts, name, used, now_of(settings).date(), day_of(first_day))
    file, made, day = copied.file, copied.version, copied.day
    target = settings.policies / name / f"v{made}.yaml"
    write_whole(target, copied.text)
    if as_json:
        OUT.print(json.dumps({"policy": name, "version": made, "from": str(day), "file": str(target)}), markup=False)
    else:
        OUT.print(
            f"{target} is a copy of {file}, in force from {day}; make your change, then: ordain check", markup=False
        )


@click.command("submit")
@click.argument("version", metavar="NAME@N")
@REASON
@step_options
def submit_command(call: Invocation, version: str, reason: str, **who: Any) -> None:
    """Submit a version to be approved: it must load and its examples must hold. Its text goes on record.

    Exit codes: 0 submitted, 2 bad input, policies or settings, 3 not recorded.
    """
    settings = load_settings(call.config)
    with steps_of(settings, taken=True, make=True, first=version) as steps:
        made = steps.submit(version, person_of(settings, (EDITOR,), who), reason)
    _told(made, who, f"{version} is submitted; somebody else approves it: ordain policy approve {version}")


@click.command("approve")
@click.argument("version", metavar="NAME@N")
@click.option(
    "--signature",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `ssh-keygen -Y sign -n ordain` made of `ordain policy message NAME@N`.",
)
@REASON
@step_options
def approve_command(call: Invocation, version: str, signature: Path | None, reason: str, **who: Any) -> None:
    """Approve a version that somebody else submitted or, of one that has decided before, that it comes back.

    Exit codes: 0 approved, 2 bad input, policies or settings, 3 not recorded.
    """
    settings = load_settings(call.config)
    text = "" if signature is None else _signature(signature)
    with steps_of(settings, taken=True) as steps:
        made = steps.approve(version, person_of(settings, (APPROVER,), who), reason, text)
    _told(made, who, f"{version} is approved by {made.who}")


@click.command("activate")
@click.argument("version", metavar="NAME@N")
@click.option("--from", "day", metavar="DAY", help="The first day on which it decides; one in the past needs a reason.")
@REASON
@step_options
def activate_command(call: Invocation, version: str, day: str | None, reason: str, **who: Any) -> None:
    """Activate an approved version: now or, if its first day is yet to come, from then on. Servers follow.

    Exit codes: 0 activated, 2 bad input, policies or settings, 3 not recorded, and so not activated.
    """
    settings = load_settings(call.config)
    first = day_of(day)
    begins = None if first is None else dt.datetime.combine(first, dt.time(), settings.zone)
    with steps_of(settings, taken=True, first=version) as steps:
        made = steps.activate(version, person_of(settings, (APPROVER, OPERATOR), who), begins, reason)
    _told(made, who, f"{version} decides from {made.starts.astimezone(settings.zone).isoformat(timespec='seconds')}")


@click.command("rollback")
@click.argument("name")
@click.option("--to", "number", type=click.IntRange(1, 999_999), required=True, help="The version that comes back.")
@WHY
@step_options
def rollback_command(call: Invocation, name: str, number: int, reason: str, **who: Any) -> None:
    """Bring an earlier version of policy NAME back, now. What was planned to begin later is taken back, too.

    It takes an approval of that version, or the role `operator`: an emergency, and on record as such. It goes by what
    is on record: no file that is edited or broken keeps anybody from it.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, and so not done.
    """
    settings = load_settings(call.config)
    with steps_of(settings, taken=True, by_record=True) as steps:
        made = steps.roll_back(name, number, person_of(settings, (APPROVER, OPERATOR), who), reason)
    _told(made, who, f"{name}@{number} decides again since {made.starts.astimezone(settings.zone).isoformat()}")


@click.command("adopt")
@WHY
@step_options
def adopt_command(call: Invocation, reason: str, **who: Any) -> None:
    """Put all versions on record as activated from their first days on: once, where `approvals` has just been set.

    Exit codes: 0 done, 2 bad input, policies or settings, 3 not recorded, or not all: run it again with a new ledger.
    """
    settings = load_settings(call.config)
    with steps_of(settings, taken=True, make=True) as steps:
        made = steps.adopt(person_of(settings, (OPERATOR,), who), reason)
    if who["as_json"]:
        OUT.print(json.dumps([step_shown(each) for each in made]), markup=False)
    else:
        OUT.print(f"{len(made)} versions are active from their first days on", markup=False)


def person_of(settings: Settings, roles: tuple[str, ...], who: dict[str, Any]) -> Person:
    """Whom the options of a step name, in one of these roles. Raises NotPermitted, SettingsError."""
    return person(settings, actor(who["actor_name"]), roles, who["role"], dt.datetime.now(dt.UTC))


def _told(made: Any, who: dict[str, Any], said: str) -> None:
    OUT.print(json.dumps(step_shown(made)) if who["as_json"] else said, markup=False)


def _signature(file: Path) -> str:
    try:
        return bytes_of(file, LIMITS.signature_characters).decode("ascii", errors="replace")
    except OSError as error:
        raise SettingsError(f"the signature `{file}` cannot be read: {reason_of(error)}", "see --signature") from None
