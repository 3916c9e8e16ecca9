"""Settings: the file, the environment over it, and what is said when one is wrong."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from served import ROOT, settings_in

from ordain.api.access.rates import Rate
from ordain.api.ledger import open_for
from ordain.api.settings import SETTINGS, load_settings, unknown_variables
from ordain.engine.errors import LedgerRolledBack, SettingsError

OTHER: dict[str, tuple[str, Any]] = {
    "database_url": ("sqlite:////elsewhere/other.db", "sqlite:////elsewhere/other.db"),
    "policies": ("/elsewhere/policies", Path("/elsewhere/policies")),
    "approvals": ("named", "named"),
    "approvals_needed": ("2", 2),
    "allowed_signers": ("/elsewhere/allowed_signers", Path("/elsewhere/allowed_signers")),
    "models": ("/elsewhere/models", Path("/elsewhere/models")),
    "features_url": ("postgresql://elsewhere/other", "postgresql://elsewhere/other"),
    "features": ("/elsewhere/features.yaml", Path("/elsewhere/features.yaml")),
    "keys": ("/elsewhere/keys", Path("/elsewhere/keys")),
    "anchors": ("/elsewhere/a,/elsewhere/b", (Path("/elsewhere/a"), Path("/elsewhere/b"))),
    "timestamp_url": ("http://stamps.example/tsa", "http://stamps.example/tsa"),
    "timestamp_roots": ("/elsewhere/root.pem", Path("/elsewhere/root.pem")),
    "witness_policy": ("/elsewhere/witnesses", Path("/elsewhere/witnesses")),
    "checkpoint_seconds": ("2.5", 2.5),
    "keep_days": ("365", 365),
    "purpose": ("required", "required"),
    "jurisdiction_fact": ("country", "country"),
    "letter": ("/elsewhere/letter.yaml", Path("/elsewhere/letter.yaml")),
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - a value to read, nothing listens
    "port": ("9001", 9001),
    "connections": ("500", 500),
    "idle_seconds": ("30", 30),
    "hosts": ("ordain.example,ordain", ("ordain.example", "ordain")),
    "cors_origins": ("https://a.example,http://[::1]:81", ("https://a.example", "http://[::1]:81")),
    "threads": ("3", 3),
    "workers": ("2", 2),
    "reload": ("change", "change"),
    "events": ("/elsewhere/events.yaml", Path("/elsewhere/events.yaml")),
    "hooks": ("/elsewhere/hooks.yaml", Path("/elsewhere/hooks.yaml")),
    "jwt_keys": ("https://keys.example/jwks", "https://keys.example/jwks"),
    "jwt_issuer": ("https://issuer.example", "https://issuer.example"),
    "jwt_audience": ("ordain", "ordain"),
    "jwt_roles": ("groups", "groups"),
    "jwt_name": ("email", "email"),
    "jwt_tenant": ("org", "org"),
    "login_issuer": ("https://login.example", "https://login.example"),
    "login_client": ("ordain", "ordain"),
    "login_address": ("https://ordain.example", "https://ordain.example"),
    "login_scopes": ("openid", "openid"),
    "login_roles": ("Pricing team=editor,audit=reviewer", ("Pricing team=editor", "audit=reviewer")),
    "login_idle_minutes": ("15", 15),
    "login_hours": ("8", 8),
    "clock_skew_seconds": ("5", 5),
    "at_back_days": ("30", 30),
    "at_ahead_days": ("7", 7),
    "as_of_seconds": ("5", 5),
    "score_timeout_ms": ("100", 100),
    "score_cache_seconds": ("0", 0),
    "rate": ("6000 per minute", Rate(6000, 60)),
    "rate_per_service": ("50 per second", Rate(50, 1)),
    "rate_per_caller": ("600 per minute", Rate(600, 60)),
    "rate_per_address": ("1 per day", Rate(1, 86_400)),
    "rate_of_wrong_keys": ("none", None),
    "proxies": ("10.0.0.5,fd00::/8", (ip_network("10.0.0.5"), ip_network("fd00::/8"))),
    "redis_url": ("redis://redis.example:6379/0", "redis://redis.example:6379/0"),
    "traces": ("http://127.0.0.1:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"),
    "trace_ratio": ("0.5", 0.5),
    "tenant": ("other", "other"),
    "tenants_metrics_key": ("/elsewhere/metrics.key", Path("/elsewhere/metrics.key")),
    "tenants": ("/elsewhere/tenants", Path("/elsewhere/tenants")),
    "time_zone": ("Europe/Paris", "Europe/Paris"),
    "max_body_bytes": ("2048", 2048),
    "busy_seconds": ("0.5", 0.5),
    "log_format": ("text", "text"),
    "log_level": ("warning", "warning"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _refused(config: str, here: Path) -> SettingsError:
    (here / "config.yaml").write_text(config)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value


def test_every_setting_has_a_case_here() -> None:
    assert set(OTHER) == set(SETTINGS)


@pytest.mark.parametrize("name", OTHER)
def test_a_setting_comes_from_the_file_and_the_environment_beats_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text, value = OTHER[name]
    assert getattr(load_settings(of_server=True), name) != value
    (here / "config.yaml").write_text(f"{name}: {text}\n")
    assert getattr(load_settings(of_server=True), name) == value
    (here / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    assert getattr(load_settings(of_server=True), name) != value
    monkeypatch.setenv(f"ORDAIN_{name.upper()}", text)
    assert getattr(load_settings(of_server=True), name) == value


@pytest.mark.parametrize("name", OTHER)
def test_the_readme_lists_every_setting(name: str) -> None:
    assert f"ORDAIN_{name.upper()}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_relative_paths_count_from_the_files_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = here / "etc"
    folder.mkdir()
    (folder / "mine.yaml").write_text("policies: rules\nmodels: scores\ndatabase_url: sqlite:///data/o.db\n")
    for named in (load_settings(folder / "mine.yaml"), load_settings(Path("etc/mine.yaml"))):
        assert (named.policies, named.models) == (folder / "rules", folder / "scores")
        assert named.database_url == f"sqlite:///{folder}/data/o.db"
    monkeypatch.setenv("ORDAIN_CONFIG", "etc/mine.yaml")
    assert load_settings().policies == folder / "rules"


def test_a_file_that_was_named_must_exist(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDAIN_CONFIG", "none.yaml")
    with pytest.raises(SettingsError, match=r"there is no file `none\.yaml`"):
        load_settings()


def test_a_folder_of_several_tenants_is_for_their_server_alone(here: Path) -> None:
    caught = _refused("tenants: tenants\n", here)
    assert "of a server with tenants" in caught.message
    assert "ordain --tenant NAME" in caught.issues[0].hint
    assert load_settings(of_server=True).tenants == here / "tenants"


def test_without_a_file_the_defaults_hold(here: Path) -> None:
    assert load_settings().database_url == f"sqlite:///{here}/var/ordain.db"


def test_an_unknown_setting_is_told_with_its_line_and_the_nearest_one(here: Path) -> None:
    error = _refused("port: 8080\ntimezone: UTC\n", here)
    (issue,) = error.issues
    assert (issue.message, issue.hint) == ("unknown setting `timezone`", "did you mean `time_zone`?")
    assert str(issue.span) == "config.yaml:2:1"


def test_an_unknown_variable_of_another_program_is_none_of_ours(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDAIN_SHARED", "/elsewhere")
    assert load_settings().port == 8080


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("port: 0", "the setting `port`: it must be from 1 to 65535, not 0"),
        ("port: 65536", "the setting `port`: it must be from 1 to 65535, not 65536"),
        ("port: eighty", "the setting `port`: `eighty` is not a whole number"),
        ("port: [80]", "the setting `port`: one value stands here, not a list"),
        ("port:", "the setting `port`: nothing is given"),
        ("threads: 0", "the setting `threads`: it must be from 1 to 64, not 0"),
        ("max_body_bytes: 10", "the setting `max_body_bytes`: it must be at least 1024, not 10"),
        ("busy_seconds: -1", "the setting `busy_seconds`: it must be from 0 to 60, not -1"),
        ("busy_seconds: NaN", "the setting `busy_seconds`: `NaN` is not a number"),
        ("time_zone: Asia/Calcuta", "`Asia/Calcuta` is not a time zone; did you mean `Asia/Calcutta`?"),
        ("log_format: yaml", "the setting `log_format`: it must be auto or json or text, not `yaml`"),
        ("log_level: loud", "the setting `log_level`: it must be debug or info or warning or error, not `loud`"),
        ("time_zone: ../../etc/passwd", "`../../etc/passwd` is not a time zone"),
    ],
)
def test_a_bad_value_is_told_by_name(here: Path, config: str, message: str) -> None:
    error = _refused(config + "\n", here)
    assert message in error.message


@pytest.mark.parametrize(
    ("name", "text"), [("PORT", "eighty"), ("TIME_ZONE", "Mars/Olympus"), ("BUSY_SECONDS", "long"), ("THREADS", "65")]
)
def test_a_bad_variable_is_told_by_name(here: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"ORDAIN_{name}", text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"the setting `{name.lower()}`: " in caught.value.message
    assert f"ORDAIN_{name}" in caught.value.issues[0].hint


def test_all_bad_values_are_told_at_once(here: Path) -> None:
    assert len(_refused("port: 0\nthreads: 0\n", here).issues) == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("port: 8080\nport: 8081\n", "`port` appears twice; first in line 1"),
        ("- port\n", "settings are `name: value` lines"),
        ("port: {\n", "the `{` is never closed"),
    ],
)
def test_a_file_that_is_no_settings_is_told_with_its_place(here: Path, config: str, message: str) -> None:
    error = _refused(config, here)
    assert error.message.startswith(message)
    assert error.issues[0].span is not None


def test_an_empty_file_is_no_setting_at_all(here: Path) -> None:
    (here / "config.yaml").write_text("# nothing yet\n")
    assert load_settings().port == 8080


def test_one_anchor_place_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names one place"):
        open_for(settings_in(tmp_path, anchors=[tmp_path / "one", tmp_path / "one"]))


def test_a_ledger_that_is_missing_is_not_followed_by_an_empty_one(tmp_path: Path) -> None:
    open_for(settings_in(tmp_path)).finish()
    (tmp_path / "ordain.db").rename(tmp_path / "away.db")
    with pytest.raises(LedgerRolledBack, match="is missing"):
        open_for(settings_in(tmp_path))
    assert not (tmp_path / "ordain.db").exists()


def test_a_list_of_names_in_the_file_is_a_list_of_texts(here: Path) -> None:
    (here / "config.yaml").write_text("hosts: [ordain.example, 'other']\n")
    assert load_settings().hosts == ("ordain.example", "other")


def test_a_variable_that_looks_like_ours_and_is_none_is_told_at_the_start(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ORDAIN_PORT", "ordain_host", "ORDAIN_CONFIG", "ORDAIN_MASTER_KEY", "ORDAIN_SIGNING_KEY", "ORDAINED"):
        monkeypatch.setenv(name, "1")
    assert unknown_variables() == []
    monkeypatch.setenv("ORDAIN_DATABASE_ULR", "1")
    assert unknown_variables() == ["the variable ORDAIN_DATABASE_ULR is not known; did you mean `ORDAIN_DATABASE_URL`?"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_read_is_refused_and_what_to_do_is_said(tmp_path: Path, mode: int) -> None:
    settings = settings_in(tmp_path)
    open_for(settings).finish()
    file = settings.keys / "master.key"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(mode)
    with pytest.raises(SettingsError, match="can be read or written by others") as caught:
        open_for(settings)
    assert caught.value.issues[0].hint == f"run: chmod 600 {file}"
    file.chmod(0o400)
    open_for(settings).finish()
