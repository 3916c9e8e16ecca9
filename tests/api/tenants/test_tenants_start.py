"""What a server with tenants refuses to start with: it says which tenant, and why, and all of it at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from callers import keeper
from click.testing import CliRunner
from housed import make_server, make_tenant, marked_policies
from issuer import AUDIENCE, ISSUER, jwks
from served import edit

from ordain.api.access.gate import Gate
from ordain.api.cli.main import main
from ordain.api.services import wire
from ordain.api.settings import load_settings
from ordain.api.tenants.homes import OF_THE_SERVER, homes_of
from ordain.api.tenants.owners import Owners, shared_credentials
from ordain.engine.errors import SettingsError

Change = Callable[[Path], object]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tenants that can be served."""
    make_server(tmp_path)
    for name in ("acme", "beta"):
        make_tenant(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults() -> str:
    with pytest.raises(SettingsError) as caught:
        homes_of(load_settings(of_server=True))
    return "\n".join(issue.message for issue in caught.value.issues)


def write(file: str, text: str) -> Change:
    def change(server: Path) -> None:
        place = server / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text((place.read_text() if place.is_file() else "") + text)

    return change


WRONG: dict[str, tuple[Change, str]] = {
    "a tenant's setting in the server's": (
        write("config.yaml", "keep_days: 3\n"),
        r"`keep_days` stands in `config.yaml`",
    ),
    "a server's setting in a tenant's": (
        write("tenants/beta/config.yaml", "port: 9000\n"),
        r"tenant `beta`: the setting `port` stands in its `config.yaml`, and is the server's",
    ),
    "another name": (
        lambda server: edit(server / "tenants/beta/config.yaml", "tenant: beta", "tenant: gamma"),
        r"tenant `beta`: its `config.yaml` calls it `gamma`, and its folder `beta`",
    ),
    "no settings": (
        lambda server: (server / "tenants/beta/config.yaml").unlink(),
        r"tenant `beta`: there is no `config",
    ),
    "no name": (lambda server: (server / "tenants/Big One").mkdir(), r"`Big One` cannot be a tenant's name"),
    "no tenant": (lambda server: shutil.rmtree(server / "tenants"), r"folder of tenants `.*` cannot be read"),
    "an unknown setting": (
        write("tenants/acme/config.yaml", "colour: red\n"),
        r"tenant `acme`: unknown setting `colour`",
    ),
    "one database": (
        lambda server: [
            write(f"tenants/{name}/config.yaml", f"database_url: sqlite:///{server}/one.db\n")(server)
            for name in ("acme", "beta")
        ],
        r"`acme` and `beta` have the same database(.|\n)*the same place of anchors",
    ),
    "one feature store": (
        lambda server: [
            write(f"tenants/{name}/config.yaml", "features_url: postgresql://ordain@localhost/features\n")(server)
            for name in ("acme", "beta")
        ],
        r"`acme` and `beta` have the same feature store: `postgresql://ordain@localhost/features`",
    ),
    "one folder of keys": (
        lambda server: edit(server / "tenants/beta/config.yaml", "keys: keys", "keys: ../acme/keys"),
        r"`acme` and `beta` have the same folder `keys`",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_cannot_be_served_are_refused_with_the_tenant_they_are_of(server: Path, what: str) -> None:
    change, message = WRONG[what]
    change(server)
    assert re.search(message, faults()), faults()


@pytest.mark.parametrize("name", ["ORDAIN_DATABASE_URL", "ORDAIN_TENANT", "ORDAIN_MASTER_KEY", "ORDAIN_SIGNING_KEY"])
def test_a_variable_that_would_be_every_tenants_is_refused(
    server: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    assert name in faults()


def test_a_tenant_has_the_servers_settings_where_they_are_the_servers_and_its_own_elsewhere(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDAIN_PORT", "9123")
    (acme, beta) = homes_of(load_settings(of_server=True))
    assert (acme.name, beta.name) == ("acme", "beta")
    assert (acme.settings.port, acme.settings.tenant, acme.settings.log_format) == (9123, "acme", "json")
    assert acme.settings.keys == server / "tenants/acme/keys"
    assert acme.environment()["ORDAIN_CONFIG"] == str(server / "tenants/acme/config.yaml")
    assert "ORDAIN_PORT" not in acme.environment()
    assert "database_url" not in OF_THE_SERVER


def gates(server: Path) -> tuple[dict[str, Gate], dict[str, object]]:
    made, settings = {}, {}
    for home in homes_of(load_settings(of_server=True)):
        use = wire(home.settings)
        use.close()
        made[home.name], settings[home.name] = Gate(use), home.settings
    return made, settings


def test_a_key_that_two_tenants_know_is_refused_at_the_start_and_opens_nothing_later(
    server: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = keeper(server / "tenants/acme").make("app", ["app"])
    header = f"Bearer {shown.text}"
    known, settings = gates(server)
    owners = Owners(known, settings)  # type: ignore[arg-type]
    assert owners.owner(header) == "acme"
    (server / "tenants/beta/keys").mkdir(exist_ok=True)
    shutil.copy(server / "tenants/acme/keys/callers.json", server / "tenants/beta/keys/callers.json")
    known["beta"].look()
    assert owners.owner(header) is None
    assert f"the key {shown.key.id} is of several tenants, acme, beta" in caplog.text
    known, settings = gates(server)
    (issue,) = shared_credentials(known, settings)  # type: ignore[arg-type]
    assert issue.message == f"the API key {shown.key.id} is of the tenants `acme` and `beta`"


def test_a_tenant_without_callers_answers_nobody_though_a_server_of_one_would_answer_everybody(server: Path) -> None:
    known, _ = gates(server)
    assert not known["acme"].configured
    assert known["acme"].known(None) is None
    assert known["acme"].known("Bearer x") is None


def tokens(server: Path, audience: str = AUDIENCE, more: str = "") -> None:
    for name in ("acme", "beta"):
        (server / f"tenants/{name}/jwks.json").write_bytes(jwks())
        lines = f"jwt_keys: jwks.json\njwt_issuer: {ISSUER}\njwt_audience: {audience.format(name)}\n{more}"
        write(f"tenants/{name}/config.yaml", lines)(server)


def test_two_tenants_that_would_take_the_same_token_are_refused(server: Path) -> None:
    tokens(server)
    (issue,) = shared_credentials(*gates(server))  # type: ignore[arg-type]
    assert "`acme` and `beta` take tokens of one issuer for one audience" in issue.message
    assert "`jwt_tenant`" in issue.hint


@pytest.mark.parametrize("word", ["check", "decide", "keys"])
def test_a_command_in_the_folder_of_a_server_with_tenants_asks_for_which(server: Path, word: str) -> None:
    arguments = {
        "check": ["check"],
        "decide": ["decide", "x", "--subject", "y", "--facts", "z"],
        "keys": ["keys", "list"],
    }
    done = CliRunner().invoke(main, arguments[word])
    assert done.exit_code == 2
    assert "ordain --tenant NAME" in done.stderr


def test_a_command_works_for_the_tenant_that_is_named_whatever_the_environment_says(server: Path) -> None:
    beta = server / "tenants/beta"
    edit(beta / "config.yaml", "policies: ", "models: models\n# ")
    marked_policies(beta)
    run = CliRunner()
    elsewhere = {"ORDAIN_POLICIES": "/nowhere", "ORDAIN_TENANT": "other"}
    done = run.invoke(main, ["--tenant", "beta", "service", "list"], env=elsewhere)
    assert (done.exit_code, "zzbeta-advice" in done.stdout) == (0, True)
    done = run.invoke(main, ["--tenant", "acme", "service", "list"])
    assert (done.exit_code, "zzbeta-advice" in done.stdout) == (0, False)
    done = run.invoke(main, ["--tenant", "betta", "service", "list"])
    assert (done.exit_code, "there is no tenant `betta`" in done.stderr, "`beta`" in done.stderr) == (2, True, True)


def test_the_server_says_which_tenants_cannot_begin_and_why(server: Path) -> None:
    for name in ("acme", "beta"):
        home = server / "tenants" / name
        edit(home / "config.yaml", "policies: ", "models: models\n# ")
        marked_policies(home)
        (home / "policies/facts.yaml").write_text("facts: 3\n")
    (server / "config.yaml").write_text("tenants: tenants\nport: 1\n")
    done = CliRunner().invoke(main, ["serve", "--port", "18999"])
    assert done.exit_code == 2
    assert "tenant `acme`: " in done.stderr
    assert "tenant `beta`: " in done.stderr
