"""The tables: what the revisions make in both databases, and which databases are refused."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from ledgers import ENGINE, MASTER, SEED, now, restored

from ordain.audit.entry.keys import LocalMasterKey
from ordain.audit.store import schema, sqlite
from ordain.audit.store.declared import differences
from ordain.audit.store.identity import found_ledger, identity
from ordain.audit.store.postgresql import PostgresStore
from ordain.audit.store.row_models import MODELS
from ordain.audit.store.rows import COMMON, TABLES
from ordain.audit.store.schema import HEAD, OLDEST, REVISIONS, Upgraded, ensure_schema, upgrade
from ordain.audit.store.sqlite import APPLICATION_ID, SqliteStore
from ordain.audit.store.store import Store
from ordain.engine.errors import LedgerUnavailable, SettingsError

ROOT = Path(__file__).parents[2]
SERVER = os.environ.get("ORDAIN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
BOTH = pytest.mark.parametrize("opened", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a PostgreSQL database of its own."""
    name = f"migrations_{uuid4().hex[:12]}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def opened(request: pytest.FixtureRequest, path: Path) -> Iterator[Callable[[], Store]]:
    """Opens one empty database, again and again."""
    stores: list[Store] = []
    url = request.getfixturevalue("database") if request.param == "postgresql" else ""

    def open_it() -> Store:
        stores.append(PostgresStore(url, 20) if url else SqliteStore(f"sqlite:///{path}", 20))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@contextmanager
def sqlite_store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(f"sqlite:///{path}", busy_seconds=20)
    try:
        yield store
    finally:
        store.close()


def tables_in(connection: sa.Connection) -> list[tuple[object, ...]]:
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'alembic_version' AND sql IS NOT NULL"
        " AND tbl_name <> 'alembic_version' ORDER BY type, name"
    )
    return [(kind, name, table, " ".join(sql.split())) for kind, name, table, sql in rows]


@BOTH
def test_a_new_database_has_the_tables_of_the_models_and_no_difference(opened: Callable[[], Store]) -> None:
    store = opened()
    ensure_schema(store)

    with store.engine.connect() as connection:
        assert differences(connection) == []
        assert set(sa.inspect(connection).get_table_names()) >= {table.name for table in COMMON}


def test_an_upgrade_refuses_tables_that_are_not_those_of_the_models(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "ledger.db") as store:
        ensure_schema(store)
        with store.transaction() as connection:
            connection.exec_driver_sql("DROP TABLE tile")
        with pytest.raises(LedgerUnavailable, match=r"not those of this version: .*tile"):
            upgrade(store)


@pytest.mark.parametrize("declared", [TABLES, MODELS], ids=["tables", "models"])
def test_in_sqlite_the_revisions_make_the_very_statements_that_are_declared(
    tmp_path: Path, declared: sa.MetaData
) -> None:
    with sqlite_store(tmp_path / "a.db") as migrated, sqlite_store(tmp_path / "b.db") as made:
        ensure_schema(migrated)
        with made.transaction() as connection:
            declared.create_all(connection, tables=[declared.tables[table.name] for table in COMMON])
            expected = tables_in(connection)
        with migrated.reading() as connection:
            assert tables_in(connection) == expected
            assert "WITHOUT ROWID" in next(sql for _, name, _, sql in expected if name == "subject_key")
            assert connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID
            assert connection.exec_driver_sql("PRAGMA user_version").scalar() == 0


def test_postgresql_keeps_payloads_in_months_uncompressed_and_numbers_nothing_by_a_sequence(database: str) -> None:
    store = PostgresStore(database, 20)
    try:
        ensure_schema(store)
        with store.reading() as connection:
            parts = connection.exec_driver_sql(
                "SELECT c.relname, a.attstorage FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'sealed'"
                " WHERE i.inhparent = 'payload'::regclass"
            ).all()
            sequences = connection.exec_driver_sql("SELECT count(*) FROM pg_class WHERE relkind = 'S'").scalar()
            key = connection.exec_driver_sql("SELECT pg_get_partkeydef('payload'::regclass)").scalar()
    finally:
        store.close()
    today = dt.datetime.now(dt.UTC).date()
    assert {f"payload_{today:%Y_%m}", "payload_default"} <= {name for name, _ in parts}
    assert len(parts) == 4
    assert {storage for _, storage in parts} <= {"e", b"e"}
    assert (key, sequences) == ("RANGE (id)", 0)


def test_the_newest_script_is_the_revision_that_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", "ordain.audit.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(REVISIONS))
    assert scripts.get_base() == OLDEST


@BOTH
def test_processes_that_open_a_new_database_at_once_make_it_once(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(6)]
    together, faults = threading.Barrier(len(stores)), []

    def work(store: Store) -> None:
        together.wait()
        try:
            ensure_schema(store)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with stores[0].reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").all() == [(HEAD,)]


@BOTH
def test_opening_a_database_that_is_up_to_date_takes_a_query_and_a_look_at_its_structure(
    opened: Callable[[], Store],
) -> None:
    store = opened()
    ensure_schema(store)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    ensure_schema(store)
    looks = 1 if store.engine.dialect.name == "postgresql" else 0  # on SQLite it is the driver's
    assert len([statement for statement in statements if statement != "BEGIN"]) == 1 + looks


def test_opening_a_database_that_is_up_to_date_does_not_load_alembic(path: Path) -> None:
    with sqlite_store(path) as store:
        ensure_schema(store)
    code = (
        "import sys; from ordain.audit.store.schema import ensure_schema\n"
        "from ordain.audit.store.sqlite import SqliteStore\n"
        f"ensure_schema(SqliteStore('sqlite:///{path}')); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120).returncode == 0


def test_a_ledger_that_this_revision_made_opens_without_a_change(path: Path) -> None:
    restored(path)
    with sqlite_store(path) as store:
        assert upgrade(store) == Upgraded("0002", HEAD)
        with store.reading() as connection:
            before = tables_in(connection)
        ensure_schema(store)
        with store.reading() as connection:
            assert tables_in(connection) == before
            assert connection.exec_driver_sql("SELECT count(*) FROM entry").scalar() == 29


@BOTH
def test_an_older_ledger_is_refused_with_the_command_that_upgrades_it(
    opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    ensure_schema(store)

    def to_0005(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE checkpoint ADD COLUMN more VARCHAR")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")

    monkeypatch.setattr(schema, "HEAD", "0005")
    monkeypatch.setattr(schema, "_migrate", to_0005)
    monkeypatch.setattr(schema, "_differences", lambda connection: [])  # the models have no such column
    monkeypatch.setattr(sqlite, "planted", lambda driver: "")
    with pytest.raises(SettingsError) as refused:
        ensure_schema(store)
    assert refused.value.message == f"the ledger `{store.name}` was written by an older version of Ordain"
    assert refused.value.issues[0].hint == "run `ordain audit upgrade`"
    assert upgrade(store) == Upgraded("0004", "0005")
    ensure_schema(store)
    assert upgrade(store) == Upgraded("0005", "0005")


@BOTH
def test_a_ledger_of_0003_gets_a_table_for_the_keys_of_requests(opened: Callable[[], Store]) -> None:
    store = opened()
    with store.transaction() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "ordain.audit.store:migrations")
        command.upgrade(config, "0003")
        assert not sa.inspect(connection).has_table("request_key")
    with pytest.raises(SettingsError, match="was written by an older version"):
        ensure_schema(store)
    assert upgrade(store) == Upgraded("0003", HEAD)
    with store.reading() as connection:
        assert differences(connection) == []
        assert sa.inspect(connection).has_table("request_key")


@BOTH
def test_an_upgrade_that_fails_leaves_the_older_ledger(
    opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    ensure_schema(store)

    def half(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE checkpoint ADD COLUMN more VARCHAR")
        connection.exec_driver_sql("UPDATE nothing SET here = 1")

    monkeypatch.setattr(schema, "HEAD", "0005")
    monkeypatch.setattr(schema, "_migrate", half)
    with pytest.raises(LedgerUnavailable):
        upgrade(store)
    with store.reading() as connection:
        assert "more" not in {column["name"] for column in sa.inspect(connection).get_columns("checkpoint")}
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0004"


@BOTH
@pytest.mark.parametrize("revision", ["0005", "9f31c2ab77d0"])
def test_a_ledger_of_a_newer_ordain_is_refused_and_not_touched(opened: Callable[[], Store], revision: str) -> None:
    store = opened()
    ensure_schema(store)
    with store.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    for call in (ensure_schema, upgrade):
        with pytest.raises(SettingsError, match="was written by a newer Ordain"):
            call(store)


@BOTH
def test_tables_that_are_no_ledgers_are_refused(opened: Callable[[], Store]) -> None:
    store = opened()
    with store.transaction() as connection:
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql("CREATE TABLE entry (id integer)")
    for call in (ensure_schema, upgrade):
        with pytest.raises(SettingsError, match="no version that this Ordain knows"):
            call(store)


@BOTH
def test_upgrading_an_empty_and_an_up_to_date_database_changes_nothing_more(opened: Callable[[], Store]) -> None:
    store = opened()
    assert upgrade(store) == Upgraded(None, HEAD)
    made = found_ledger(store, LocalMasterKey(MASTER), SEED, "demo", ENGINE, now())
    assert upgrade(store) == Upgraded(HEAD, HEAD)
    assert identity(store) == made


@BOTH
def test_a_ledger_of_a_revision_that_was_never_released_is_refused(opened: Callable[[], Store]) -> None:
    store = opened()
    ensure_schema(store)
    with store.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    for call in (ensure_schema, upgrade):
        with pytest.raises(SettingsError, match="no version that this Ordain knows"):
            call(store)
