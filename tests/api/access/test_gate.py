"""Who is let in: what a header opens and what not, and what the policy of roles has to be."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ADVICE, body
from callers import NOW, keeper
from hypothesis import given
from hypothesis import strategies as st
from served import ROOT, edit, settings_in

from ordain.api.access.caller import LOCAL
from ordain.api.access.gate import Gate
from ordain.api.access.key_text import key_text, parts_of
from ordain.api.access.known_keys import KnownKeys
from ordain.api.access.rates import Rate, read_rate
from ordain.api.access.rights import ROLES, Right
from ordain.api.access.role_rights import plan_in_force, rights_by
from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.engine.errors import NotPermitted, SettingsError, Unauthenticated


@pytest.fixture
def wired(tmp_path: Path, policies: Path) -> Iterator[Services]:
    use = wire(settings_in(tmp_path, policies=policies))
    yield use
    use.close()


# --- keys -------------------------------------------------------------------------------------------------------


def test_the_text_of_a_key_has_its_id_and_a_secret_that_may_hold_underscores() -> None:
    assert parts_of(key_text("0123456789ab", "a_b_c"))[0] == "0123456789ab"
    assert parts_of(key_text("0123456789ab", "a_b_c")) != parts_of(key_text("0123456789ab", "a_b_d"))


def test_while_a_rotation_lasts_both_secrets_open_and_afterwards_the_new_one(tmp_path: Path) -> None:
    keep = keeper(tmp_path, NOW)
    before = keep.make("checkout", ["app"], ["retention"], rate="5 per second")
    after = keep.rotate("checkout", dt.timedelta(hours=1))
    known, now = KnownKeys(keep.keys(), "tests"), NOW.timestamp()
    caller = known.caller_of(after.text, now)
    assert caller is not None
    assert (caller.name, caller.key_id, caller.tenant) == ("checkout", before.key.id, "tests")
    assert (caller.services, caller.rate) == ({"retention"}, Rate(5, 1))
    assert known.caller_of(before.text, now) == caller
    assert known.caller_of(before.text, now + 3_601) is None
    assert known.caller_of(after.text, now + 3_601) == caller


def test_an_expired_or_revoked_key_opens_nothing_nor_does_its_older_secret(tmp_path: Path) -> None:
    keep = keeper(tmp_path, NOW)
    before = keep.make("checkout", ["app"], (), dt.timedelta(hours=1))
    after = keep.rotate("checkout", dt.timedelta(hours=9))
    known = KnownKeys(keep.keys(), "tests")
    for shown in (before, after):
        assert known.caller_of(shown.text, NOW.timestamp() + 3_598) is not None
        assert known.caller_of(shown.text, NOW.timestamp() + 3_601) is None
    keep.revoke("checkout")
    known = KnownKeys(keep.keys(), "tests")
    for shown in (before, after):
        assert known.caller_of(shown.text, NOW.timestamp()) is None


@pytest.mark.parametrize("text", ["100 per minute", "1 per second", "5000 per day", "3 per hour"])
def test_a_rate_is_written_as_it_was_read(text: str) -> None:
    assert str(read_rate(text)) == text


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gate, str]]:
    """A gate that knows one key, and that key."""
    folder = tmp_path_factory.mktemp("closed")
    text = keeper(folder).make("checkout", ["app"]).text
    use = wire(settings_in(folder))
    yield Gate(use), text
    use.close()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_sent_as_a_bearer_token(closed: tuple[Gate, str], scheme: str) -> None:
    gate, text = closed
    assert gate.admit(f"{scheme} {text}").name == "checkout"


@given(
    st.one_of(st.text(max_size=200), st.builds("Bearer {}".format, st.text()), st.builds("ordain_{}".format, st.text()))
)
def test_no_other_header_lets_anybody_in_or_ends_otherwise(closed: tuple[Gate, str], header: str) -> None:
    with pytest.raises(Unauthenticated):
        closed[0].admit(header)


@given(st.integers(0, 200), st.characters())
def test_a_key_with_one_character_changed_opens_nothing(closed: tuple[Gate, str], at: int, other: str) -> None:
    gate, text = closed
    place = len("ordain_") + at % (len(text) - len("ordain_"))
    changed = text[:place] + other + text[place + 1 :]
    if changed != text:
        with pytest.raises(Unauthenticated):
            gate.admit(f"Bearer {changed}")


def test_all_that_opens_nothing_is_answered_alike(closed: tuple[Gate, str]) -> None:
    gate, text = closed
    told = set()
    for credential in (text[:-2], key_text("0" * 12, "A" * 43), "ordain_", "ordain___", "a.b.c"):
        with pytest.raises(Unauthenticated) as caught:
            gate.admit(f"Bearer {credential}")
        told.add(str(caught.value))
    assert len(told) == 1


# --- while nobody is known --------------------------------------------------------------------------------------


def test_without_callers_whoever_asks_may_do_everything_whatever_is_sent(wired: Services) -> None:
    gate = Gate(wired)
    assert not gate.configured
    for header in (None, "", "Bearer x", "Basic x"):
        assert gate.admit(header) is LOCAL
    assert all(gate.may(LOCAL, right) for right in Right)
    gate.require(LOCAL, Right.DECIDE, "anything")


def test_without_callers_no_policy_of_roles_is_needed(wired: Services, policies: Path, tmp_path: Path) -> None:
    without_access(policies)
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        assert app_for(use).test_client().post("/v1/decisions/plan-advice", data=body(ADVICE)).status_code == 200
    finally:
        use.close()


def test_a_caller_from_before_has_no_right_once_others_are_known(wired: Services, tmp_path: Path) -> None:
    gate = Gate(wired)
    keeper(tmp_path).make("checkout", ["app"])
    gate.look()
    with pytest.raises(Unauthenticated):
        gate.admit(None)
    with pytest.raises(NotPermitted):
        gate.require(LOCAL, Right.DECIDE)


# --- the policy of roles ----------------------------------------------------------------------------------------


def without_access(policies: Path) -> None:
    file = policies / "services.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("  # Ordain's own")], encoding="utf-8")
    shutil.rmtree(policies / "access")


def refusal(tmp_path: Path, policies: Path) -> SettingsError:
    keeper(tmp_path).make("checkout", ["app"])
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        with pytest.raises(SettingsError) as caught:
            Gate(use)
    finally:
        use.close()
    assert "ordain init" in caught.value.issues[0].hint
    return caught.value


def test_with_callers_and_no_policy_of_roles_nothing_starts(tmp_path: Path, policies: Path) -> None:
    without_access(policies)
    assert refusal(tmp_path, policies).message == "no service `access` says what the roles of callers may do"


def test_a_service_of_a_user_that_is_called_access_is_not_taken_for_it(tmp_path: Path, policies: Path) -> None:
    edit(
        policies / "services.yaml",
        "policies: [access]\n    gives: [access]",
        "policies: [plan-advice]\n    gives: [advice]",
    )
    said = refusal(tmp_path, policies).message
    assert said.startswith(
        "the service `access` is not the one that says what roles may do: it reads `plan_gb`, `usage_gb`"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("facts.yaml", "      - metrics\n", "", "the fact `access_right` has no value `metrics`"),
        ("access/v1.yaml", "allowed: flag", "permitted: flag", "it does not give `access.allowed`"),
        ("access/v1.yaml", "effective: 2026-01-01", "effective: 2099-01-01", "`access` has no version in force"),
    ],
)
def test_a_policy_of_roles_that_lacks_something_is_refused(
    tmp_path: Path, policies: Path, file: str, old: str, new: str, said: str
) -> None:
    edit(policies / file, old, new)
    access = policies / "access/v1.yaml"
    text = access.read_text(encoding="utf-8")
    if "permitted" in text:
        access.write_text(text.replace("allowed:", "permitted:").replace("access.allowed", "access.permitted"))
    if file == "facts.yaml":
        access.write_text(
            text.replace('"metrics", "health"', '"health"').replace(
                "  - given: {access_role: operator, access_right: metrics}\n    expect: {access.allowed: true}\n", ""
            )
        )
    assert said in refusal(tmp_path, policies).message


def test_what_a_role_may_is_what_the_policy_says_when_it_is_asked(wired: Services) -> None:
    at = wired.now()
    table = rights_by(plan_in_force(wired.catalog, at), wired.vocabulary, at)
    assert table.of.keys() == set(ROLES)
    assert table.of["app"] == {"decide", "describe services", "confirm", "ingest events"}
    assert table.together(["operator", "admin"]) == table.of["operator"] | table.of["admin"]
    assert table.together(["nobody"]) == frozenset()


def test_a_role_of_the_installations_own_is_one_more_value_and_one_more_rule(tmp_path: Path, policies: Path) -> None:
    edit(policies / "facts.yaml", "admin, monitor]", "admin, monitor, auditor]")
    rule = """      - id: auditor-verifies
        when: {access_role: auditor, access_right: '"verify", "prove"'}
        then: {allowed: true}
        because: The auditor of the house verifies the log.
    otherwise: {allowed: false}"""
    edit(policies / "access/v1.yaml", "    otherwise: {allowed: false}", rule)
    text = keeper(tmp_path).make("audit", ["auditor"]).text
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        gate = Gate(use)
        caller = gate.admit(f"Bearer {text}")
        assert [right for right in Right if gate.may(caller, right)] == [Right.PROVE, Right.VERIFY]
    finally:
        use.close()


def test_a_new_version_of_the_policy_counts_from_its_first_day_on(tmp_path: Path, policies: Path) -> None:
    text = (policies / "access/v1.yaml").read_text(encoding="utf-8")
    later = text.replace("version: 1", "version: 2").replace("effective: 2026-01-01", "effective: 2098-01-01")
    later = later.replace(
        '"decide", "confirm", "describe services", "ingest events"', '"decide", "confirm", "metrics", "ingest events"'
    )
    assert '{access_role: app, access_right: \'"decide", "confirm", "metrics", "ingest events"\'}' in later
    (policies / "access/v2.yaml").write_text(later, encoding="utf-8")
    key = keeper(tmp_path).make("checkout", ["app"]).text
    use: Any = wire(settings_in(tmp_path, policies=policies))
    try:
        gate = Gate(use)
        caller = gate.admit(f"Bearer {key}")
        assert (gate.may(caller, Right.DESCRIBE), gate.may(caller, Right.METRICS)) == (True, False)
        object.__setattr__(use, "now", lambda: dt.datetime(2098, 1, 1, tzinfo=dt.UTC))
        gate.look()
        assert (gate.may(caller, Right.DESCRIBE), gate.may(caller, Right.METRICS)) == (False, True)
    finally:
        use.close()


# --- what changes while it runs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", ["broken", "readable by others", "gone"])
def test_a_file_of_keys_that_cannot_be_read_changes_nothing_and_is_told(
    tmp_path: Path, wired: Services, spoil: str
) -> None:
    keep = keeper(tmp_path)
    text = keep.make("checkout", ["app"]).text
    gate, good = Gate(wired), keep.file.read_bytes()
    if spoil == "broken":
        keep.file.write_bytes(b"{")
    elif spoil == "gone":
        keep.file.unlink()
    else:
        keep.file.chmod(0o644)
    gate.look()
    assert len(gate.faults) == 1
    assert gate.admit(f"Bearer {text}").name == "checkout"
    with pytest.raises(Unauthenticated):
        gate.admit(None)
    keep.file.write_bytes(good)
    keep.file.chmod(0o600)
    gate.look()
    assert gate.faults == []


def test_callers_who_come_without_a_policy_of_roles_may_do_nothing_and_it_is_told(
    tmp_path: Path, policies: Path
) -> None:
    without_access(policies)
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        gate = Gate(use)
        text = keeper(tmp_path).make("checkout", ROLES).text
        gate.look()
        caller = gate.admit(f"Bearer {text}")
        assert not any(gate.may(caller, right) for right in Right)
        assert gate.faults == ["no service `access` says what the roles of callers may do"]
    finally:
        use.close()


def test_the_rights_of_a_reload_count_at_once_and_those_before_stay_when_it_lacks_them(
    tmp_path: Path, policies: Path, wired: Services
) -> None:
    text = keeper(tmp_path).make("checkout", ["app"]).text
    gate = Gate(wired)
    caller = gate.admit(f"Bearer {text}")
    without_access(policies)
    lacking = wire(settings_in(tmp_path / "other", policies=policies))
    try:
        gate.take(lacking)
        assert gate.faults != []
        assert gate.may(caller, Right.DECIDE)
        gate.take(wired)
        assert gate.faults == []
    finally:
        lacking.close()


@pytest.mark.parametrize("name", ["access", "alerts", "model-promotion", "rollouts"])
def test_the_copies_of_the_policies_that_are_shipped_are_one(name: str) -> None:
    shipped, template = ROOT / f"policies/{name}/v1.yaml", ROOT / f"api/cli/init_folder/policies/{name}/v1.yaml"
    assert shipped.read_bytes() == template.read_bytes()
