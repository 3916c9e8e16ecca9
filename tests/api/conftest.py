"""The service on real parts: policies as shipped, a SQLite file of its own, and the served one as a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from any_time import at_any_time
from flask.testing import FlaskClient
from served import ROOT, Server, ordain, settings_in

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.engine.versions import Kept

SHARED = Path(os.environ.get("ORDAIN_SHARED") or ROOT.parent / "shared")


@pytest.fixture(autouse=True, scope="session")
def own_settings() -> Iterator[None]:
    """No setting of whoever runs the tests reaches them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ORDAIN_")]:
            patch.delenv(name)
        # Who wires without a word keeps what was compiled before, as a server does from reload to reload: by its text.
        patch.setitem(wire.__kwdefaults__, "kept", Kept())
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip("the shared data sets are not on this machine (ORDAIN_SHARED names their folder)")
    return SHARED / "data"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the shipped policies, at any time."""
    return Path(shutil.copytree(at_any_time(), tmp_path / "policies"))


@pytest.fixture
def use(settings: Settings) -> Iterator[Services]:
    wired = wire(settings)
    yield wired
    wired.close()


@pytest.fixture
def client(use: Services) -> FlaskClient:
    return app_for(use).test_client()


@pytest.fixture(scope="session")
def shared_use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """One wired service for all tests that only compare its ledger before and after."""
    wired = wire(settings_in(tmp_path_factory.mktemp("shared")))
    yield wired
    wired.close()


@pytest.fixture(scope="session")
def shared_client(shared_use: Services) -> FlaskClient:
    return app_for(shared_use).test_client()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ordain serve` without models, for the tests that only need one that runs."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one churn model, trained on 3,000 SYNTHETIC customers and made live by the command.

    `install_models` copies it.
    """
    folder = tmp_path_factory.mktemp("trained")
    done = ordain(folder, "train", "churn", "--customers", "3000", "--seed", "2", "--promote")
    assert done.returncode == 0, done.stderr
    return folder / "models"
