#!/bin/sh
# sqlglot 30.30.0 (PyPI), exp.cast: a cast from one decimal type to another is left out.
#
# The builder is documented to leave out a cast to the type that an expression already has. It compares the kind of type
# alone, not its parameters: what is a DECIMAL(9, 2) stays one where DECIMAL(9, 1) is asked for, so 0.07 is not rounded
# to 0.1, and a VARCHAR(3) stays one where VARCHAR(9) is asked for. Nothing is raised. A node made with exp.Cast has both.
#
# Run it: sh findings/sqlglot-cast-drops-a-second-decimal.sh. It succeeds while it is as described, and fails once it changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
from sqlglot import exp

wide = exp.cast(exp.column("x"), "DECIMAL(9, 2)")
built = exp.cast(wide, "DECIMAL(9, 1)")
written = exp.Cast(this=wide.copy(), to=exp.DataType.build("DECIMAL(9, 1)"))
assert built.sql("duckdb") == "CAST(x AS DECIMAL(9, 2))", f"changed: {built.sql('duckdb')}"
given = [
    str(duckdb.execute(f"SELECT {each.sql('duckdb')} FROM (SELECT 0.07 AS x)").fetchone()[0]) for each in (built, written)
]
assert given == ["0.07", "0.1"], f"changed: {given}"
text = exp.cast(exp.cast(exp.column("x"), "VARCHAR(3)"), "VARCHAR(9)")
assert text.sql() == "CAST(x AS VARCHAR(3))", f"changed: {text.sql()}"
print(f"as described: cast of a cast to DECIMAL(9, 1) gives {given[0]} where the two casts give {given[1]}")
PYTHON
