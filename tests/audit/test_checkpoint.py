"""A checkpoint is signed and read as C2SP's signed notes are, and whatever was changed in it is refused."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ordain.audit.limits import LIMITS
from ordain.audit.tlog.checkpoint import (
    Checkpoint,
    SigningKey,
    VerifyKey,
    open_note,
    open_text,
    sign,
    sign_text,
)
from ordain.engine.errors import CheckpointRefused, Severity

KNOWN: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "cases" / "ledger" / "signed_notes.yaml").read_text(encoding="utf-8")
)
GO = KNOWN["go"]
PETER, ENOCH = (VerifyKey.parse(GO["keys"][name]) for name in ("PeterNeumann", "EnochRoot"))
PETERS_LINE, ENOCHS_LINE = (GO["signatures"][name] for name in ("PeterNeumann", "EnochRoot"))
GO_NOTE = f"{GO['text']}\n{PETERS_LINE}"

ORIGIN = "ordain.ledger/0198c2f1-7a3e-7c11-9d2b-5f6a7b8c9d0e"
KEY = SigningKey.from_seed(ORIGIN, bytes(range(32)))
OTHER = SigningKey.from_seed(ORIGIN, bytes(range(1, 33)))
WITNESS = SigningKey.from_seed("witness.example/w1", bytes(32))
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, bytes(range(100, 132)), "2026-11-21T02:10:00Z")
NOTE = sign(CHECKPOINT, KEY)


def refusal(note: str | bytes, *keys: VerifyKey) -> str:
    with pytest.raises(CheckpointRefused) as caught:
        open_note(note, keys or [KEY.verify_key])
    return str(caught.value)


class TestPublishedVectors:
    def test_the_key_of_gos_reference_implementation_signs_the_same_bytes(self) -> None:
        key = SigningKey.from_seed("PeterNeumann", base64.b64decode(GO["seed"]))
        assert str(key.verify_key) == GO["keys"]["PeterNeumann"]
        assert sign_text(GO["text"], key) == GO_NOTE

    def test_its_keys_read_and_write_the_same_text_and_have_the_same_key_ids(self) -> None:
        assert (PETER.name, PETER.key_id.hex(), str(PETER)) == ("PeterNeumann", "c74f20a3", GO["keys"]["PeterNeumann"])
        assert (ENOCH.name, ENOCH.key_id.hex(), str(ENOCH)) == ("EnochRoot", "af0cfe78", GO["keys"]["EnochRoot"])

    def test_its_note_of_two_signatures_is_vouched_for_by_whom_one_knows(self) -> None:
        note = GO_NOTE + ENOCHS_LINE
        assert open_text(note, [PETER]) == (GO["text"], frozenset({PETER}))
        assert open_text(note, [ENOCH]) == (GO["text"], frozenset({ENOCH}))
        assert open_text(note.encode(), [ENOCH, PETER, PETER]) == (GO["text"], frozenset({PETER, ENOCH}))

    def test_what_it_calls_malformed_is_refused(self) -> None:
        text = GO["text"]
        for note in (
            text,
            f"{text}\n",
            GO_NOTE[:-1],
            f"\x01{GO_NOTE}",
            b"\xff" + GO_NOTE.encode(),
            f"{text}\n— Bad Name {PETERS_LINE.split()[-1]}\n",
            f"{GO_NOTE}Unexpected line.\n",
            f"{text}\n{PETERS_LINE * 101}",
            f"{text}\n{PETERS_LINE[:60]}ABCD{PETERS_LINE[60:]}",
        ):
            with pytest.raises(CheckpointRefused):
                open_text(note, [PETER])

    @pytest.mark.parametrize("text", GO["refused_keys"])
    def test_the_keys_it_refuses_are_refused(self, text: str) -> None:
        with pytest.raises(CheckpointRefused, match=r"is not (an Ed25519|a verifier) key"):
            VerifyKey.parse(text)

    def test_every_part_of_its_key_and_every_changed_byte_of_it_is_refused(self) -> None:
        whole = GO["keys"]["PeterNeumann"]
        parts = {whole[start:end] for start in range(len(whole)) for end in range(start, len(whole) + 1)} - {whole}
        changed = {flipped(whole.encode(), place, bit).decode("latin-1") for place, bit in bits(whole.encode())}
        for text in parts | changed:
            with pytest.raises(CheckpointRefused):
                VerifyKey.parse(text)

    def test_a_checkpoint_of_a_public_log_is_read_and_verified(self) -> None:
        rekor = KNOWN["rekor"]
        key = VerifyKey("log2025-1.rekor.sigstore.dev", base64.b64decode(rekor["public"]))
        assert key.key_id.hex() == rekor["key_id"]
        assert open_note(rekor["note"], [key]) == Checkpoint(key.name, 412_115, base64.b64decode(rekor["root"]))


def bits(data: bytes) -> list[tuple[int, int]]:
    return [(place, bit) for place in range(len(data)) for bit in range(8)]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


class TestASignedCheckpoint:
    def test_it_has_the_text_of_the_specification(self) -> None:
        origin, size, root, time, blank, line, end = NOTE.split("\n")
        assert (origin, size, time, blank, end) == (ORIGIN, "20852163", "time 2026-11-21T02:10:00Z", "", "")
        assert base64.b64decode(root) == CHECKPOINT.root
        dash, name, signature = line.split(" ")
        assert (dash, name) == ("\N{EM DASH}", ORIGIN)
        assert base64.b64decode(signature)[:4] == KEY.verify_key.key_id
        assert KEY.verify_key.verify(base64.b64decode(signature)[4:], CHECKPOINT.body.encode())

    @pytest.mark.parametrize("size", [0, 1, 9, 10, 2**63 - 1])
    @pytest.mark.parametrize("time", ["", "2024-02-29T23:59:59Z"])
    def test_it_reads_back(self, size: int, time: str) -> None:
        checkpoint = Checkpoint(ORIGIN, size, bytes(32), time)
        assert open_note(sign(checkpoint, KEY), [KEY.verify_key]) == checkpoint
        assert open_note(sign(checkpoint, KEY).encode(), [OTHER.verify_key, KEY.verify_key]) == checkpoint

    def test_any_flipped_bit_of_any_byte_is_refused(self) -> None:
        data = NOTE.encode()
        for place, bit in bits(data):
            refusal(flipped(data, place, bit))

    @pytest.mark.parametrize("replacement", [b"", b"\n", b"\r", b" ", b"\0", b"A", b"=", b"\xff", b"\xc2\xa0"])
    def test_any_byte_replaced_dropped_or_put_in_is_refused(self, replacement: bytes) -> None:
        data = NOTE.encode()
        for place in range(len(data) + 1):
            for changed in (data[:place] + replacement + data[place + 1 :], data[:place] + replacement + data[place:]):
                if changed != data:
                    refusal(changed)

    def test_any_part_of_it_is_refused(self) -> None:
        for place in range(1, len(NOTE)):
            refusal(NOTE[:place])
            refusal(NOTE[place:])

    @given(st.text(max_size=200) | st.binary(max_size=200))
    def test_anything_else_is_refused_and_nothing_breaks(self, note: str | bytes) -> None:
        refusal(note)

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_anything_signed_that_is_not_a_checkpoint_is_refused(self, first: str, more: str) -> None:
        body = f"{first}\n{more}\n"
        if not re.search("[\0-\x09\x0b-\x1f]", body):
            refusal(sign_text(body, KEY))


class TestSignatures:
    def test_a_signature_of_an_unknown_key_is_ignored(self) -> None:
        for note in (NOTE + line_of(WITNESS), before_signatures() + line_of(WITNESS) + line_of(KEY)):
            assert open_note(note, [KEY.verify_key]) == CHECKPOINT

    def test_a_key_of_the_same_name_or_of_the_same_key_id_is_another_key(self) -> None:
        assert open_note(NOTE + line_of(OTHER), [KEY.verify_key]) == CHECKPOINT
        same_id = signature_line("another.name", KEY.verify_key.key_id + bytes(64))
        assert open_note(NOTE + same_id, [KEY.verify_key]) == CHECKPOINT

    def test_a_note_that_no_known_key_signed_is_refused_and_says_who_did_and_who_is_known(self) -> None:
        said = refusal(NOTE, OTHER.verify_key)
        assert f"none of the known keys signed this (signed by `{ORIGIN}`)" in said
        assert str(OTHER.verify_key) in said
        with pytest.raises(CheckpointRefused, match="known: no key at all"):
            open_note(NOTE, [])

    def test_a_known_key_whose_signature_fails_refuses_the_note_although_another_verifies(self) -> None:
        failing = signature_line(ORIGIN, OTHER.verify_key.key_id + KEY.sign(CHECKPOINT.body.encode()))
        for note in (NOTE + failing, before_signatures() + failing + line_of(KEY)):
            assert open_note(note, [KEY.verify_key]) == CHECKPOINT
            assert "does not fit the text" in refusal(note, KEY.verify_key, OTHER.verify_key)

    @pytest.mark.parametrize("text", ["tab\there\n", "carriage return\r\n", "\x01\n", "\n"])
    def test_a_text_with_a_control_character_and_an_empty_one_are_refused_although_well_signed(self, text: str) -> None:
        note = f"{text}\n{signature_line(ORIGIN, KEY.verify_key.key_id + KEY.sign(text.encode()))}"
        with pytest.raises(CheckpointRefused, match="a signed text"):
            open_text(note, [KEY.verify_key])

    @pytest.mark.parametrize("length", [1, 63, 65])
    def test_a_signature_of_a_wrong_length_by_a_known_key_is_refused(self, length: int) -> None:
        line = signature_line(ORIGIN, KEY.verify_key.key_id + (KEY.sign(CHECKPOINT.body.encode()) + b"\0")[:length])
        assert "does not fit the text" in refusal(before_signatures() + line)

    def test_a_known_key_of_another_name_does_not_vouch_for_the_ledger(self) -> None:
        note = before_signatures() + line_of(WITNESS)
        assert f"is signed by `{WITNESS.name}` only" in refusal(note, KEY.verify_key, WITNESS.verify_key)
        assert open_note(note + line_of(KEY), [KEY.verify_key, WITNESS.verify_key]) == CHECKPOINT

    def test_a_key_signs_only_for_the_origin_it_is_named_for(self) -> None:
        with pytest.raises(CheckpointRefused, match="cannot sign for"):
            sign(CHECKPOINT, WITNESS)

    def test_a_hundred_signatures_are_read_and_one_more_is_refused(self) -> None:
        note = NOTE + line_of(WITNESS) * (LIMITS.signatures - 1)
        assert open_note(note, [KEY.verify_key]) == CHECKPOINT
        assert "at most 100 signatures, this one has 101" in refusal(note + line_of(WITNESS))

    def test_a_note_too_long_is_refused(self) -> None:
        room = LIMITS.note - len(NOTE.encode())
        long = signature_line("long.example", bytes(room // 4 * 3 - 48))
        assert len((NOTE + long).encode()) <= LIMITS.note
        assert open_note(NOTE + long, [KEY.verify_key]) == CHECKPOINT
        assert "at most 65536 bytes" in refusal(NOTE + signature_line("long.example", bytes(room)))

    def test_two_keys_that_cannot_be_told_apart_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(VerifyKey, "key_id", b"\0\0\0\0")
        assert "two known keys have the name and key id" in refusal(NOTE, KEY.verify_key, OTHER.verify_key)

    @pytest.mark.parametrize(
        "line",
        [
            "— witness.example AAAAAA==",  # a key id and no signature
            "— witness.example AAAAAAB=",  # not the canonical form
            "— witness.example AAAAAAA",  # no padding
            "— witness.example AAAA_AA=",  # the other alphabet
            "— witness.example",
            "— witness.example  AAAAAAA=",
            "— witness.example AAAAAAA= ",
            "—witness.example AAAAAAA=",
            "- witness.example AAAAAAA=",
            "— wit+ness AAAAAAA=",
            "— wit\u00a0ness AAAAAAA=",
            "— wit\u2003ness AAAAAAA=",
            "— wit\tness AAAAAAA=",
            "— wit\x01ness AAAAAAA=",
            "— " + "w" * (LIMITS.key_name + 1) + " AAAAAAA=",
            "—  AAAAAAA=",
            "",
        ],
    )
    def test_a_malformed_signature_line_refuses_the_note_even_of_an_unknown_key(self, line: str) -> None:
        assert open_note(f"{NOTE}— witness.example AAAAAAA=\n", [KEY.verify_key]) == CHECKPOINT
        refusal(f"{NOTE}{line}\n")
        refusal(f"{before_signatures()}{line}\n{line_of(KEY)}")


def before_signatures() -> str:
    return f"{CHECKPOINT.body}\n"


def signature_line(name: str, data: bytes) -> str:
    return f"— {name} {base64.b64encode(data).decode()}\n"


def line_of(key: SigningKey) -> str:
    return signature_line(key.name, key.verify_key.key_id + key.sign(CHECKPOINT.body.encode()))


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (f"{ORIGIN}\n01\n{ROOT}\n", "`01` is not a size"),
        (f"{ORIGIN}\n+1\n{ROOT}\n", "`+1` is not a size"),
        (f"{ORIGIN}\n-1\n{ROOT}\n", "`-1` is not a size"),
        (f"{ORIGIN}\n 1\n{ROOT}\n", "` 1` is not a size"),
        (f"{ORIGIN}\n1_0\n{ROOT}\n", "`1_0` is not a size"),
        (f"{ORIGIN}\n1.0\n{ROOT}\n", "`1.0` is not a size"),
        (f"{ORIGIN}\n٣\n{ROOT}\n", "is not a size"),
        (f"{ORIGIN}\n{2**63}\n{ROOT}\n", "a size goes from 0 to 2^63 - 1"),
        (f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n", "is not a size"),
        (f"{ORIGIN}\n1\n{ROOT[:-1]}\n", "is not a root"),
        (f"{ORIGIN}\n1\n{ROOT[:-2]}B=\n", "is not a root"),
        (f"{ORIGIN}\n1\n{ROOT} \n", "is not a root"),
        (f"{ORIGIN}\n1\nAAAA\n", "a root has 32 bytes, this one has 3"),
        (f"{ORIGIN}\n1\n{base64.b64encode(bytes(33)).decode()}\n", "a root has 32 bytes, this one has 33"),
        (f"{ORIGIN}\n1\n", "a checkpoint has the lines"),
        (f"{ORIGIN}\n1\n{ROOT}\n\n", "a checkpoint has the lines"),
        (f"\n1\n{ROOT}\n", "a checkpoint has the lines"),
        (f"{ORIGIN}\n\n{ROOT}\n", "a checkpoint has the lines"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime 2026-11-21T02:10:00Z\ntime 2026-11-21T02:10:00Z\n", "a checkpoint has the lines"),
        (f"{ORIGIN}\n1\n{ROOT}\nnote all is well\n", "`note all is well` is not a line of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime\n", "`time` is not a line of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime \n", "`time ` is not a line of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime 2026-11-21\n", "`2026-11-21` is not the time of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime 2026-02-29T02:10:00Z\n", "is not the time of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime 2026-11-21T02:10:00+00:00\n", "is not the time of a checkpoint"),
        (f"{ORIGIN}\n1\n{ROOT}\ntime 2026-11-21T02:10:00.0Z\n", "is not the time of a checkpoint"),
        (f"two words\n1\n{ROOT}\n", "`two words` cannot be an origin"),
        (f"{'o' * (LIMITS.key_name + 1)}\n1\n{ROOT}\n", "cannot be an origin"),
        (f"ordain.ledger/another\n1\n{ROOT}\n", "a checkpoint of `ordain.ledger/another` is signed by"),
    ],
    ids=range(29),
)
def test_a_body_out_of_form_is_refused_although_the_right_key_signed_it(body: str, says: str) -> None:
    assert says in refusal(sign_text(body, KEY))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Checkpoint("", 1, bytes(32)),
        lambda: Checkpoint("a\nb", 1, bytes(32)),
        lambda: Checkpoint("a\ud800", 1, bytes(32)),
        lambda: Checkpoint(ORIGIN, -1, bytes(32)),
        lambda: Checkpoint(ORIGIN, 2**63, bytes(32)),
        lambda: Checkpoint(ORIGIN, 1, bytes(31)),
        lambda: Checkpoint(ORIGIN, 1, bytes(32), "now"),
        lambda: Checkpoint(ORIGIN, 1, bytes(32), "2026-11-21T02:10:00Z\n"),
        lambda: VerifyKey("", bytes(32)),
        lambda: VerifyKey("a+b", bytes(32)),
        lambda: VerifyKey("a", bytes(31)),
        lambda: SigningKey.generate("a b"),
        lambda: SigningKey.from_seed("a", bytes(31)),
        lambda: sign_text("no newline", KEY),
        lambda: sign_text("\n", KEY),
        lambda: sign_text("tab\there\n", KEY),
        lambda: sign_text("half a character \ud83d\n", KEY),
        lambda: VerifyKey.parse("a\ud800+00000000+AAAA"),
        lambda: VerifyKey.parse("a+c74f20a3"),
        lambda: VerifyKey.parse(f"a+00000000+{base64.b64encode(bytes([1] * 34)).decode()}"),
        lambda: VerifyKey.parse(f"a+00000000+{base64.b64encode(bytes([1] * 33)).decode()}"),
        lambda: VerifyKey.parse(str(KEY.verify_key).replace(KEY.verify_key.key_id.hex(), "C74F20A3")),
    ],
)
def test_what_could_not_be_read_back_cannot_be_made(make: Callable[[], object]) -> None:
    with pytest.raises(CheckpointRefused):
        make()


def test_a_refusal_is_critical_and_fit_for_a_terminal() -> None:
    assert CheckpointRefused.severity is Severity.CRITICAL
    assert "\x1b" not in refusal(sign_text(f"\x9b31m\x7f\n1\n{ROOT}\n", KEY))
    assert "\x9b" not in refusal(sign_text(f"\x9b31m\x7f\n1\n{ROOT}\n", KEY))
    assert len(refusal(NOTE[:-1] + "x" * 60_000 + "\n")) < 1_000


def test_a_key_verifies_its_own_signatures_of_the_same_message_only() -> None:
    message = CHECKPOINT.body.encode()
    assert KEY.verify_key.verify(KEY.sign(message), message)
    assert not OTHER.verify_key.verify(KEY.sign(message), message)
    assert not KEY.verify_key.verify(KEY.sign(message), message + b"\n")
    assert not KEY.verify_key.verify(b"", message)


def test_a_signing_key_is_stored_as_its_seed_and_is_never_shown() -> None:
    key = SigningKey.generate(ORIGIN)
    again = SigningKey.from_seed(ORIGIN, key.seed)
    assert again.verify_key == key.verify_key == VerifyKey.parse(str(key.verify_key))
    assert again.seed == key.seed != SigningKey.generate(ORIGIN).seed
    assert key.seed.hex() not in repr(key)
    assert "Private" not in repr(key)
