"""Tokens: which are taken, which not, and where the keys that verify them come from."""

from __future__ import annotations

import base64
import hmac
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issuer import AUDIENCE, ISSUER, SIGNING, JwksServer, claims, jwks, token
from joserfc.jwk import ECKey
from served import settings_in

from ordain.api.access import tokens as tokens_file
from ordain.api.access.kid_unknown import KidUnknown
from ordain.api.access.token_keys import read_file
from ordain.api.access.tokens import Tokens
from ordain.api.limits import LIMITS
from ordain.engine.errors import SettingsError

GOOD = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}


SHORT = json.dumps({"keys": [{"kty": "RSA", "kid": "short", "e": "AQAB", "n": "wA" + "A" * 168 + "E"}]}).encode()
"""A key of 1,024 bits: of its kind, if nobody's."""


def verifier(folder: Path, text: bytes | None = None, **more: Any) -> Tokens:
    file = folder / "jwks.json"
    folder.mkdir(exist_ok=True)
    file.write_bytes(jwks() if text is None else text)
    return Tokens(settings_in(folder, jwt_keys=str(file), **GOOD, **more))


@pytest.fixture(scope="module")
def verifies(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return verifier(tmp_path_factory.mktemp("verifies"))


def taken(known: Tokens, text: str) -> bool:
    return known.caller_of(text, time.time()) is not None


def part(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_a_token_with_such_a_signature_is_taken(verifies: Tokens, algorithm: str) -> None:
    caller = verifies.caller_of(token(algorithm, roles=["app", "editor"]), time.time())
    assert caller is not None
    assert (caller.name, caller.roles, caller.key_id, caller.services) == ("ann", {"app", "editor"}, "", None)
    assert caller.tenant == "tests"


def test_no_other_algorithm_is(verifies: Tokens) -> None:
    public = SIGNING["RS256"].as_pem(private=False)
    for algorithm, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
        signed = f"{part({'alg': algorithm, 'kid': 'rsa'})}.{part(claims())}"
        made = hmac.digest(public, signed.encode(), digest)  # the public key, taken for a secret
        assert not taken(verifies, f"{signed}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}")
    for algorithm in ("RS384", "RS512", "PS512"):
        assert not taken(verifies, token(algorithm, SIGNING["RS256"]))
    for critical in ([], ["kid"]):
        assert not taken(verifies, token(header={"crit": critical}))
    for name in ("none", "None", "NONE", ""):
        for signature in ("", "AAAA"):
            assert not taken(verifies, f"{part({'alg': name, 'kid': 'ec'})}.{part(claims())}.{signature}")


@pytest.mark.parametrize(
    "more",
    [
        {"exp": None},
        {"exp": 1},
        {"exp": "2099"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": [9_999_999_999]},
        {"nbf": 4_000_000_000},
        {"nbf": "now"},
        {"iat": 4_000_000_000},
        {"iss": None},
        {"iss": "https://other.example"},
        {"iss": [ISSUER]},
        {"aud": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": {}},
        {"sub": None},
        {"sub": ""},
        {"sub": "   "},
        {"sub": 7},
        {"sub": "http"},
        {"sub": "x" * 201},
        {"sub": "\ud800"},
    ],
    ids=str,
)
def test_a_token_with_such_claims_is_not(verifies: Tokens, more: dict[str, Any]) -> None:
    assert not taken(verifies, token(**more))


def test_the_clocks_may_differ_by_what_the_settings_say(verifies: Tokens, tmp_path: Path) -> None:
    assert taken(verifies, token(exp=int(time.time()) - 5))
    assert not taken(verifies, token(exp=int(time.time()) - 40))
    assert not taken(verifier(tmp_path, clock_skew_seconds=0), token(exp=int(time.time()) - 5))


def test_an_audience_may_be_one_of_several(verifies: Tokens) -> None:
    assert taken(verifies, token(aud=["other", AUDIENCE]))


def test_a_token_that_was_taken_is_not_when_it_has_expired(verifies: Tokens) -> None:
    text, now = token(exp=int(time.time()) + 100), time.time()
    assert verifies.caller_of(text, now) is verifies.caller_of(text, now + 100)
    assert verifies.caller_of(text, now + 131) is None


@pytest.mark.parametrize(
    ("claim", "more", "roles"),
    [
        ("roles", {"roles": ["privacy officer"]}, {"privacy officer"}),
        ("roles", {"roles": "app editor"}, {"app", "editor"}),
        ("roles", {"roles": None}, set()),
        ("roles", {"roles": 7}, set()),
        ("roles", {"roles": [7, "app", None]}, {"app"}),
        ("realm_access.roles", {"realm_access": {"roles": ["app"]}}, {"app"}),
        ("realm_access.roles", {"realm_access": ["app"]}, set()),
        ("https://x.example/roles", {"https://x.example/roles": ["app"]}, {"app"}),
    ],
)
def test_roles_come_from_the_claim_that_the_settings_name(
    tmp_path: Path, claim: str, more: dict[str, Any], roles: set[str]
) -> None:
    caller = verifier(tmp_path, jwt_roles=claim).caller_of(token(**more), time.time())
    assert caller is not None
    assert caller.roles == roles


def test_the_name_comes_from_the_claim_that_the_settings_name(tmp_path: Path) -> None:
    caller = verifier(tmp_path, jwt_name="email").caller_of(token(email="ann@shop.example\n\x1b[31m"), time.time())
    assert caller is not None
    assert caller.recorded == {"name": "ann@shop.example\n\x1b[31m"}
    assert caller.logged == "ann@shop.example\\\\u000a\\\\u001b[31m"
    assert json.loads(f'"{caller.logged}"').isprintable()


@given(st.text(max_size=300))
def test_any_other_text_is_no_token(verifies: Tokens, text: str) -> None:
    assert not taken(verifies, text)


@given(st.lists(st.one_of(st.binary(max_size=40), st.just(b"[" * 3_000)), min_size=3, max_size=3), st.booleans())
def test_nor_is_one_of_any_parts(verifies: Tokens, parts: list[bytes], headed: bool) -> None:
    texts = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts]
    texts[0] = part({"alg": "ES256", "kid": "ec"}) if headed else texts[0]
    assert not taken(verifies, ".".join(texts))


@given(st.integers(0, 2_000), st.sampled_from("AZaz09-_."))
def test_nor_is_one_with_a_character_changed(verifies: Tokens, at: int, other: str) -> None:
    good = token("ES256", exp=4_000_000_000)
    place = at % len(good)
    changed = good[:place] + other + good[place + 1 :]
    try:
        assert (
            changed == good or not taken(verifies, changed) or place >= len(good) - 1
        )  # spare bits of the last letter
    except KidUnknown:
        assert place < good.index(".")


def test_a_key_of_another_with_a_known_name_verifies_nothing(verifies: Tokens) -> None:
    assert not taken(verifies, token("ES256", ECKey.generate_key("P-256", {"kid": "ec"})))
    sent = {"jwk": SIGNING["ES256"].as_dict(private=False), "jku": "http://127.0.0.1/keys"}
    other = ECKey.generate_key("P-256", {"kid": "ec"})
    assert not taken(verifies, token("ES256", other, {**sent, "jwk": other.as_dict(private=False)}))


def test_an_unknown_name_of_a_key_is_told_apart(verifies: Tokens) -> None:
    with pytest.raises(KidUnknown):
        verifies.caller_of(token("ES256", ECKey.generate_key("P-256", {"kid": "new"})), time.time())


# --- where keys come from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
def test_a_pem_has_one_key_and_tokens_need_not_name_it(tmp_path: Path, algorithm: str) -> None:
    known = verifier(tmp_path, SIGNING[algorithm].as_pem(private=False))
    assert taken(known, token(algorithm, header={"kid": None}))


def test_a_pipe_is_no_file_of_public_keys_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.json")
    with pytest.raises(SettingsError, match="it is not a file, but a pipe or a device"):
        read_file(tmp_path / "keys.json")


def test_a_file_of_keys_is_taken_up_when_it_changes_and_a_broken_one_leaves_those_of_before(tmp_path: Path) -> None:
    known = verifier(tmp_path, jwks(SIGNING["ES256"]))
    first = token("ES256")
    assert taken(known, first)
    (tmp_path / "jwks.json").write_bytes(b"{")
    known.look()
    assert "holds no public keys" in known.fault
    assert taken(known, token("ES256"))
    (tmp_path / "jwks.json").write_bytes(jwks(SIGNING["RS256"]))
    known.look()
    assert known.fault == ""
    assert taken(known, token("RS256"))
    with pytest.raises(KidUnknown):  # a token that was remembered is not, any more
        known.caller_of(first, time.time())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "holds no public keys"),
        (b"{}", "holds no public keys"),
        (b'{"keys": []}', "holds no key for a signature"),
        (b'{"keys": [{"kty": "oct", "k": "AAAA"}]}', "holds no key for a signature"),
        (b'{"keys": [7]}', "holds no public keys"),
        (json.dumps({"keys": [SIGNING["ES256"].as_dict(private=True)]}).encode(), "holds no public keys"),
        (SIGNING["RS256"].as_pem(private=True), "holds no public keys"),
        (SHORT, "has an RSA key under 2048 bits"),
        (b" " * (LIMITS.jwks_bytes + 1), "is over"),
    ],
    ids=["empty", "no keys", "none", "a secret", "a number", "private", "private pem", "short", "large"],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_file_that_holds_no_public_keys_is_refused_at_the_start(tmp_path: Path, text: bytes, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        verifier(tmp_path, text)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"jwt_issuer": None}, "`jwt_keys` needs the setting `jwt_issuer`, too"),
        ({"jwt_audience": None}, "`jwt_keys` needs the setting `jwt_audience`, too"),
        ({"jwt_keys": "http://keys.example/jwks"}, "is not an https address"),
        ({"jwt_keys": "file:///etc/passwd"}, "is not an https address"),
        ({"jwt_keys": "https://"}, "is not an https address"),
        ({"jwt_keys": "/nowhere/jwks.json"}, "cannot be read"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Tokens(settings_in(tmp_path, **{"jwt_keys": "https://keys.example/jwks", **GOOD, **more}))
    assert said in caught.value.message


@pytest.fixture
def remote() -> Iterator[JwksServer]:
    with JwksServer() as running:
        yield running


def by_address(folder: Path, remote: JwksServer) -> Tokens:
    return Tokens(settings_in(folder, jwt_keys=remote.address, **GOOD))


def test_keys_are_fetched_from_an_address_once_for_many_tokens(tmp_path: Path, remote: JwksServer) -> None:
    known = by_address(tmp_path, remote)
    with pytest.raises(KidUnknown):
        known.caller_of(token(), time.time())
    known.look()
    assert all(taken(known, token(sub=f"app {number}")) for number in range(20))
    known.look()
    assert remote.asked == 1


@pytest.mark.parametrize("fault", ["status", "text", "size", "redirection", "private"])
def test_an_address_that_fails_leaves_the_keys_of_before(
    tmp_path: Path, remote: JwksServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = by_address(tmp_path, remote)
    known.fetch()
    if fault == "status":
        remote.status = 503
    elif fault == "redirection":
        remote.status, remote.location = 302, remote.address + "?again"
    elif fault == "private":
        remote.body = json.dumps({"keys": [SIGNING["ES256"].as_dict(private=True)]}).encode()
    else:
        remote.body = b"no" if fault == "text" else b" " * (LIMITS.jwks_bytes + 1)
    known.fetch()
    assert remote.asked == 2
    assert remote.address in known.fault
    assert taken(known, token())
    remote.status, remote.body, remote.location = 200, jwks(), ""
    known.fetch()
    assert known.fault == ""


def test_an_address_that_never_answers_is_given_up(
    tmp_path: Path, remote: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = by_address(tmp_path, remote)
    known.fetch()
    remote.__exit__(None, None, None)
    known.fetch()
    assert "cannot be reached" in known.fault
    assert taken(known, token())


def test_an_unknown_key_makes_the_address_be_asked_and_not_more_often_than_that(
    tmp_path: Path, remote: JwksServer
) -> None:
    known = by_address(tmp_path, remote)
    assert known.may_fetch()
    known.fetch()
    assert not known.may_fetch()
    known._tried -= LIMITS.jwks_rests + 1
    assert known.may_fetch()


def test_those_who_want_keys_at_once_ask_once(tmp_path: Path, remote: JwksServer, monkeypatch: Any) -> None:
    known, entered, go = by_address(tmp_path, remote), threading.Event(), threading.Event()
    fetch = tokens_file.fetch

    def slow(address: str) -> Any:
        entered.set()
        assert go.wait(10)
        return fetch(address)

    monkeypatch.setattr(tokens_file, "fetch", slow)
    first = threading.Thread(target=known.fetch)
    first.start()
    assert entered.wait(10)
    known.fetch()  # somebody does already
    go.set()
    first.join()
    assert remote.asked == 1
