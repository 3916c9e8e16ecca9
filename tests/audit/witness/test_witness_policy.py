"""A policy of witnesses is read as https://c2sp.org/tlog-policy says, and what is wrong is told with its line."""

from __future__ import annotations

import base64
import hashlib
from itertools import combinations

import pytest

from ordain.audit.tlog.checkpoint import Checkpoint, SigningKey, sign
from ordain.audit.verifier.notes import read_note
from ordain.audit.verifier.witness_policy import read_policy
from ordain.audit.witness.cosigner import witness_key
from ordain.engine.errors import CheckpointRefused, SettingsError

LOG = SigningKey.from_seed("log.example/a", bytes(32))
X1, X2, X3, Y1, Y2 = (witness_key(f"w.example/{number}", bytes([number]) * 32).text for number in range(1, 6))

POLICY = f"""# two of the first three, and one of the others

log {LOG.verify_key} https://log.example/
witness X1 {X1} https://x1.example/
\twitness\tX2   {X2}
witness X3 {X3}
witness Y1 {Y1}
witness Y2 {Y2}
group X 2 X1 X2 X3
group Y any Y1 Y2
group X-and-Y all X Y
quorum X-and-Y
"""


def test_a_policy_names_logs_and_witnesses_with_their_addresses() -> None:
    policy = read_policy(POLICY.encode(), "policy")
    assert [key.text for key in policy.logs] == [str(LOG.verify_key)]
    assert [(each.name, each.url) for each in policy.witnesses][:2] == [("X1", "https://x1.example"), ("X2", "")]


def test_a_quorum_is_what_its_groups_say() -> None:
    policy = read_policy(POLICY.encode(), "policy")
    everybody = ("X1", "X2", "X3", "Y1", "Y2")
    for count in range(6):
        for some in combinations(everybody, count):
            wanted = sum(name.startswith("X") for name in some) >= 2 and any(name.startswith("Y") for name in some)
            assert policy.enough(some) is wanted


def test_without_a_quorum_nothing_is_asked_for() -> None:
    policy = read_policy(b"quorum none\n", "policy")
    assert policy.enough([])
    assert policy.require(read_note(sign(Checkpoint(LOG.name, 1, bytes(32)), LOG))) == {}


def test_a_checkpoint_that_nobody_cosigned_is_refused() -> None:
    policy = read_policy(f"witness X1 {X1}\nquorum X1\n".encode(), "policy")
    with pytest.raises(CheckpointRefused, match="no witness of the policy"):
        policy.require(read_note(sign(Checkpoint(LOG.name, 1, bytes(32)), LOG)))


def mldsa() -> str:
    raw = b"\x06" + bytes(1312)
    return f"w+{hashlib.sha256(b'w' + bytes([10]) + raw).digest()[:4].hex()}+{base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no quorum"),
        (f"witness X1 {X1}\n", "names no quorum"),
        ("quorum none\nquorum none\n", "line 2: it names a second quorum"),
        ("quorum X1\n", "line 1: `X1` is no witness or group of a line above"),
        (f"witness X1 {X1}\nwitness X1 {X2}\nquorum X1\n", "line 2: the name `X1` is taken"),
        (f"witness none {X1}\nquorum none\n", "line 1: the name `none` is taken"),
        (f"witness X1 {X1}\nwitness X2 {X1}\nquorum X1\n", "line 2: a witness of the same key stands above"),
        (f"log {LOG.verify_key}\nlog {LOG.verify_key}\nquorum none\n", "line 2: a log of the same key stands above"),
        (f"log {X1}\nquorum none\n", "line 1: that is not the text of an Ed25519 key"),
        (f"witness X1 {LOG.verify_key}\nquorum X1\n", "line 1: `log.example/a` is not the key of a witness"),
        (f"witness X1 {X1[:-4]}AAA=\nquorum X1\n", "line 1: the key's id does not fit the key"),
        (f"witness X1 {mldsa()}\nquorum X1\n", "line 1: `w` is not the key of a witness that signs with Ed25519"),
        (f"witness X1 {X1} ftp://x1.example/\nquorum X1\n", "line 1: `ftp://x1.example/` is not the address"),
        (f"witness X1 {X1}\ngroup G 2 X1\nquorum G\n", "line 2: `2` of 1 members"),
        (f"witness X1 {X1}\ngroup G 0 X1\nquorum G\n", "line 2: `0` of 1 members"),
        (f"witness X1 {X1}\ngroup G 01 X1\nquorum G\n", "line 2: `01` of 1 members"),
        (f"witness X1 {X1}\ngroup G any X1 X1\nquorum G\n", "line 2: `X1` is a member already"),
        (f"witness X1 {X1}\ngroup G any X1\ngroup H any X1\nquorum H\n", "line 3: `X1` is a member already"),
        (f"witness X1 {X1}\ngroup G any\nquorum X1\n", "line 2: `group` without its members"),
        ("log\nquorum none\n", "line 1: `log` without the key of the log"),
        ("witness\nquorum none\n", "line 1: `witness` without its name and its key"),
        ("witness X1\nquorum none\n", "line 1: `witness` without its key"),
        ("quorum\n", "line 1: `quorum` without the name of a witness or group"),
        ("quorum none X1\n", "line 1: `none X1` is more than `quorum` takes"),
        ("witnes X1\nquorum none\n", "line 1: `witnes X1` is not a line of a policy"),
        ("quorum none\r\n", "line 1: it has a control character"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_policy(text.encode(), "policy")
    assert said in caught.value.message
    assert caught.value.issues[0].hint


def test_groups_within_groups_have_an_end() -> None:
    groups = [f"group G{number + 1} any G{number}" for number in range(300)]
    lines = [f"witness X1 {X1}", "group G0 any X1", *groups, "quorum G300", ""]
    with pytest.raises(SettingsError, match="more than the 200 groups"):
        read_policy("\n".join(lines).encode(), "policy")
