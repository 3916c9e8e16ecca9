"""The structure that a ledger's tables have, written down a second time: what a database has otherwise may run code.

A trigger, a rule, a computed column, a condition, a conflict clause: each may drop, change or hide what is written
after the answer to it has left. So the whole structure is compared, not what is known to be bad. SQLite keeps the text
of every statement that made something; PostgreSQL tells columns, conditions and indexes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ordain.audit.verifier.findings import quote

_COMMON = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, \
CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))
CREATE TABLE document (digest VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, \
version INTEGER NOT NULL, text BLOB NOT NULL, PRIMARY KEY (digest, kind, name, version))
CREATE UNIQUE INDEX one_text_per_policy_version ON document (name, version) WHERE kind = 'policy'
CREATE TABLE tile (level INTEGER NOT NULL, tile_index BIGINT NOT NULL, hashes BLOB NOT NULL, \
PRIMARY KEY (level, tile_index))
CREATE TABLE checkpoint (size INTEGER NOT NULL, note VARCHAR NOT NULL, PRIMARY KEY (size))
CREATE TABLE ledger_identity (ledger VARCHAR NOT NULL, origin VARCHAR NOT NULL, key VARCHAR NOT NULL, \
index_key BLOB NOT NULL, PRIMARY KEY (ledger))
CREATE TABLE request_key (digest BLOB NOT NULL, request BLOB NOT NULL, id BLOB NOT NULL, PRIMARY KEY (digest), \
UNIQUE (id)) WITHOUT ROWID
CREATE TABLE sqlite_stat1(tbl,idx,stat)
CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)
"""
_KEYS = "key BLOB NOT NULL, tag BLOB NOT NULL, wrapped BLOB NOT NULL, hold VARCHAR, erase_not_before VARCHAR"
_INSIDE = f"""
CREATE TABLE entry (leaf_index INTEGER NOT NULL, id BLOB NOT NULL, envelope BLOB NOT NULL, key BLOB, sealed BLOB, \
PRIMARY KEY (leaf_index), UNIQUE (id))
CREATE INDEX entry_of_key ON entry (leaf_index >> 10, key) WHERE key IS NOT NULL
CREATE TABLE subject_key ({_KEYS}, PRIMARY KEY (key), UNIQUE (tag)) WITHOUT ROWID
"""
_APART = f"""
CREATE TABLE entry (leaf_index INTEGER NOT NULL, id BLOB NOT NULL, envelope BLOB NOT NULL, \
PRIMARY KEY (leaf_index), UNIQUE (id))
CREATE TABLE payload (id BLOB NOT NULL, key BLOB, sealed BLOB NOT NULL, PRIMARY KEY (id))
CREATE TABLE subject_key ({_KEYS}, PRIMARY KEY (key), UNIQUE (tag))
CREATE TABLE subject_index (key BLOB NOT NULL, id BLOB NOT NULL, PRIMARY KEY (key, id), \
FOREIGN KEY(key) REFERENCES subject_key (key)) WITHOUT ROWID
"""
_OWN_INDEX = "sqlite_autoindex_"  # SQLite's names for the indexes that PRIMARY KEY and UNIQUE make, which have no text


_MADE = re.compile(r"CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)")


def plain(statement: object) -> str:
    """A statement without what makes no difference: quotation marks of names, line breaks, spaces in a row."""
    text = statement.replace('"', "") if isinstance(statement, str) else ascii(statement)
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(text.split()))


def _named(statements: str) -> dict[str, str]:
    made = (_MADE.match(text) for text in map(plain, statements.splitlines()))
    return {each[1]: each.string for each in made if each}


SQLITE = {False: _named(_COMMON + _INSIDE), True: _named(_COMMON + _APART)}
"""The statement of each thing in a SQLite file, by its name; by whether payloads stand apart from entries."""


def sqlite_faults(listed: Sequence[tuple[str, str, object]], apart: bool) -> Iterator[str]:
    """What a SQLite file has that a ledger has not, or otherwise. `listed`: type, name and statement of each thing."""
    known, there = SQLITE[apart], {name for _, name, _ in listed}
    for name, text in known.items():
        if "INDEX" in text.split("(")[0] and name not in there:
            yield f"the index `{name}` is gone"
    for kind, name, statement in listed:
        if kind in ("trigger", "view"):
            yield f"the file has a {kind} `{quote(name)}`: it may change what is stored"
        elif statement is None and kind == "index" and name.startswith(_OWN_INDEX):
            continue  # of a table whose own statement is compared
        elif name not in known:
            yield f"the file has a {quote(kind)} `{quote(name)}`, which is none of a ledger's"
        elif plain(statement) != known[name]:
            yield f"the {quote(kind)} `{quote(name)}` is not made as a ledger's is: {quote(plain(statement))}"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of a PostgreSQL database, as its catalogue tells of it; `bounds` are those of a partition."""

    name: str
    kind: str
    persistence: str
    bounds: str | None
    parents: Sequence[str]
    columns: Sequence[str]
    conditions: Sequence[str]
    indexes: Sequence[str]
    policies: Sequence[str]
    triggers: Sequence[str]
    rules: Sequence[str]


_POSTGRESQL: dict[str, tuple[str, str]] = {
    "alembic_version": ("version_num character varying(32) not null", "PRIMARY KEY (version_num)"),
    "checkpoint": ("size bigint not null, note character varying not null", "PRIMARY KEY (size)"),
    "document": (
        "digest character varying not null, kind character varying not null, name character varying not null, "
        "version integer not null, text bytea not null",
        "PRIMARY KEY (digest, kind, name, version)",
    ),
    "entry": (
        "leaf_index bigint not null, id bytea not null, envelope bytea not null",
        "PRIMARY KEY (leaf_index); UNIQUE (id)",
    ),
    "inbox": ("id bytea not null, envelope bytea not null", "PRIMARY KEY (id)"),
    "ledger_identity": (
        "ledger character varying not null, origin character varying not null, key character varying not null, "
        "index_key bytea not null",
        "PRIMARY KEY (ledger)",
    ),
    "payload": ("id bytea not null, key bytea, sealed bytea not null", "PRIMARY KEY (id)"),
    "request_key": (
        "digest bytea not null, request bytea not null, id bytea not null",
        "PRIMARY KEY (digest); UNIQUE (id)",
    ),
    "sequencer": ("one integer not null, term bigint not null, size bigint not null", "PRIMARY KEY (one)"),
    "subject_index": (
        "key bytea not null, id bytea not null",
        "FOREIGN KEY (key) REFERENCES subject_key(key); PRIMARY KEY (key, id)",
    ),
    "subject_key": (
        "key bytea not null, tag bytea not null, wrapped bytea not null, hold character varying, "
        "erase_not_before character varying",
        "PRIMARY KEY (key); UNIQUE (tag)",
    ),
    "tile": (
        "level integer not null, tile_index bigint not null, hashes bytea not null",
        "PRIMARY KEY (level, tile_index)",
    ),
}
"""Of each table its columns in order, and its conditions."""
_POLICY_INDEX = "UNIQUE INDEX ON document USING btree (name, version) WHERE ((kind)::text = 'policy'::text)"
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?(?:\S+\.)?(\S+) ")
_PARTITION = re.compile(r"payload_(?:default|([0-9]{4})_([0-9]{2}))")


def postgresql_faults(relations: Sequence[Relation]) -> Iterator[str]:
    """What a ledger's tables, and what hangs on them, have otherwise. Tables beside them say nothing."""
    for each in relations:
        of_payload = "payload" in each.parents and _PARTITION.fullmatch(each.name) is not None
        known = _POSTGRESQL.get("payload" if of_payload else each.name)
        if known is None:
            for parent in each.parents:
                if parent in _POSTGRESQL:
                    yield f"the table `{quote(each.name)}` adds rows to `{parent}`"
            continue
        if each.kind not in "rp":
            continue  # told where the tables are looked at
        if each.persistence != "p":
            yield f"`{quote(each.name)}` is not kept through a crash: it is unlogged"
        if tuple(each.parents) != (("payload",) if of_payload else ()) or (of_payload and each.kind != "r"):
            yield f"`{quote(each.name)}` takes or gives rows otherwise than a ledger's table"
        if of_payload and each.bounds != _bounds(each.name):
            yield f"`{quote(each.name)}` holds other months than its name says: {quote(each.bounds)}"
        if ", ".join(each.columns) != known[0]:
            told = quote(_other(each.columns, known[0], ", "))
            yield f"the columns of `{quote(each.name)}` are not a ledger's: {told}"
        if "; ".join(each.conditions) != known[1]:
            told = quote(_other(each.conditions, known[1], "; "))
            yield f"the conditions on `{quote(each.name)}` are not a ledger's: {told}"
        for index in each.indexes:
            if _INDEX.sub(r"\1INDEX ON \3 ", index) != _POLICY_INDEX:
                yield f"`{quote(each.name)}` has an index that is none of a ledger's: {quote(index)}"
        for policy in each.policies:
            yield f"`{quote(each.name)}` has a policy `{quote(policy)}`: it may hide rows"
        for what, names in (("trigger", each.triggers), ("rule", each.rules)):
            for name in names:
                yield f"`{quote(each.name)}` has a {what} `{quote(name)}`: it may change what is stored"


def _other(there: Sequence[str], wanted: str, between: str) -> str:
    """What is there and should not be, or else what is not and should."""
    known = wanted.split(between)
    more, lacking = [each for each in there if each not in known], [each for each in known if each not in there]
    return ", ".join(more or [f"without {each}" for each in lacking] or ["in another order"])


def _bounds(name: str) -> str:
    """Those of a month's partition: from its first moment's smallest UUIDv7 to the next month's."""
    month = _PARTITION.fullmatch(name)
    if month is None or month[1] is None:
        return "DEFAULT"
    year, number = int(month[1]), int(month[2])
    try:
        first, last = (_first_id(year, number), _first_id(year + number // 12, number % 12 + 1))
    except ValueError:
        return "no month"
    return f"FOR VALUES FROM ('\\x{first}') TO ('\\x{last}')"


def _first_id(year: int, month: int) -> str:
    milliseconds = round(dt.datetime(year, month, 1, tzinfo=dt.UTC).timestamp() * 1000)
    return f"{milliseconds:012x}" + "0" * 20


RELATIONS = """
SELECT c.relname::text, c.relkind::text, c.relpersistence::text, pg_get_expr(c.relpartbound, c.oid),
  ARRAY(SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid),
  ARRAY(SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' THEN ' computed' ELSE '' END
    || CASE WHEN d.oid IS NOT NULL THEN ' default ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
    || CASE WHEN a.attcollation <> t.typcollation THEN ' collated' ELSE '' END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
  ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype NOT IN ('n', 't') ORDER BY 1),
  ARRAY(SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x
    WHERE x.indrelid = c.oid AND NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.conrelid = c.oid)),
  ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid),
  ARRAY(SELECT tgname::text FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
  ARRAY(SELECT rulename::text FROM pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN')
FROM pg_class c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND (c.relnamespace = current_schema()::regnamespace OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i
  JOIN pg_class p ON p.oid = i.inhparent WHERE p.relnamespace = current_schema()::regnamespace))
"""
"""PostgreSQL's catalogue of the tables of the current schema, and of what inherits from them elsewhere: `Relation`s."""

EVENT_TRIGGERS = """
SELECT evtname::text FROM pg_event_trigger e WHERE NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
"""
"""Those of the database, but for what an extension brought."""
