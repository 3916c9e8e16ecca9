"""`ordain audit verify-proof`: what a customer has in hand, checked without the ledger."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import click

from ordain.api.cli.invocation import json_option
from ordain.api.cli.report import report
from ordain.api.cli.terminal import OUT
from ordain.api.ledger import policy_in
from ordain.api.limits import LIMITS as API_LIMITS
from ordain.audit.verifier.bundle import Bundle, check_stamped, opened, read_bundle
from ordain.audit.verifier.consistency_file import read_consistency
from ordain.audit.verifier.notes import read_key
from ordain.audit.verifier.proof import verify_consistency, verify_proof
from ordain.audit.verifier.reading_limits import LIMITS
from ordain.audit.verifier.row_proof import check_rows, read_row_proof
from ordain.audit.verifier.witness_policy import WitnessPolicy
from ordain.engine.errors import CheckpointRefused, MalformedRequest, ProofRefused, TimestampRefused, reason_of
from ordain.engine.late import late
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.regular import opened as opened_file

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("verify-proof")
@click.argument("file", type=_FILE)
@click.option("--key", required=True, help="The ledger's public key, `ordain.ledger/...+...+...`, or a file with it.")
@click.option("--leaf-hash", help="The leaf hash of the receipt: the proof must be of that entry.")
@click.option("--entry-id", help="The entry id of the receipt: the proof must be of that entry.")
@click.option("--policy", type=_FILE, help="Witnesses whose quorum must have cosigned (c2sp.org/tlog-policy).")
@click.option("--timestamp-roots", type=_FILE, help="The timestamp authority's root certificate (PEM), to check by.")
@json_option("Print what is proven as JSON.")
def verify_proof_command(
    file: Path,
    key: str,
    leaf_hash: str | None,
    entry_id: str | None,
    policy: Path | None,
    timestamp_roots: Path | None,
    as_json: bool,
) -> None:
    """Verify FILE, offline: neither the ledger nor the settings are looked at.

    FILE is what `prove` wrote, with or without --json and --reveal, what `rows prove` wrote, or what `consistency`
    printed.

    Exit codes: 0 it holds, 1 it does not, 2 bad input.
    """
    vkey, data = known_key(key), read_file(file)
    believed = None if policy is None else policy_in(policy)
    roots = None if timestamp_roots is None else _roots(timestamp_roots)
    try:
        between = read_consistency(data)
        if between is not None:
            told, text = _consistency(*between, vkey, believed)
        else:
            of_rows = read_row_proof(data)
            bundle = of_rows.entry if of_rows else read_bundle(data) or Bundle(data.decode("utf-8", "replace"))
            told, text = _inclusion(bundle, vkey, leaf_hash, entry_id, believed, roots)
            if of_rows is not None:
                told["rows"] = check_rows(of_rows, told["envelope"])
                text = "\n".join([text, *map(_row, told["rows"])])
    except (ProofRefused, CheckpointRefused, TimestampRefused) as refused:
        report(refused, as_json=as_json)
        raise click.exceptions.Exit(1) from None
    OUT.print(json.dumps(told, ensure_ascii=False) if as_json else text, markup=False)


def _inclusion(
    bundle: Bundle,
    vkey: str,
    leaf_hash: str | None,
    entry_id: str | None,
    policy: WitnessPolicy | None,
    roots: bytes | None,
) -> tuple[dict[str, Any], str]:
    """As data, and as text."""
    proven = verify_proof(bundle.proof, vkey, leaf_hash=leaf_hash, entry_id=entry_id, policy=policy)
    private = opened(bundle, proven.envelope)
    told: dict[str, Any] = {
        "holds": True,
        "entry_id": proven.entry_id,
        "leaf_index": proven.index,
        "leaf_hash": proven.leaf_hash,
        "size": proven.size,
        "root": proven.root,
        "signed_at": proven.signed_at,
        "envelope": proven.envelope,
        "cosigned": {name: _utc(at) for name, at in proven.cosigned.items()},
    }
    signed = f" on {proven.signed_at}" if proven.signed_at else ""
    lines = [
        f"holds: the entry {proven.entry_id} of {proven.time} is leaf {proven.index} of the {proven.size:,} "
        f"that were signed{signed}",
        *(f"cosigned by {name} at {at}" for name, at in told["cosigned"].items()),
    ]
    if bundle.token:
        check_stamped(bundle)
        if roots is not None:
            stamp = late("ordain.audit.anchors.timestamps:check")(bundle.token, bundle.stamped.encode(), [roots])
            told["stamped"] = {"at": stamp.time.isoformat(), "authority": stamp.authority}
            lines.append(f"stamped at {stamp.time.isoformat()} by {stamp.authority}")
        else:
            lines.append("it has a timestamp, which is not checked without --timestamp-roots")
    elif roots is not None:
        raise ProofRefused("the file has no timestamp", "`ordain audit prove ... --json` has it, if there is one")
    if private is not None:
        told["private"] = private
        lines += ["what the entry holds:", json.dumps(private, ensure_ascii=False, indent=2)]
    return told, "\n".join(lines)


def _row(told: dict[str, Any]) -> str:
    return f"row {told['row']:,} of that run: {json.dumps(told['values'], ensure_ascii=False)}"


def _consistency(
    old: bytes, new: bytes, hashes: list[bytes], vkey: str, policy: WitnessPolicy | None
) -> tuple[dict[str, Any], str]:
    """As data, and as text."""
    before, after = verify_consistency(old, new, hashes, vkey)
    cosigned = {} if policy is None else {name: _utc(at) for name, at in policy.require(after).items()}
    told = {
        "holds": True,
        "old": {"size": before.size, "root": before.root.hex(), "signed_at": before.time},
        "new": {"size": after.size, "root": after.root.hex(), "signed_at": after.time},
        "cosigned": cosigned,
    }
    lines = [
        f"holds: the {before.size:,} entries signed on {before.time or 'an unknown day'} are the beginning of the "
        f"{after.size:,} signed on {after.time or 'an unknown day'}",
        *(f"cosigned by {name} at {at}" for name, at in cosigned.items()),
    ]
    return told, "\n".join(lines)


def _utc(seconds: int) -> str:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return f"{seconds} seconds after 1970"


def known_key(given: str) -> str:
    """The key itself, read from a file when there is one of that name. Raises CheckpointRefused."""
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than a name may be
        is_file = False
    key = read_file(Path(given)).decode("utf-8", "replace").strip() if is_file else given.strip()
    read_key(key)
    return key


def _roots(file: Path) -> bytes:
    try:
        return bytes_of(file, API_LIMITS.key_bytes)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None


def read_file(file: Path) -> bytes:
    """Up to one byte over what a proof may have. Raises MalformedRequest."""
    try:
        with opened_file(file) as stream:
            return stream.read(LIMITS.proof + 1)
    except OSError as error:
        raise MalformedRequest(f"`{file}` cannot be read: {reason_of(error)}") from None
