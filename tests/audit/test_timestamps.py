"""Timestamps of a real authority (`openssl ts`), and everything that can be wrong with a reply."""

import base64
import shutil
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from anchor_worker import ORIGIN, note
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response
from timestamp_authority import Authority, field, granted, served, with_certificate

from ordain.audit.anchors.places import TIMESTAMP
from ordain.audit.anchors.timestamps import HttpTimestampAuthority, Stamp, StampedAnchors, check
from ordain.audit.limits import LIMITS
from ordain.engine.errors import AnchorUnavailable, SettingsError, TimestampRefused

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: no authority to ask")

DATA = b"ordain.ledger/1\n7\nroot\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "stranger")


@pytest.fixture(scope="module")
def reply(authority: Authority) -> bytes:
    return authority.reply(query(DATA))


def query(data: bytes, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
    return TimestampRequestBuilder(data, algorithm).build().as_bytes()


def refused(response: bytes, data: bytes, *roots: bytes, nonce: int | None = None) -> str:
    with pytest.raises(TimestampRefused) as caught:
        check(response, data, roots, nonce)
    assert caught.value.issues[0].hint
    return caught.value.message


def ask(answer: Callable[[bytes], bytes], *roots: bytes, status: int = 200, location: str = "") -> bytes:
    with served(answer, status, location) as url:
        return HttpTimestampAuthority(url, timeout_seconds=10, roots=roots).stamp(DATA)


def test_a_stamp_over_http_verifies_and_says_when_and_by_whom(authority: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    stamp = check(ask(authority.reply, authority.root), DATA, [authority.root])
    assert before <= stamp.time <= datetime.now(UTC)
    assert (stamp.policy, stamp.authority) == ("1.2.3.4.1", "CN=tsa,O=Test")
    assert stamp.serial > 1


def test_openssl_agrees_that_the_kept_reply_verifies(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(ask(authority.reply))
    (tmp_path / "data").write_bytes(DATA)
    where = ("-in", str(tmp_path / "reply"), "-data", str(tmp_path / "data"))
    authority.openssl("ts", "-verify", *where, "-CAfile", "root.pem")


def test_sha_512_and_a_der_root_are_accepted(authority: Authority) -> None:
    stamped = authority.reply(query(DATA, HashAlgorithm.SHA512))
    der = base64.b64decode(b"".join(authority.root.splitlines()[1:-1]))
    assert check(stamped, DATA, [der]) == check(stamped, DATA, [authority.root])


@pytest.mark.parametrize("turned", [False, True])
def test_certificates_in_any_order_are_accepted(authority: Authority, turned: bool) -> None:
    """DER asks for one order, OpenSSL writes the order of its settings; both orders are out there."""
    stamped = authority.reply(query(DATA), with_root=True)
    if turned:
        first, second = (
            base64.b64decode(b"".join((authority.folder / name).read_bytes().splitlines()[1:-1]))
            for name in ("tsa.pem", "root.pem")
        )
        both = first + second if first + second in stamped else second + first
        assert both in stamped
        stamped = stamped.replace(both, second + first if both == first + second else first + second)
    assert check(stamped, DATA, [authority.root]).authority == "CN=tsa,O=Test"


def test_a_stamp_for_other_data_is_refused(reply: bytes, authority: Authority) -> None:
    assert refused(reply, DATA + b"!", authority.root) == "the timestamp is for other data"
    with pytest.raises(TimestampRefused, match="the timestamp is for other data"):
        ask(lambda _: authority.reply(query(b"other")))


def test_a_reply_to_another_request_is_refused(reply: bytes, authority: Authority) -> None:
    with pytest.raises(TimestampRefused, match="another nonce"):
        ask(lambda _: reply)
    nonce = decode_timestamp_response(reply).tst_info.nonce
    assert isinstance(check(reply, DATA, [authority.root], nonce), Stamp)
    assert "another nonce" in refused(reply, DATA, authority.root, nonce=nonce + 1)


def test_a_reply_without_a_nonce_is_refused_when_it_comes(authority: Authority) -> None:
    bare = TimestampRequestBuilder(DATA, HashAlgorithm.SHA256, nonce=False).build().as_bytes()
    with pytest.raises(TimestampRefused, match="another nonce"):
        ask(lambda _: authority.reply(bare))


def test_an_authority_under_another_root_is_refused(reply: bytes, authority: Authority, stranger: Authority) -> None:
    assert "not signed by a trusted authority" in refused(reply, DATA, stranger.root)
    assert check(reply, DATA, [stranger.root, authority.root])
    with pytest.raises(TimestampRefused, match="not signed by a trusted authority"):
        ask(authority.reply, stranger.root)


def test_a_certificate_that_is_not_for_timestamps_is_refused(reply: bytes, authority: Authority) -> None:
    assert check(authority.forged(reply, "tsa"), DATA, [authority.root])  # the forging itself is sound
    assert "not signed by a trusted authority" in refused(authority.forged(reply, "web"), DATA, authority.root)


def test_a_second_certificate_of_the_signers_name_and_number_is_refused(reply: bytes, authority: Authority) -> None:
    """A certificate for something else must not pass by one laid beside it that says `timeStamping`."""
    web = x509.load_pem_x509_certificate((authority.folder / "web.pem").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    twin = (
        x509.CertificateBuilder(web.issuer, web.subject, key.public_key(), web.serial_number)
        .not_valid_before(web.not_valid_before_utc)
        .not_valid_after(web.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, SHA256())
        .public_bytes(Encoding.DER)
    )
    forged = with_certificate(authority.forged(reply, "web"), twin)
    assert "2 certificates carry the signer's name and number" in refused(forged, DATA, authority.root)


def test_a_refusal_of_the_authority_is_told_with_its_words(authority: Authority) -> None:
    with pytest.raises(TimestampRefused) as caught:
        ask(lambda asked: authority.reply(asked, digests="sha512"))
    assert "did not grant the request (rejection): Message digest algorithm is not supported." in caught.value.message


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5, 6, 99])
def test_any_status_but_granted_is_refused(reply: bytes, authority: Authority, status: int) -> None:
    changed = bytearray(reply)
    assert changed[4:9] == b"\x30\x03\x02\x01\x00"
    changed[8] = status
    assert "did not grant" in refused(bytes(changed), DATA, authority.root)


def test_every_flipped_byte_is_refused_or_changes_nothing_that_was_signed(reply: bytes, authority: Authority) -> None:
    """What may change unnoticed stands outside the signature, and the stamp read from it is the same stamp.

    It is: the two version numbers of CMS, the name of the signature's algorithm (the key says which it is), and
    how the text of the signer's name is encoded (RFC 5652 sections 5.1 and 5.3).
    """
    honest = check(reply, DATA, [authority.root])
    signed_data, signer = [1, 1, 0], [1, 1, 0, 4, 0]
    free = {place for path in ([*signed_data, 0], [*signer, 0], [*signer, 4]) for place in field(reply, path)}
    encodings = set(field(reply, [*signer, 1]))
    for place in range(len(reply)):
        for bit in (0x01, 0x02, 0x80):
            changed = bytearray(reply)
            changed[place] ^= bit
            try:
                assert check(bytes(changed), DATA, [authority.root]) == honest
            except TimestampRefused:
                continue
            assert place in free or (place in encodings and reply[place] in (0x0C, 0x13)), place


def test_a_reply_cut_anywhere_is_refused(reply: bytes, authority: Authority) -> None:
    for end in [*range(0, len(reply), 7), len(reply) - 1]:
        refused(reply[:end], DATA, authority.root)
    refused(reply + b"\0", DATA, authority.root)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(granted)))
def test_garbage_is_refused(authority: Authority, garbage: bytes) -> None:
    refused(garbage, DATA, authority.root)


def test_an_oversized_reply_is_refused(authority: Authority) -> None:
    with pytest.raises(TimestampRefused, match="over 65536 bytes"):
        ask(lambda _: b"\x30" * (LIMITS.timestamp_reply + 1))
    assert "over 65536 bytes" in refused(bytes(LIMITS.timestamp_reply + 1), DATA, authority.root)


@pytest.mark.parametrize(
    ("status", "location", "says"),
    [
        (500, "", "answers 500 Internal Server Error"),
        (404, "", "answers 404 Not Found"),
        (302, "http://127.0.0.1:1/", "redirects to `http://127.0.0.1:1/`"),
        (302, "file:///etc/hostname", "redirects to `file:///etc/hostname`"),
    ],
)
def test_any_answer_but_200_is_the_authority_failing(status: int, location: str, says: str) -> None:
    with pytest.raises(AnchorUnavailable) as caught:
        ask(lambda _: b"", status=status, location=location)
    assert says in caught.value.message


def test_an_authority_that_is_down_or_silent_or_no_server_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(AnchorUnavailable, match="timed out") as caught:
            HttpTimestampAuthority(url, timeout_seconds=0.1).stamp(DATA)
        assert url in caught.value.message
    with pytest.raises(AnchorUnavailable, match="cannot be reached"):
        HttpTimestampAuthority(f"http://127.0.0.1:{free_port()}/", timeout_seconds=1).stamp(DATA)


def test_a_reply_that_drips_for_ever_is_given_up() -> None:
    """Each byte comes within the timeout; the whole does not."""

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            while True:
                connection.sendall(b"0")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        with pytest.raises(AnchorUnavailable, match="the reply does not end"):
            HttpTimestampAuthority(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout_seconds=0.3).stamp(DATA)
        dripping.join()


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://tsa.example/", "tsa.example", "http://", ""])
def test_only_http_urls_are_taken(url: str) -> None:
    with pytest.raises(SettingsError, match="not the URL of a timestamp authority"):
        HttpTimestampAuthority(url)


def test_roots_that_are_none_are_the_installations_fault(reply: bytes) -> None:
    for roots in ([], [b"no certificate"], [b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]):
        with pytest.raises(SettingsError, match="root certificate"):
            check(reply, DATA, roots)


def stamped_place(folder: Path, url: str) -> StampedAnchors:
    place = StampedAnchors(folder / "place", HttpTimestampAuthority(url, timeout_seconds=10))
    place.pin(ORIGIN, "key")
    return place


def test_a_kept_checkpoint_is_stamped_beside_its_file(authority: Authority, tmp_path: Path) -> None:
    asked: list[bytes] = []
    with served(lambda query: asked.append(query) or authority.reply(query)) as url:
        place = stamped_place(tmp_path, url)
        place.keep(7, bytes(32), note(7, bytes(32)))
        newest = place.newest()
        assert newest
        reply = place.beside(newest, TIMESTAMP)
        assert reply
        assert check(reply, newest.note.encode(), [authority.root])
        place.keep(7, bytes(32), note(7, bytes(32), "signed again"))
        assert place.beside(newest, TIMESTAMP) == reply
        assert len(asked) == 1
    (file,) = (tmp_path / "place").rglob("*.tsr")
    assert file.with_suffix(".checkpoint").is_file()
    assert file.stat().st_mode & 0o777 == 0o444


def test_when_the_authority_fails_the_checkpoint_is_kept_and_the_next_is_stamped(
    authority: Authority, tmp_path: Path
) -> None:
    with served(lambda asked: authority.reply(asked, digests="sha512")) as url:
        place = stamped_place(tmp_path, url)
        with pytest.raises(AnchorUnavailable, match="did not grant"):
            place.keep(1, bytes(32), note(1, bytes(32)))
    with pytest.raises(AnchorUnavailable, match="cannot be reached"):
        place.keep(2, bytes(32), note(2, bytes(32)))
    with served(authority.reply) as url:
        place = stamped_place(tmp_path, url)
        place.keep(3, bytes(32), note(3, bytes(32)))
        assert [(kept.size, place.beside(kept, TIMESTAMP) is not None) for kept in place.all()] == [
            (1, False),
            (2, False),
            (3, True),
        ]
        place.keep(2, bytes(32), note(2, bytes(32), "signed again"))
    older = next(kept for kept in place.all() if kept.size == 2)
    assert older.note == note(2, bytes(32))
    assert check(place.beside(older, TIMESTAMP) or b"", older.note.encode(), [authority.root])
