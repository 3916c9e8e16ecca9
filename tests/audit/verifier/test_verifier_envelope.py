"""Canonical form is told as `rfc8785` tells it, and an envelope has one shape."""

import json
from functools import cache
from typing import Any

import pytest
import rfc8785
from forge import Forge
from hypothesis import example, given
from hypothesis import strategies as st

from ordain.audit.verifier.envelope import (
    KEYS,
    LARGEST_INT,
    Malformed,
    check_integers,
    check_shape,
    read_canonical,
    read_plan,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INT, LARGEST_INT) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
@example({"\ue000": 1, "\U00010000": 2})
def test_what_rfc8785_writes_is_read_and_is_the_same(value: dict[str, Any]) -> None:
    assert read_canonical(rfc8785.dumps(value)) == value


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=5), st.randoms(), st.booleans(), st.booleans())
@example({"\ue000": 1, "\U00010000": 2}, None, False, False)
def test_another_way_to_write_the_same_is_refused(value: dict[str, Any], random: Any, ascii: bool, wide: bool) -> None:
    keys = list(value)
    if random is not None:
        random.shuffle(keys)
    separators = (", ", ": ") if wide else (",", ":")
    text = json.dumps({key: value[key] for key in keys}, ensure_ascii=ascii, separators=separators).encode()
    if text == rfc8785.dumps(value):
        assert read_canonical(text) == value
    else:
        with pytest.raises(Malformed):
            read_canonical(text)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1} ',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\x01"}',
        b'{"a":"\\u000A"}',
        b'{"a":"\xff"}',
        '{"a":1}'.encode("utf-16"),
        b"[]",
        b"",
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_canonical(data)


@pytest.mark.parametrize("data", [None, 5, 1.5, "text", '{"a":1}'])
def test_what_is_not_stored_as_bytes_is_refused(data: object) -> None:
    with pytest.raises(Malformed, match="not stored as bytes"):
        read_canonical(data)


def test_an_integer_that_a_float_cannot_hold_is_refused_wherever_it_stands() -> None:
    check_integers({"a": [{"b": LARGEST_INT}]})
    with pytest.raises(Malformed, match=r"2\^53"):
        check_integers({"a": [{"b": LARGEST_INT + 1}]})


@cache
def envelope(version: int = 2) -> dict[str, Any]:
    forge = Forge()
    for _ in range(4):
        forge.decide("C-1")
    read = (read_canonical(data) for _, data in forge.entries[1:])
    return next(data for data in read if data["v"] == version)


@pytest.mark.parametrize("version", sorted(KEYS))
def test_an_envelope_has_its_shape_and_no_key_can_be_left_out_or_added(version: int) -> None:
    data = envelope(version)
    check_shape(data)
    for key in KEYS[version]:
        with pytest.raises(Malformed):
            check_shape({name: value for name, value in data.items() if name != key})
    with pytest.raises(Malformed, match="unknown"):
        check_shape({**data, "subject": "C-1"})


@pytest.mark.parametrize(("version", "key"), [(version, key) for version, keys in KEYS.items() for key in sorted(keys)])
@pytest.mark.parametrize("value", [5, "nonsense \n", [5], {"a": 5}, True], ids=str)
def test_a_value_of_another_kind_is_refused(version: int, key: str, value: Any) -> None:
    free = {"jurisdiction", "service", "tenant", "engine", "ledger", "id"}
    if (key in free and isinstance(value, str)) or (key == "id") or (key == "about" and isinstance(value, dict)):
        return  # any text will do there, or the caller compares it
    with pytest.raises(Malformed):
        check_shape({**envelope(version), key: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "2026-11-21T02:10:00Z"},
        {"time": "2026-13-21T02:10:00.123456Z"},
        {"kind": "read"},
        {"outcome_class": None},
        {"payload_hash": "sha256:" + "A" * 64},
        {"policies": [{"policy": "p", "version": 1, "digest": "sha256:" + "a" * 64, "more": 1}]},
        {"policies": [{"policy": "", "version": 1, "digest": "sha256:" + "a" * 64}]},
        {"policies": [{"policy": "p", "version": "1", "digest": "sha256:" + "a" * 64}]},
        {"models": [{"model": "m", "version": True, "digest": "sha256:" + "a" * 64}]},
        {"about": {"n": 2**53}},
        {"v": 1},
        {"v": 3},
        {"v": 4},
        {"plan": "sha256:" + "A" * 64},
        {"plan": "sha256:" + "a" * 64, "policies": []},
    ],
    ids=str,
)
def test_a_value_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        check_shape({**envelope(3 if "plan" in changes else 2), **changes})


def test_an_envelope_names_its_models_itself_or_as_its_plan_does() -> None:
    model = {"model": "churn", "version": "3", "digest": "sha256:" + "3" * 64}
    check_shape({**envelope(3), "models": ["churn", model]})
    for version, models in ((2, ["churn"]), (3, [5]), (3, [{"model": "churn"}])):
        with pytest.raises(Malformed):
            check_shape({**envelope(version), "models": models})


def test_only_a_decision_has_a_plan() -> None:
    with pytest.raises(Malformed):
        check_shape({**envelope(3), "kind": "policy", "outcome_class": None})


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"no JSON",
        b'{"documents":{},"models":[],"policies":[{}],"service":"a"}',
        b'{"documents":{},"policies":[],"service":"a"}',
    ],
)
def test_what_does_not_name_policies_and_documents_is_no_plan(text: bytes) -> None:
    with pytest.raises(Malformed):
        read_plan(text)
