"""Into NATS and Kafka encrypted and logged in: who is not who it should be hears no password and no event."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from certificates import certificate
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kafka_broker import KafkaBroker
from nats_server import NatsServer

from ordain.api.events.carrier import Came
from ordain.api.events.carriers import carrier_of
from ordain.api.events.endpoints import load_endpoints
from ordain.api.events.nats_credentials import Credentials

EVENT = {"specversion": "1.0", "id": "1", "type": "ordain.test.sent", "source": "ordain", "data": {}}
ENCRYPTED = {"encrypted": "yes"}


@pytest.fixture(autouse=True)
def word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS_SECRET", "hunter2")
    monkeypatch.setenv("WRONG_SECRET", "hunter3")


def _send(folder: Path, text: str) -> Came:
    (folder / "events.yaml").write_text(text)

    async def send() -> Came:
        carrier = carrier_of(load_endpoints(folder / "events.yaml")["crm"])
        try:
            return await carrier.send(EVENT, b"line")
        finally:
            await carrier.close()

    return asyncio.run(send())


def test_a_password_or_a_token_opens_nats(tmp_path: Path) -> None:
    by_name = "authorization {user: ordain, password: hunter2}"
    with NatsServer(tmp_path, by_name, **{"user": "ordain", "password": "hunter2"}) as bus:
        bus.make_stream()
        assert _send(tmp_path, bus.settings(user="ordain", **{"secret variable": "BUS_SECRET"})).fault == ""
        wrong = _send(tmp_path, bus.settings(user="ordain", **{"secret variable": "WRONG_SECRET"})).fault
        assert wrong == "NATS refuses the login: the user or the secret is wrong"
        assert "hunter" not in wrong
    with NatsServer(tmp_path, "authorization {token: hunter2}", **{"token": "hunter2"}) as bus:
        assert _send(tmp_path, bus.settings(**{"secret variable": "BUS_SECRET"})).fault == ""


def test_the_certificate_of_nats_is_checked_against_its_name(tmp_path: Path) -> None:
    for name, fault in (("localhost", ""), ("other.test", "certificate")):
        file = certificate(tmp_path, name)
        secured = f'tls {{cert_file: "{file}", key_file: "{file}"}}'
        trusted = ssl.create_default_context(cafile=file)
        with NatsServer(tmp_path, secured, tls=trusted, tls_hostname=name) as bus:
            if not fault:
                bus.make_stream()
            came = _send(tmp_path, bus.settings(authorities=file.name, **ENCRYPTED)).fault
            assert fault in came.lower()
            assert bool(came) == bool(fault)
            unknown = _send(tmp_path, bus.settings(**ENCRYPTED)).fault
            assert "certificate" in unknown.lower()


def test_a_server_that_wants_no_encryption_hears_no_password(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def run() -> Came:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'INFO {"server_id":"x","auth_required":true,"max_payload":1000,"headers":true}\r\n')
            heard.append(await reader.read(1000))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        own = {"nats": [f"localhost:{port}"], "stream": "A", "types": ["*"], "private": "allowed"}
        endpoint = {**own, "user": "ordain", "secret variable": "BUS_SECRET"}
        (tmp_path / "events.yaml").write_text(json.dumps({"endpoints": {"crm": endpoint}}))
        carrier = carrier_of(load_endpoints(tmp_path / "events.yaml")["crm"])
        try:
            return await carrier.send(EVENT, b"line")
        finally:
            await carrier.close()
            server.close()

    assert "secure" in asyncio.run(run()).fault.lower()
    assert b"".join(heard) == b""


def test_a_broker_of_kafka_that_speaks_no_tls_gets_nothing(tmp_path: Path) -> None:
    with KafkaBroker() as kafka:
        more = {"user": "ordain", "secret variable": "BUS_SECRET", **ENCRYPTED}
        assert "SSL" in _send(tmp_path, kafka.settings(**more)).fault


def _key(kind: int, key: Ed25519PrivateKey, secret: bool = False) -> str:
    """As NATS writes keys: a letter for what it is, in base32, with a checksum."""
    if secret:
        raw = bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + key.private_bytes_raw()
    else:
        raw = bytes([kind]) + key.public_key().public_bytes_raw()
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


OPERATOR, ACCOUNT, USER = 14 << 3, 0, 20 << 3


def _jwt(issuer: str, key: Ed25519PrivateKey, subject: str, nats: dict[str, Any]) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    claims = {"jti": secrets.token_hex(16), "iat": int(time.time()), "iss": issuer, "name": "t", "sub": subject}
    signed = f"{part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{part({**claims, 'nats': {**nats, 'version': 2}})}"
    return f"{signed}.{base64.urlsafe_b64encode(key.sign(signed.encode())).decode().rstrip('=')}"


def _credentials(folder: Path) -> tuple[str, Path]:
    """Lines for a server that knows an operator and an account, and a file of credentials of a user of it."""
    operator, account, user, system = (Ed25519PrivateKey.generate() for _ in range(4))
    kinds = ((OPERATOR, operator), (ACCOUNT, account), (USER, user), (ACCOUNT, system))
    names = [_key(kind, key) for kind, key in kinds]
    free = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1, "conn": -1, "subs": -1, "data": -1}
    free |= {"payload": -1, "imports": -1, "exports": -1, "wildcards": True, "leaf": -1}
    bare = {name: most for name, most in free.items() if not name.endswith("_storage")}
    of_operator = _jwt(names[0], operator, names[0], {"type": "operator", "system_account": names[3]})
    of_account = _jwt(names[0], operator, names[1], {"type": "account", "limits": free})
    of_system = _jwt(names[0], operator, names[3], {"type": "account", "limits": bare})
    of_user = _jwt(
        names[1], account, names[2], {"type": "user", "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1}
    )
    file = folder / "ordain.creds"
    file.write_text(
        f"-----BEGIN NATS USER JWT-----\n{of_user}\n------END NATS USER JWT------\n\n************* IMPORTANT ****\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{_key(USER, user, secret=True)}\n------END USER NKEY SEED------\n"
    )
    known = f"{{{names[1]}: {of_account}, {names[3]}: {of_system}}}"
    return f"operator: {of_operator}\nresolver: MEMORY\nresolver_preload: {known}", file


def test_a_file_of_credentials_opens_nats(tmp_path: Path) -> None:
    lines, file = _credentials(tmp_path)
    login = Credentials.read(file.read_text()).options()
    with NatsServer(tmp_path, lines, **login) as bus:
        bus.make_stream()
        assert _send(tmp_path, bus.settings(**{"secret file": file.name})).fault == ""
        _, other = _credentials(tmp_path)
        assert "NATS refuses the login" in _send(tmp_path, bus.settings(**{"secret file": other.name})).fault


def test_a_seed_that_was_cut_is_told_and_not_shown(tmp_path: Path) -> None:
    _, file = _credentials(tmp_path)
    text = file.read_text()
    seed = text.split("SEED-----\n")[1].split("\n")[0]
    for broken in (seed[:-2], seed[:20] + "A" + seed[21:] if seed[20] != "A" else seed[:20] + "B" + seed[21:], "1" * 8):
        with pytest.raises(ValueError, match="its seed is not") as caught:
            Credentials.read(text.replace(seed, broken))
        assert broken not in str(caught.value)
