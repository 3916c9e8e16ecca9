"""Who may sign with which key: an allowed_signers file as `git` and `ssh-keygen -Y verify` read it (ssh-keygen(1)).

Lines of principals, options, and a public key. Of the options `namespaces`, `valid-after` and `valid-before` count; a
line with `cert-authority` vouches for certificates, which are not read here, and so for nobody.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ordain.api.limits import LIMITS
from ordain.engine.errors import Issue, SettingsError, Span, reason_of
from ordain.engine.text.regular import bytes_of

_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?(?:,|$)')
_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/=]+)(?:\s|$)")
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class Signer:
    """One line: patterns of principals, a key in OpenSSH's form, and for what and when it counts."""

    principals: str
    key: bytes
    options: dict[str, str] = field(default_factory=dict)

    def may_sign(self, name: str, namespace: str, at: dt.datetime) -> bool:
        if "cert-authority" in self.options or not _matches(name, self.principals):
            return False
        if "namespaces" in self.options and not _matches(namespace, self.options["namespaces"]):
            return False
        after, before = self.options.get("valid-after"), self.options.get("valid-before")
        return (after is None or _time(after) <= at) and (before is None or at < _time(before))


def read_signers(file: Path) -> tuple[Signer, ...]:
    """Raises SettingsError, naming the line."""
    try:
        text = bytes_of(file, LIMITS.policy_bytes).decode()
    except (OSError, ValueError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"the file of signers `{file}` cannot be read: {why}", "see `allowed_signers`") from None
    signers = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                signers.append(_signer(line.strip()))
            except ValueError as error:
                hint = 'for example: asha@example.org namespaces="ordain" ssh-ed25519 AAAA...'
                raise SettingsError(Issue(str(error), hint, Span(file.name, number, 1, line.strip()))) from None
    return tuple(signers)


def _signer(line: str) -> Signer:
    """Raises ValueError with what is wrong."""
    principals, _, rest = line.partition(" ")
    found = _KEY.search(f" {rest}")
    if found is None:
        raise ValueError("the line has no public key")
    options: dict[str, str] = {}
    given = f" {rest}"[: found.start()].strip()
    while given:
        option = _OPTION.match(given)
        if option is None:
            raise ValueError(f"`{given}` is no option of a signer")
        options[option[1].lower()] = option[2] or ""
        given = given[option.end() :]
    for name in ("valid-after", "valid-before"):
        if name in options:
            _time(options[name])
    if strange := options.keys() - {"cert-authority", "namespaces", "valid-after", "valid-before"}:
        raise ValueError(f"`{min(strange)}` is no option of a signer")
    try:
        return Signer(principals.strip('"'), base64.b64decode(found[2], validate=True), options)
    except binascii.Error:
        raise ValueError("its public key is not base64") from None


def _matches(name: str, patterns: str) -> bool:
    """A list of patterns with `*` and `?`; one that begins with `!` takes out what it matches (ssh_config(5))."""
    listed = patterns.split(",")
    if any(each.startswith("!") and _fits(name, each[1:]) for each in listed):
        return False
    return any(not each.startswith("!") and _fits(name, each) for each in listed)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _time(text: str) -> dt.datetime:
    """20260131, with or without time of day; of this machine's time zone unless a Z follows."""
    digits = text.removesuffix("Z")
    form = _TIMES.get(len(digits))
    if form is None or not digits.isascii() or not digits.isdecimal():
        raise ValueError(f"`{text}` is no time, such as 20260131 or 202601311830Z")
    time = dt.datetime.strptime(digits, form)
    return time.replace(tzinfo=dt.UTC) if text.endswith("Z") else time.astimezone()
