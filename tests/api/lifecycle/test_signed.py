"""Approvals signed with SSH keys: what counts, what does not, and that OpenSSH alone can check them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA512, Hash
from fees import ASHA, BELA, CHEN, settings_of, steps_in, write
from hypothesis import given
from hypothesis import strategies as st
from served import ordain_here

from ordain.api.lifecycle.ssh_signature import Unsigned, read_signature
from ordain.api.settings import Settings
from ordain.engine.errors import SettingsError, StepRefused

Key = Ed25519PrivateKey | rsa.RSAPrivateKey
HAS_OPENSSH = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not on this machine")
KEYS = {"ed25519": Ed25519PrivateKey.generate(), "rsa": rsa.generate_private_key(65537, 2048)}


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def public_line(key: Key) -> str:
    form = serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode()


def signed(key: Key, message: bytes, namespace: bytes = b"ordain") -> str:
    """As `ssh-keygen -Y sign` does it."""
    hasher = Hash(SHA512())
    hasher.update(message)
    head = string(namespace) + string(b"") + string(b"sha512")
    data = b"SSHSIG" + head + string(hasher.finalize())
    if isinstance(key, Ed25519PrivateKey):
        made = string(b"ssh-ed25519") + string(key.sign(data))
    else:
        made = string(b"rsa-sha2-512") + string(key.sign(data, padding.PKCS1v15(), SHA512()))
    blob = b"SSHSIG" + (1).to_bytes(4) + string(base64.b64decode(public_line(key).split()[1])) + head + string(made)
    lines = base64.encodebytes(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Version 1 is submitted, and bela and dina may sign."""
    write(tmp_path, 1)
    lines = [f'bela namespaces="ordain" {public_line(KEYS["ed25519"])} bela@tests', f"dina {public_line(KEYS['rsa'])}"]
    (tmp_path / "signers").write_text("# who may sign\n\n" + "\n".join(lines) + "\n")
    made = settings_of(tmp_path, approvals="signed", allowed_signers=tmp_path / "signers")
    with steps_in(made) as steps:
        steps.submit("fees@1", ASHA)
    return made


@pytest.mark.parametrize(("kind", "who"), [("ed25519", "bela"), ("rsa", "dina")])
def test_an_approval_signed_by_who_may_sign_counts_and_keeps_its_signature(
    settings: Settings, kind: str, who: str
) -> None:
    with steps_in(settings) as steps:
        message = steps.message("fees@1")
        submitted = steps.life.life("fees").submission(1)
        assert submitted is not None
        assert message == f"fees@1 {submitted.text.digest}\napproves {submitted.id}\n".encode()
        signature = signed(KEYS[kind], message)
        made = steps.approve("fees@1", BELA._replace(name=who), signature=signature)
        assert made.signature == signature
        steps.activate("fees@1", CHEN)


def test_what_is_not_signed_as_it_should_be_is_refused(settings: Settings) -> None:
    with steps_in(settings) as steps:
        message, bela = steps.message("fees@1"), KEYS["ed25519"]
        wrong = {
            "has to be signed": "",
            "it is no SSH signature": "bela was here",
            "it is a signature of something else": signed(bela, message.replace(b"fees@1", b"fees@2")),
            "it was made for `git`, and not for `ordain`": signed(bela, message, b"git"),
            "its key is none with which bela may sign now": signed(KEYS["rsa"], message),
        }
        for why, signature in wrong.items():
            with pytest.raises(StepRefused, match=why):
                steps.approve("fees@1", BELA, signature=signature)
        assert not steps.signed("fees@1")


def test_a_signature_approves_once_and_never_the_way_back(settings: Settings, tmp_path: Path) -> None:
    bela = KEYS["ed25519"]
    with steps_in(settings) as steps:
        first = signed(bela, steps.message("fees@1"))
        steps.approve("fees@1", BELA, signature=first)
        steps.activate("fees@1", CHEN)
    write(tmp_path, 2)
    with steps_in(settings) as steps:
        steps.submit("fees@2", ASHA)
        steps.approve("fees@2", BELA, signature=signed(bela, steps.message("fees@2")))
        steps.activate("fees@2", CHEN)
        with pytest.raises(StepRefused, match="a signature of something else"):
            steps.approve("fees@1", BELA, signature=first)
        steps.approve("fees@1", BELA, signature=signed(bela, steps.message("fees@1")))
        steps.roll_back("fees", 1, BELA._replace(name="dina"), "fees were too high")


def test_one_key_is_one_person_by_however_many_names(settings: Settings) -> None:
    assert settings.allowed_signers is not None
    line = public_line(KEYS["ed25519"])
    settings.allowed_signers.write_text(f"bela,bela@example.org {line}\nasha2,asha {public_line(KEYS['rsa'])}\n")
    with steps_in(settings) as steps:
        signature = signed(KEYS["ed25519"], steps.message("fees@1"))
        steps.approve("fees@1", BELA, signature=signature)
        with pytest.raises(StepRefused, match="its key is also that of bela, who approved `fees@1`"):
            steps.approve("fees@1", BELA._replace(name="bela@example.org"), signature=signature)
        other = signed(KEYS["rsa"], steps.message("fees@1"))
        with pytest.raises(StepRefused, match="its key is also that of asha, who submitted `fees@1`"):
            steps.approve("fees@1", BELA._replace(name="asha2"), signature=other)


@pytest.mark.parametrize("options", ['valid-before="20200101"', 'namespaces="git,file"', "cert-authority"])
def test_options_of_a_signer_are_kept_to(settings: Settings, options: str) -> None:
    assert settings.allowed_signers is not None
    settings.allowed_signers.write_text(f"bela {options} {public_line(KEYS['ed25519'])}\n")
    with steps_in(settings) as steps, pytest.raises(StepRefused, match="none with which bela may sign now"):
        steps.approve("fees@1", BELA, signature=signed(KEYS["ed25519"], steps.message("fees@1")))


def test_a_line_of_signers_that_cannot_be_read_is_named(settings: Settings) -> None:
    assert settings.allowed_signers is not None
    settings.allowed_signers.write_text("bela nothing\n")
    with pytest.raises(SettingsError, match="the line has no public key") as caught, steps_in(settings):
        pass
    assert str(caught.value.issues[0].span) == "signers:1:1"


@given(st.data())
def test_a_signature_that_was_damaged_anywhere_does_not_count(data: st.DataObject) -> None:
    text = signed(KEYS["ed25519"], b"a message\n")
    read_signature(text).check(b"a message\n")
    blob = bytearray(base64.b64decode("".join(text.splitlines()[1:-1])))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = base64.encodebytes(bytes(blob)).decode()
    try:
        found = read_signature(f"-----BEGIN SSH SIGNATURE-----\n{damaged}-----END SSH SIGNATURE-----\n")
        found.check(b"a message\n")
    except Unsigned:
        return
    raise AssertionError("it counted")


@HAS_OPENSSH
def test_openssh_signs_what_is_approved_and_checks_what_is_on_record(tmp_path: Path) -> None:
    write(tmp_path, 1)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], check=True, cwd=tmp_path)
    (tmp_path / "signers").write_text(f"bela {(tmp_path / 'key.pub').read_text()}")
    more = {
        "ORDAIN_POLICIES": str(tmp_path / "policies"),
        "ORDAIN_APPROVALS": "signed",
        "ORDAIN_ALLOWED_SIGNERS": str(tmp_path / "signers"),
    }

    def policy(*arguments: str) -> str:
        done = ordain_here(tmp_path, "policy", *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    policy("submit", "fees@1", "--as", "asha")
    (tmp_path / "message").write_text(policy("message", "fees@1"))
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "ordain", "-f", "key", "message"]
    subprocess.run(sign, check=True, cwd=tmp_path, capture_output=True)
    policy("approve", "fees@1", "--as", "bela", "--signature", "message.sig")
    (told,) = json.loads(policy("signature", "fees@1", "--into", "evidence", "--json"))
    checked = subprocess.run(told["command"], shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S602
    assert checked.returncode == 0, checked.stderr
    assert 'Good "ordain" signature for bela' in checked.stdout
    (tmp_path / told["message"]).write_text("fees@1 sha256:another\n")
    again = subprocess.run(told["command"], shell=True, cwd=tmp_path, capture_output=True, check=False)  # noqa: S602
    assert again.returncode != 0
