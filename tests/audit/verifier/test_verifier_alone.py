"""The verifier shares nothing with the writer."""

import ast
from pathlib import Path

import pytest

import ordain.audit.verifier

FILES = sorted(Path(ordain.audit.verifier.__file__).parent.glob("*.py"))
MAY_IMPORT = ("ordain.audit.verifier", "ordain.engine.errors", "ordain.engine.late")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_the_verifier_imports_nothing_of_the_writer(path: Path) -> None:
    ours = {name for name in imported(path) if name.split(".")[0] in ("ordain", "bench")}
    others = {name for name in imported(path) if name.split(".")[0] in ("sqlmodel", "sqlalchemy", "orjson", "alembic")}
    assert not others
    assert all(name.startswith(MAY_IMPORT) for name in ours)
    assert ours or path.name in ("__init__.py", "envelope.py", "reading_limits.py", "tree.py")


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 10
