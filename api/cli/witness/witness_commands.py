"""`ordain witness`: a witness of one's own, for the ledgers of others."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import click

from ordain.api.cli.invocation import json_option
from ordain.api.cli.taken_port import refuse_taken
from ordain.api.cli.terminal import OUT
from ordain.api.keys import secret_in
from ordain.api.ledger import policy_in
from ordain.api.limits import LIMITS
from ordain.audit.verifier.cosignatures import WitnessKey
from ordain.audit.verifier.notes import PublicKey, is_key_name
from ordain.audit.witness.cosigner import Cosigner, witness_key
from ordain.audit.witness.heads import Heads
from ordain.engine.errors import SettingsError, counted
from ordain.engine.late import late

_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/witness"),
    help="Where key and memory of the witness are. Default: var/witness.",
)
_NAME = click.option("--name", required=True, help="The witness's name, such as witness.example/w1.")


@click.group()
def witness() -> None:
    """A witness that follows ledgers and logs of others, and cosigns what only grows (https://c2sp.org/tlog-witness)."""


@witness.command("key")
@_NAME
@_FOLDER
def key_command(name: str, folder: Path) -> None:
    """Print the witness's public key; makes the key if there is none yet.

    Exit codes: 0 done, 2 bad input.
    """
    OUT.print(_key(name, folder)[0].text, markup=False)


@witness.command("serve")
@_NAME
@click.option(
    "--policy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="A file with a line `log <public key>` for each log that is followed, and `quorum none`.",
)
@_FOLDER
@click.option("--host", default="127.0.0.1", help="The address to listen on. Default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), default=8081, help="The port to listen on. Default: 8081.")
def serve_command(name: str, policy: Path, folder: Path, host: str, port: int) -> None:
    """Cosign checkpoints of the logs in the policy, over HTTP, until interrupted.

    What it has cosigned is on the disk before it answers. Never put its folder back from a backup: it would cosign a
    second history. A witness that lost its folder begins anew with another key.

    Exit codes: 0 stopped, 2 bad input.
    """
    logs = policy_in(policy).logs
    if not logs:
        raise SettingsError(f"`{policy}` names no log", "add a line `log <public key of the log>`")
    key, _ = _key(name, folder)
    refuse_taken(host, port)
    _heads(folder).close()  # faults are told here, once
    OUT.print(f"the witness {key.text} follows {counted(len(logs), 'log')}, at http://{host}:{port}/", markup=False)
    late("ordain.api.witness.serving:serve_witness")(partial(_cosigner, name, folder, logs), host, port)


@witness.command("conflicts")
@_FOLDER
@json_option("Print them as JSON, with both checkpoints.")
def conflicts_command(folder: Path, as_json: bool) -> None:
    """List checkpoints that a log signed and that did not go on from those that were cosigned.

    Two of one size with different roots prove that the log has two histories.

    Exit codes: 0 none, 1 there are some, 2 bad input.
    """
    if not (folder / "witness.db").is_file():
        raise SettingsError(f"there is no witness in `{folder}`", "name its folder with --folder")
    heads = _heads(folder)
    try:
        found = heads.conflicts()
    finally:
        heads.close()
    if as_json:
        told = [
            {"origin": origin, "cosigned": known.decode(), "refused": note.decode(), "at": at}
            for origin, known, note, at in found
        ]
        OUT.print(json.dumps(told, ensure_ascii=False), markup=False)
    else:
        for origin, known, note, _ in found:
            OUT.print(f"{origin}: cosigned {_size(known)} entries, refused {_size(note)}", markup=False)
        OUT.print(counted(len(found), "conflict"))
    if found:
        raise click.exceptions.Exit(1)


def _size(note: bytes) -> str:
    return note.split(b"\n")[1].decode()


def _cosigner(name: str, folder: Path, logs: tuple[PublicKey, ...]) -> Cosigner:
    return Cosigner(name, _key(name, folder)[1], logs, _heads(folder), time.time)


def _heads(folder: Path) -> Heads:
    return Heads(folder / "witness.db")


def _key(name: str, folder: Path) -> tuple[WitnessKey, bytes]:
    """The witness's key, and its secret. One key has one name, for ever. Raises SettingsError."""
    if not is_key_name(name):
        raise SettingsError(
            f"a witness cannot be called `{name[:80]}`",
            "a name has 1 to 200 characters, no space and no `+` among them, such as witness.example/w1",
        )
    seed = secret_in(folder / "witness.key")
    key = witness_key(name, seed)
    public = folder / "witness.pub"
    try:
        with public.open("x", encoding="utf-8") as out:
            out.write(key.text + "\n")
    except FileExistsError:
        known = public.read_text(encoding="utf-8")[: LIMITS.key_bytes].strip()
        if known != key.text:
            raise SettingsError(
                f"the witness in `{folder}` is {known.partition('+')[0]}, not {name}", "each needs a folder of its own"
            ) from None
    return key, seed
