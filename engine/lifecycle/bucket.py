"""Which part of the customers a subject belongs to: always the same, on every machine and under every Python."""

from __future__ import annotations

from hashlib import sha256

BUCKETS = 10_000


def percent(share: int) -> str:
    """A share, in buckets, as people write it in per cent: `5`, `0.25`."""
    whole, rest = divmod(share, BUCKETS // 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)


def bucket(label: str, subject: str) -> int:
    """From 0 to 9,999: of `label`, what is rolled out, and of the subject, and of nothing else.

    So a roll-out that is stopped and started again has the same customers, and that of another version has others. It
    is the remainder of the first 64 bits of SHA-256: no bucket is likelier than another by more than 10^-15.
    """
    digest = sha256(f"{label}\0{subject}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8]) % BUCKETS
