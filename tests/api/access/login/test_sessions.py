"""Sessions end when they should, on every server of the ledger, and what is kept of them opens nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from databases import database
from hypothesis import given
from hypothesis import strategies as st
from provider import CLIENT
from served import settings_in

from ordain.api.access.login.login import Login, csrf_token
from ordain.api.access.login.sessions import SESSION, Sessions
from ordain.engine.errors import LedgerUnavailable, SettingsError

IDLE, LONGEST = 1800.0, 36_000.0


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The settings' URL of a database, and an engine if it is PostgreSQL."""
    with ExitStack() as stack:
        if request.param == "SQLite":
            yield f"sqlite:///{tmp_path_factory.mktemp('sessions')}/ordain.db", None
        else:
            url = stack.enter_context(database())
            engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
            stack.callback(engine.dispose)
            yield url, engine


def server(place: Any, ledger: str, clock: Clock) -> Sessions:
    """One of several processes that serve a ledger."""
    url, engine = place
    opened = SimpleNamespace(identity=SimpleNamespace(ledger=ledger), store=SimpleNamespace(engine=engine))
    use: Any = SimpleNamespace(settings=SimpleNamespace(database_url=url), ledger=opened)
    return Sessions(lambda: use, IDLE, LONGEST, clock)


def test_a_session_is_known_to_every_server_and_ends_on_all_of_them(place: Any) -> None:
    ledger, clock = str(uuid4()), Clock()
    one, other = server(place, ledger, clock), server(place, ledger, clock)
    session_id = one.begin("ann", ["reviewer", "editor"])
    for each in (one, other):
        found = each.find(session_id)
        assert found is not None
        assert (found.name, found.roles) == ("ann", {"reviewer", "editor"})
        assert found.until == clock.now + LONGEST
    assert other.end(session_id)
    assert one.find(session_id) is None
    assert not one.end(session_id)


def test_a_session_that_is_used_ends_in_the_end(place: Any) -> None:
    clock = Clock()
    sessions = server(place, str(uuid4()), clock)
    used, begun = sessions.begin("bob", []), clock.now
    while clock.now < begun + LONGEST - 600:
        clock.now += 600
        assert sessions.find(used) is not None
    clock.now += 600
    assert sessions.find(used) is None


def test_a_session_ends_that_is_not_used_for_a_while(place: Any) -> None:
    clock = Clock()
    sessions = server(place, str(uuid4()), clock)
    session_id = sessions.begin("ann", [])
    clock.now += IDLE - 1
    assert sessions.find(session_id) is not None
    clock.now += IDLE - 1
    assert sessions.find(session_id) is not None
    clock.now += IDLE
    assert sessions.find(session_id) is None


def test_a_session_is_of_one_ledger_and_what_has_ended_is_forgotten(place: Any) -> None:
    clock, ledger = Clock(), str(uuid4())
    mine, theirs = server(place, ledger, clock), server(place, str(uuid4()), clock)
    session_id = mine.begin("ann", [])
    kept = theirs.begin("bob", [])
    assert theirs.find(session_id) is None
    assert not theirs.end(session_id)
    clock.now += IDLE + 1
    mine.begin("ann", [])
    with mine._store().reading() as connection:
        ledgers = list(connection.execute(sa.select(SESSION.c.ledger, SESSION.c.digest)))
    assert sum(row.ledger == ledger for row in ledgers) == 1
    assert sum(row.ledger != ledger for row in ledgers) >= 1, "another ledger's are its own"
    assert not {session_id, kept} & {row.digest for row in ledgers}


def test_to_be_looked_up_by_an_open_stream_is_no_use_of_a_session(place: Any) -> None:
    ledger, clock = str(uuid4()), Clock()
    sessions = server(place, ledger, clock)
    session_id = sessions.begin("ann", ["reviewer"])
    clock.now += IDLE - 1
    assert sessions.find(session_id, used=False) is not None
    clock.now += 2
    assert sessions.find(session_id, used=False) is None


@given(st.text(max_size=60))
def test_nothing_else_opens_a_session(place: Any, text: str) -> None:
    sessions = server(place, "one", Clock())
    assert sessions.find(text) is None
    assert csrf_token(text) != csrf_token(text + "x")


def test_the_file_is_its_owners_and_holds_no_id(tmp_path: Path) -> None:
    sessions = server((f"sqlite:///{tmp_path}/ordain.db", None), "one", Clock())
    session_id = sessions.begin("ann", ["admin"])
    for file in tmp_path.glob("ordain.db.sessions*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert session_id.encode() not in file.read_bytes()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "ordain.db.sessions").mkdir()
    sessions = server((f"sqlite:///{tmp_path}/ordain.db", None), "one", Clock())
    with pytest.raises(LedgerUnavailable) as caught:
        sessions.find("x")
    assert caught.value.message.startswith("sessions cannot be read or written: ")


# --- settings ---------------------------------------------------------------------------------------------------

GOOD = {"login_issuer": "https://login.example", "login_client": CLIENT, "login_address": "https://ordain.example"}
WRONG = {
    "no client": ({"login_client": None}, "`login_issuer` needs the setting `login_client`, too"),
    "no address": ({"login_address": None}, "`login_issuer` needs the setting `login_address`, too"),
    "a plain issuer": (
        {"login_issuer": "http://login.example"},
        "`login_issuer`: `http://login.example` is not an https address",
    ),
    "a plain address": (
        {"login_address": "http://ordain.example"},
        "`login_address`: `http://ordain.example` is not an https address",
    ),
    "a malformed address": (
        {"login_address": "https://[::1"},
        "`login_address`: `https://[::1` is not an https address",
    ),
    "a path": (
        {"login_address": "https://ordain.example/a"},
        "`login_address`: `https://ordain.example/a` has more than a scheme, a name and a port",
    ),
    "a role of nobody": ({"login_roles": ("editor",)}, "`login_roles`: `editor` names no role"),
}


def made(tmp_path: Path, **more: Any) -> Login:
    use: Any = SimpleNamespace(settings=settings_in(tmp_path, **GOOD | more))
    return Login(lambda: use)


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_cannot_be_used_are_told_at_the_start(tmp_path: Path, what: str) -> None:
    changed, message = WRONG[what]
    with pytest.raises(SettingsError) as caught:
        made(tmp_path, **changed)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Ordain.example/", "https://ordain.example"),
        ("https://ordain.example:443", "https://ordain.example"),
        ("https://ordain.example:8443", "https://ordain.example:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_the_origin_is_written_as_browsers_send_it(tmp_path: Path, address: str, origin: str) -> None:
    assert made(tmp_path, login_address=address).origin == origin


def test_the_secret_is_from_a_file_that_its_owner_alone_may_read(tmp_path: Path) -> None:
    file = tmp_path / "keys/login.secret"
    file.parent.mkdir()
    file.write_text("a secret\n")
    file.chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        made(tmp_path)
    assert "can be read or written by others (640)" in caught.value.message
    file.chmod(0o600)
    assert made(tmp_path).provider._client.secret == "a secret"  # noqa: S105
    file.write_text("\n")
    with pytest.raises(SettingsError):
        made(tmp_path)


@pytest.mark.parametrize(
    ("claim", "wanted"),
    [
        (["Pricing team", "staff"], {"editor"}),
        ("Pricing team", {"editor"}),
        ("staff audit", {"reviewer"}),
        (["admin"], set()),
        ([1, None], set()),
        (None, set()),
    ],
)
def test_roles_are_what_the_setting_calls_them(tmp_path: Path, claim: Any, wanted: set[str]) -> None:
    login = made(tmp_path, login_roles=("Pricing team=editor", "audit=reviewer"))
    assert login._roles({"roles": claim}) == wanted
    assert made(tmp_path)._roles({"roles": ["admin"]}) == {"admin"}
