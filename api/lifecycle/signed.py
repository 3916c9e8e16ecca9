"""What an approval signs, and whether a signature is one of it by somebody who may."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from ordain.api.lifecycle.allowed_signers import read_signers
from ordain.api.lifecycle.ssh_signature import Unsigned, read_signature
from ordain.api.settings import Settings
from ordain.engine.errors import SettingsError, StepRefused
from ordain.engine.lifecycle.change import Change, Step, Text

NAMESPACE = "ordain"
"""What the signature is for (`ssh-keygen -Y sign -n`), so that none that was made for something else counts."""


def message_of(texts: Iterable[Text], of: str) -> bytes:
    """A line for the version, and one for each part that it uses: name, version and digest; then the entry `of` which
    it is an approval, so that no signature approves the same text a second time, or its way back."""
    return "".join([*(f"{text.label} {text.digest}\n" for text in texts), f"approves {of}\n"]).encode()


def verifying(settings: Settings) -> Callable[[str, bytes, str, dt.datetime, Sequence[Change]], None] | None:
    """What checks a signature, if approvals are signed. Raises SettingsError."""
    if settings.approvals != "signed":
        return None
    if settings.allowed_signers is None:
        raise SettingsError("`approvals: signed` needs to know who may sign", "name a file in `allowed_signers`")
    signers = read_signers(settings.allowed_signers)

    def verify(text: str, message: bytes, name: str, at: dt.datetime, before: Sequence[Change]) -> None:
        try:
            signature = read_signature(text)
            if signature.namespace != NAMESPACE:
                raise Unsigned(f"it was made for `{signature.namespace[:40]}`, and not for `{NAMESPACE}`")
            signature.check(message)
        except Unsigned as error:
            raise StepRefused(f"the signature does not count: {error}", _HINT) from None
        if not any(each.key == signature.key and each.may_sign(name, NAMESPACE, at) for each in signers):
            raise StepRefused(
                f"the signature does not count: its key is none with which {name} may sign now",
                "who may sign with which key stands in the file `allowed_signers`",
            )
        own = [each for each in signers if each.key == signature.key]
        for step in before:  # one key is one person, by however many names
            signed_it = bool(step.signature) and read_signature(step.signature).key == signature.key
            if signed_it or any(each.may_sign(step.who, NAMESPACE, at) for each in own):
                done = "approved" if step.step is Step.APPROVAL else "submitted"
                raise StepRefused(
                    f"the signature does not count: its key is also that of {step.who}, who {done} `{step.text.label}`",
                    "somebody else approves it, with a key of their own",
                )

    return verify


_HINT = "sign what `ordain policy message NAME@N` prints: ssh-keygen -Y sign -n ordain -f KEY FILE"
