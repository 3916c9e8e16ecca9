"""Timestamps: a third party's signed word that a checkpoint existed at a time (RFC 3161).

The ledger's own key could sign any history again. A timestamp authority (TSA) cannot be asked to sign for
yesterday, so a checkpoint with its reply beside it cannot have been made up later.

What a reply must satisfy is RFC 3161 section 2.4.2. A few of its bytes stand outside what the authority signed and
may change without a word: the order of its certificates, the two version numbers of CMS, the name of the
signature's algorithm (the key says which it is), and how the text of the signer's name is encoded.
Revocation lists are not asked for: whoever runs the place decides which authorities it trusts, and until when.
"""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    TimeStampTokenInfo,
    VerifierBuilder,
    decode_timestamp_response,
)

from ordain.audit.anchors.places import TIMESTAMP, FileAnchors
from ordain.audit.anchors.posting import post
from ordain.audit.limits import LIMITS
from ordain.engine.errors import AnchorUnavailable, SettingsError, TimestampRefused

_HASHES = {"2.16.840.1.101.3.4.2.1": hashlib.sha256, "2.16.840.1.101.3.4.2.3": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a timestamp authority has signed."""

    time: datetime
    """UTC."""
    serial: int
    policy: str
    """The policy's object identifier, dotted."""
    authority: str
    """The subject of the authority's certificate, in RFC 4514 form."""


class TimestampAuthority(Protocol):
    """Who says that data were there at a time, as RFC 3161 has it."""

    def stamp(self, data: bytes) -> bytes:
        """The DER bytes of a TimeStampResp for `data`. Raises TimestampRefused and AnchorUnavailable."""


class HttpTimestampAuthority:
    """An authority that is asked over HTTP (RFC 3161 section 3.4). Redirections are not followed.

    The reply's status, imprint and nonce are checked before it is given out; its signature too when there are
    `roots`: the trusted certificates, DER or PEM. `timeout_seconds` is for the connection and for each wait.

    Raises SettingsError for a URL that is not `http` or `https`, and for roots that are no certificates.
    """

    def __init__(self, url: str, timeout_seconds: float = 10.0, roots: Sequence[bytes] = ()) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https") or not urllib.parse.urlsplit(url).hostname:
            raise SettingsError(f"`{url}` is not the URL of a timestamp authority", "begin it with https:// or http://")
        self.url = url
        self.timeout_seconds = timeout_seconds
        self.roots = _certificates(roots)

    def stamp(self, data: bytes) -> bytes:
        request = TimestampRequestBuilder(data, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
        reply = self._post(request.as_bytes())
        response, info = _granted(reply)
        _fits(info, data)
        if info.nonce != request.nonce:
            raise TimestampRefused(
                f"the reply of the timestamp authority `{self.url}` carries another nonce",
                "it answers another request: a cache stands between, or someone replays old replies",
            )
        if self.roots:
            _signed(response, data, self.roots)
        return reply

    def _post(self, query: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            answer = post(self.url, query, headers, self.timeout_seconds, LIMITS.timestamp_reply)
        except OSError as error:
            raise self._unavailable(f"cannot be reached: {error}") from None
        if not 200 <= answer.status < 300:
            to = f" (redirects to `{answer.to}`)" if answer.to else ""
            raise self._unavailable(f"answers {answer.status} {answer.reason}{to}")
        if len(answer.body) > LIMITS.timestamp_reply:
            raise TimestampRefused(f"the reply of `{self.url}` is over {LIMITS.timestamp_reply} bytes", _NOT_A_REPLY)
        return answer.body

    def _unavailable(self, what: str) -> AnchorUnavailable:
        return AnchorUnavailable(
            f"the timestamp authority `{self.url}` {what}", "check its URL and the network; checkpoints go on without"
        )


class StampedAnchors(FileAnchors):
    """A folder as a place, with an authority's reply beside each checkpoint (`<stem>.tsr`, write-once).

    When the authority fails, `keep` raises AnchorUnavailable and the checkpoint is kept all the same. Keeping it
    again asks again; keeping the next one covers it too, for a checkpoint speaks of all entries before it.
    """

    def __init__(self, folder: Path, authority: TimestampAuthority) -> None:
        super().__init__(folder)
        self.authority = authority

    def keep(self, size: int, root: bytes, note: str) -> None:
        file = self._keep(size, root, note)
        reply = file.with_suffix(TIMESTAMP)
        with self._reached():
            if reply.exists():
                return
            kept = file.read_bytes()
        try:
            stamped = self.authority.stamp(kept)
        except TimestampRefused as refused:
            raise AnchorUnavailable(refused.issues) from refused
        with self._reached():
            self._write_once(reply, stamped)


def check(response: bytes, data: bytes, roots: Sequence[bytes], nonce: int | None = None) -> Stamp:
    """What the DER TimeStampResp `response` proves about `data`.

    `roots` are the trusted certificates, DER or PEM (several in one are fine); a chain must have been valid at the
    time of the stamp. `nonce`, when the request is still known, must be the reply's.

    Raises TimestampRefused when the reply is none, was not granted, is for other data or another nonce, is not
    signed, not by a certificate for timestamps, or not under one of the roots; SettingsError for roots that are none.
    """
    trusted = _certificates(roots)
    if not trusted:
        raise SettingsError("no root certificate to trust", "name the certificate of the timestamp authority's root")
    decoded, info = _granted(response)
    _fits(info, data)
    if nonce is not None and info.nonce != nonce:
        raise TimestampRefused("the timestamp carries another nonce", "it answers another request")
    signer = _signed(decoded, data, trusted)
    try:
        return Stamp(
            info.gen_time.astimezone(UTC),
            info.serial_number,
            info.policy.dotted_string,
            signer.subject.rfc4514_string(),
        )
    except ValueError as error:
        raise TimestampRefused(f"the timestamp cannot be read: {error}", _NOT_A_REPLY) from None


_NOT_A_REPLY = "check that the URL is that of an RFC 3161 timestamp authority, and that nothing between changes replies"
_OTHER_DATA = "it belongs to another checkpoint, or the checkpoint was changed after it was stamped"


def _granted(reply: bytes) -> tuple[TimeStampResponse, TimeStampTokenInfo]:
    if len(reply) > LIMITS.timestamp_reply:
        raise TimestampRefused(f"the timestamp is over {LIMITS.timestamp_reply} bytes", _NOT_A_REPLY)
    try:
        response = decode_timestamp_response(_in_der_order(reply))
        status, words = response.status, "; ".join(response.status_string)
    except ValueError:
        raise TimestampRefused("this is not a timestamp authority's reply", _NOT_A_REPLY) from None
    if status != PKIStatus.GRANTED:
        name = PKIStatus(status).name.lower().replace("_", " ") if status in set(PKIStatus) else f"status {status}"
        raise TimestampRefused(
            f"the timestamp authority did not grant the request ({name}){': ' + words if words else ''}",
            "ask whoever runs the authority; the checkpoint can be stamped later",
        )
    try:
        return response, response.tst_info
    except ValueError:
        raise TimestampRefused("the reply holds no timestamp", _NOT_A_REPLY) from None


def _fits(info: TimeStampTokenInfo, data: bytes) -> None:
    """Refuses a timestamp whose imprint is not that of `data`."""
    try:
        algorithm, imprint = info.message_imprint.hash_algorithm.dotted_string, info.message_imprint.message
    except ValueError:
        raise TimestampRefused("the timestamp names no data", _NOT_A_REPLY) from None
    if algorithm not in _HASHES:
        raise TimestampRefused(f"the timestamp uses the hash `{algorithm}`", "SHA-256 and SHA-512 are accepted")
    if _HASHES[algorithm](data).digest() != imprint:
        raise TimestampRefused("the timestamp is for other data", _OTHER_DATA)


def _signed(response: TimeStampResponse, data: bytes, roots: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate that signed, once the signature, its chain and its purpose are verified."""
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        signer = _signer(response)
        builder.build().verify_message(response, data)
    except Exception as error:  # the parsers below raise many kinds on a stranger's bytes, and each means no
        raise TimestampRefused(
            f"the timestamp is not signed by a trusted authority: {str(error).partition('ErrorStack')[0].rstrip(': ')}",
            "check that the root certificate is that of this authority; else the reply is damaged or forged",
        ) from None
    return signer


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The one certificate the signature names. Two of one name and number could be taken one for the other."""
    (signature,) = response.signed_data.signer_infos
    named = [
        certificate
        for certificate in map(x509.load_der_x509_certificate, response.signed_data.certificates)
        if (certificate.issuer, certificate.serial_number) == (signature.issuer, signature.serial_number)
    ]
    if len(named) != 1:
        raise ValueError(f"{len(named)} certificates carry the signer's name and number")
    return named[0]


def _certificates(roots: Sequence[bytes]) -> list[x509.Certificate]:
    certificates: list[x509.Certificate] = []
    for root in roots:
        try:
            pem = b"-----BEGIN" in root
            loaded = x509.load_pem_x509_certificates(root) if pem else [x509.load_der_x509_certificate(root)]
        except ValueError:
            raise SettingsError(
                "a root certificate for timestamps cannot be read", "give an X.509 certificate, PEM or DER"
            ) from None
        certificates += [certificate for certificate in loaded if certificate not in certificates]
    return certificates


def _in_der_order(reply: bytes) -> bytes:
    """The same reply with its certificates in the order DER demands (X.690 section 11.6), which OpenSSL does not keep.

    They stand outside what is signed. A reply that is not built as expected is returned as it is.
    """
    try:
        (response,) = _parts(reply, 0, len(reply))
        token = list(_parts(reply, *response[1:]))[1]
        content = list(_parts(reply, *token[1:]))[1]
        (signed_data,) = _parts(reply, *content[1:])
        held = list(_parts(reply, *signed_data[1:]))[3]
        parts = list(_parts(reply, *held[1:])) if reply[held[0]] == 0xA0 else []
    except (ValueError, IndexError):
        return reply
    if not parts:
        return reply
    ordered = b"".join(sorted(reply[start:end] for start, _, end in parts))
    return reply[: held[1]] + ordered + reply[held[2] :]


def _parts(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The DER values that fill `data[begin:end]`: where each starts, where its content starts, where it ends."""
    while begin < end:
        length, content = data[begin + 1], begin + 2
        if length >= 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[begin + 2 : content])
        if content + length > end:
            raise ValueError("a value goes over its end")
        yield begin, content, content + length
        begin = content + length
