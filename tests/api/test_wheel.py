"""The wheel, installed: one import name, beside whatever else is called `api` or `models`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOREIGN = "raise ImportError('this is the foreign package')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    subprocess.run([*pip, "-w", str(folder)], check=True, timeout=120)
    (made,) = folder.glob("ordain-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the wheel in it, as pip puts it there."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "-q", "--target", str(target), str(wheel)]
    subprocess.run(pip, check=True, timeout=120)
    return target


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """A command of the installed wheel, in a folder; the other packages are those of the tests."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    # As the script of the command does it: the working directory is no place of packages.
    code = f"import sys; sys.path[0:1] = {paths!r}; from ordain.api.cli.main import main; main(prog_name='ordain')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_of_it_lies_under_one_name_with_its_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"ordain"}
    assert names >= {
        "ordain/__main__.py",
        "ordain/py.typed",
        "ordain/api/cli/demo.json",
        "ordain/api/cli/init_folder/gitignore",
        "ordain/engine/check/codes.yaml",
        "ordain/engine/feel/functions/reference.md",
        "ordain/models/data/mappings/telco.yaml",
    }


def test_a_folder_with_an_api_and_models_of_its_own_stands_in_no_ones_way(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "init")
    for name in ("api", "models", "engine", "audit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(FOREIGN)
    assert "nothing found" in run(installed, tmp_path, "check")
    decided = run(installed, tmp_path, "decide", "delivery", "--subject", "C-1", "--facts", "facts.json")
    assert "4.90 EUR" in decided


@pytest.mark.parametrize("first", ["foreign", "ordain"])
def test_a_foreign_package_called_api_neither_overwrites_nor_breaks_anything(
    wheel: Path, tmp_path: Path, first: str
) -> None:
    foreign = tmp_path / "foreign-1.0-py3-none-any.whl"
    with zipfile.ZipFile(foreign, "w") as file:
        info = "foreign-1.0.dist-info"
        file.writestr("api/__init__.py", "WHOSE = 'foreign'\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    packages = tmp_path / "packages"
    for each in (foreign, wheel) if first == "foreign" else (wheel, foreign):
        with zipfile.ZipFile(each) as file:
            assert not [name for name in file.namelist() if (packages / name).is_file()], "one overwrites the other"
            file.extractall(packages)
    assert (packages / "api/__init__.py").read_text() == "WHOSE = 'foreign'\n"
    assert run(packages, tmp_path, "feel", "eval", "1+1").startswith("2")
    shutil.rmtree(packages / "api")
    assert run(packages, tmp_path, "feel", "eval", "1+1").startswith("2")
