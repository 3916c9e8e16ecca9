"""What a command does not need, it does not load: these libraries take longer than everything that it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ordain.engine.errors import SettingsError
from ordain.engine.late import EXTRAS, late

HEAVY = ["xgboost", "sklearn", "pandas", "numpy", "pyarrow", "openpyxl", "psycopg", "sqlmodel", "elementpath", "flask"]
LEDGER = ["sqlalchemy", "cryptography", "pydantic", "jsonschema"]
ROOT = Path(__file__).parents[2]
CODE = """
import sys
from ordain.api.cli.main import main
try:
    main(sys.argv[2:], standalone_mode=False)
except SystemExit as end:
    assert not end.code
print("loaded:", *(name for name in sys.argv[1].split() if name in sys.modules))
"""


def loaded(folder: Path, watched: list[str], *command: str) -> str:
    run = [sys.executable, "-c", CODE, " ".join(watched), *command]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("loaded:")[2].strip()


def test_a_decision_loads_no_library_of_tables_or_models(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"policies: {ROOT / 'policies'}\n")
    (tmp_path / "facts.json").write_text('{"usage_gb": 95, "plan_gb": 100}')
    decide = ("decide", "plan-advice", "--subject", "C-9", "--facts", "facts.json")
    assert loaded(tmp_path, HEAVY, *decide) == ""
    assert loaded(tmp_path, ["alembic"], *decide) == "", "the ledger is there by now"


def test_an_expression_loads_no_ledger(tmp_path: Path) -> None:
    assert loaded(tmp_path, [*HEAVY, *LEDGER], "feel", "eval", "1+1") == ""


def test_to_import_ordain_loads_nothing_else_of_it() -> None:
    code = "import sys, ordain; sys.exit(any(name.startswith('ordain.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


@pytest.mark.parametrize("package", EXTRAS)
def test_a_missing_package_of_an_extra_is_told_with_what_to_install(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("sys.meta_path", [_Without(package), *sys.meta_path])
    with pytest.raises(SettingsError) as told:
        late(package)
    assert "which is not installed" in told.value.message
    assert (
        told.value.issues[0].hint
        == f"run: pip install 'ordain[{EXTRAS[package][0]}]', or '.[{EXTRAS[package][0]}]' in its source folder"
    )


class _Without:
    """Python's finders, as if a package were not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


WITHOUT_EXTRAS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from ordain.api.cli.main import main
main(sys.argv[2:])
"""


def test_a_base_install_decides_checks_reads_and_verifies(tmp_path: Path) -> None:
    def base(*command: str) -> str:
        run = [sys.executable, "-c", WITHOUT_EXTRAS, " ".join(EXTRAS), *command]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    base("init", ".")
    assert "nothing found" in base("check")
    base("fmt", "--check")
    base("test")
    base("table", "delivery-fee")
    base("decide", "delivery", "--subject", "C-1", "--facts", "facts.json")
    base("models", "list")
    assert "all agree" in base("replay", "--all")
    base("audit", "search", "--as", "tests", "--purpose", "trial")
    base("audit", "export", "all.csv", "--as", "tests", "--purpose", "trial")
    assert "holds" in base("audit", "verify")
