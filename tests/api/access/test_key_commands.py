"""`ordain keys`: made, listed, rotated and revoked, each on record, and no secret anywhere but on the screen once."""

from __future__ import annotations

import datetime as dt
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from answers import error_in
from callers import keeper
from served import ordain_here

from ordain.api.access.key_text import digest_of
from ordain.api.access.rights import ROLES

KEY = re.compile(r"ordain_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


def keys(folder: Path, *arguments: str, **more: str) -> Any:
    """What a command says as JSON."""
    done = ordain_here(folder, "keys", *arguments, "--json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stored(folder: Path) -> list[dict[str, Any]]:
    data = json.loads((folder / "keys/callers.json").read_text(encoding="utf-8"))
    return list(data["keys"])


def entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of kind `access`, opened."""
    found = ordain_here(folder, "audit", "search", "--kind", "access", "--oldest-first", "--json").stdout
    ids = [json.loads(line)["entry_id"] for line in found.splitlines()]
    shown = [ordain_here(folder, "audit", "show", each, "--json") for each in ids]
    return [json.loads(each.stdout) for each in shown]


def refused(folder: Path, *arguments: str, **more: str) -> dict[str, Any]:
    done = ordain_here(folder, "keys", *arguments, "--json", **more)
    assert (done.returncode, done.stdout) == (2, "")
    return error_in(done.stderr)


def test_a_new_key_is_printed_once_and_only_its_digest_is_kept(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "keys", "new", "checkout", "--role", "app", "--service", "price-quote")
    match = KEY.fullmatch(done.stdout.strip())
    assert match is not None
    assert match[2] not in done.stderr
    assert "price-quote" in done.stderr
    (key,) = stored(tmp_path)
    assert (key["id"], key["sha256"]) == (match[1], digest_of(match[2]).hex())
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or match[2].encode() not in file.read_bytes(), file
    file = tmp_path / "keys/callers.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_has_what_it_was_made_with(tmp_path: Path) -> None:
    made = keys(
        tmp_path,
        *(
            "new",
            "shop front",
            "--role",
            "app",
            "--role",
            "editor",
            "--service",
            "price-quote",
            "--service",
            "retention",
        ),
        *("--expires", "90d", "--rate", "100 per minute"),
    )
    assert (made["roles"], made["services"], made["rate"]) == (
        ["app", "editor"],
        ["price-quote", "retention"],
        "100 per minute",
    )
    assert made["expires"] > made["made"]
    (listed,) = keys(tmp_path, "list")
    assert {name: listed[name] for name in made if name != "key"} == {n: v for n, v in made.items() if n != "key"}
    assert listed["state"] == "valid"
    assert "sha256" not in listed


def test_each_change_is_an_entry_with_who_did_it_and_nothing_secret(tmp_path: Path) -> None:
    made = keys(tmp_path, "new", "checkout", "--role", "app")
    rotated = keys(tmp_path, "rotate", "checkout")
    keys(tmp_path, "revoke", made["id"])
    told = entries(tmp_path)
    assert [each["envelope"]["about"]["action"] for each in told] == ["key made", "key rotated", "key revoked"]
    for each in told:
        assert each["envelope"]["about"]["key"] == made["id"]
        assert each["private"]["name"] == "checkout"
        assert each["private"]["actor"]
        for text in (made["key"], rotated["key"]):
            secret = text.rpartition(f"{made['id']}_")[2]
            assert secret not in json.dumps(each)
            assert digest_of(secret).hex() not in json.dumps(each)
    verified = ordain_here(tmp_path, "audit", "verify", "--open", "--json")
    assert (verified.returncode, json.loads(verified.stdout)["holds"]) == (0, True)


def test_a_rotated_key_keeps_its_id_and_what_it_may(tmp_path: Path) -> None:
    made = keys(tmp_path, "new", "checkout", "--role", "app", "--service", "retention", "--expires", "9d")
    rotated = keys(tmp_path, "rotate", "checkout", "--grace", "2h")
    assert rotated["key"] != made["key"]
    for name in ("id", "name", "roles", "services", "made", "expires"):
        assert rotated[name] == made[name]
    (key,) = stored(tmp_path)
    assert key["older"]["sha256"] == digest_of(made["key"].split("_", 2)[2]).hex()
    none = keys(tmp_path, "rotate", made["id"], "--grace", "0m", "--expires", "30d")
    assert none["older"] is None
    assert none["expires"] > made["expires"]


def test_rotating_revives_no_secret_that_has_expired_and_lets_none_open_longer(tmp_path: Path) -> None:
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    old, now = keeper(tmp_path, then), keeper(tmp_path)
    old.make("gone", ["app"], (), dt.timedelta(days=1))
    short = old.make("short", ["app"], (), dt.timedelta(days=3, hours=1))
    assert refused(tmp_path, "rotate", "gone")["message"] == "the key `gone` has expired"
    day, year = dt.timedelta(days=1), dt.timedelta(days=365)
    assert now.rotate("gone", day, year).key.older is None
    renewed = now.rotate("short", day, year).key
    assert renewed.older is not None
    assert renewed.older.until == short.key.expires


def test_a_list_of_keys_is_whole_where_it_is_not_a_terminal(tmp_path: Path) -> None:
    keys(tmp_path, "new", "checkout", "--role", "privacy officer", "--service", "price-quote", "--expires", "90d")
    (key,) = stored(tmp_path)
    listed = ordain_here(tmp_path, "keys", "list", COLUMNS="40").stdout
    for text in (key["id"], "privacy officer", "price-quote", key["made"], key["expires"]):
        assert text in listed


def test_a_revoked_key_stays_revoked_and_its_name_may_be_taken_again(tmp_path: Path) -> None:
    keys(tmp_path, "new", "checkout", "--role", "app")
    first = keys(tmp_path, "revoke", "checkout")["revoked"]
    assert keys(tmp_path, "revoke", "checkout")["revoked"] == first
    assert "is revoked" in refused(tmp_path, "rotate", "checkout")["message"]
    again = keys(tmp_path, "new", "checkout", "--role", "app")
    assert keys(tmp_path, "rotate", "checkout")["id"] == again["id"]
    assert [key["state"] for key in keys(tmp_path, "list")] == ["revoked", "valid"]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["new", "x", "--role", "apps"], "there is no role `apps`", "did you mean `app`?"),
        (
            ["new", "x", "--role", "app", "--service", "price-quot"],
            "there is no service `price-quot`",
            "did you mean `price-quote`?",
        ),
        (
            ["new", "x", "--role", "app", "--expires", "soon"],
            "`soon` is not a period",
            "for example: 90d, 24h or 30m",
        ),
        (
            ["new", "x", "--role", "app", "--expires", "0d"],
            "a key that expires at once opens nothing",
            "for example: --expires 90d",
        ),
        (["new", "x", "--role", "app", "--rate", "often"], "`often` is not a rate", "for example: 100 per minute"),
        (["new", "x", "--role", "app", "--rate", "0 per day"], "`0 per day` is not a rate", "for example"),
        (["new", "http", "--role", "app"], "`http` stands for callers who are not known", "choose another name"),
        (["new", "a\nb", "--role", "app"], "`a\nb` is not a name for a key", "1 to 64 letters"),
        (["new", "", "--role", "app"], "`` is not a name for a key", "1 to 64 letters"),
        (["new", "a" * 65, "--role", "app"], f"`{'a' * 64}` is not a name for a key", "1 to 64 letters"),
        (["rotate", "nobody"], "there is no key `nobody`", "make one: ordain keys new"),
        (["revoke", "nobody"], "there is no key `nobody`", "make one: ordain keys new"),
    ],
)
def test_what_is_asked_wrongly_changes_nothing_and_says_why(
    tmp_path: Path, arguments: list[str], message: str, hint: str
) -> None:
    error = refused(tmp_path, *arguments)
    assert error["message"] == message
    assert error["details"][0]["hint"].startswith(hint)
    assert not (tmp_path / "keys/callers.json").exists()


def test_a_name_is_that_of_one_key(tmp_path: Path) -> None:
    keys(tmp_path, "new", "checkout", "--role", "app")
    assert refused(tmp_path, "new", "checkout", "--role", "admin")["message"] == "there is a key `checkout` already"
    assert len(stored(tmp_path)) == 1


def test_every_role_of_the_policy_can_be_given(tmp_path: Path) -> None:
    given = [part for role in ROLES for part in ("--role", role)]
    assert keys(tmp_path, "new", "everything", *given)["roles"] == list(ROLES)


def test_without_a_policy_of_roles_no_key_is_made_and_the_message_says_what_to_copy(
    tmp_path: Path, policies: Path
) -> None:
    text = (policies / "services.yaml").read_text(encoding="utf-8")
    (policies / "services.yaml").write_text(text[: text.index("  # Ordain's own")], encoding="utf-8")
    error = refused(tmp_path, "new", "x", "--role", "app", ORDAIN_POLICIES=str(policies))
    assert error["message"] == "no service `access` says what the roles of callers may do"
    assert "ordain init" in error["details"][0]["hint"]
    assert not (tmp_path / "keys/callers.json").exists()


def test_a_key_that_cannot_be_recorded_is_not_made_and_one_to_revoke_is_revoked_all_the_same(tmp_path: Path) -> None:
    made = keys(tmp_path, "new", "checkout", "--role", "app")
    (tmp_path / "ordain.db").write_bytes(b"no database")
    for arguments in (["new", "other", "--role", "app"], ["rotate", "checkout"]):
        done = ordain_here(tmp_path, "keys", *arguments)
        assert (done.returncode, done.stdout) == (3, "")
        assert [(key["id"], key["older"], key["revoked"]) for key in stored(tmp_path)] == [(made["id"], None, None)]
    assert ordain_here(tmp_path, "keys", "revoke", "checkout").returncode == 3
    assert [key["state"] for key in keys(tmp_path, "list")] == ["revoked"]
