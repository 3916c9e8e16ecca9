"""The image: its Dockerfile is safe, all that it names is there, and its steps work (ORDAIN_TEST_IMAGE=1)."""

from __future__ import annotations

import base64
import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ports import free_port
from served import Server
from shipped import DEPLOY, ROOT, run

DOCKERFILE = DEPLOY / "docker/Dockerfile"
ENTRYPOINT = DEPLOY / "docker/entrypoint.sh"
LOCKS = ("requirements-serve.lock", "requirements-full.lock", "deploy/docker/build.lock")
_PIN = re.compile(r"^(?P<name>[a-z0-9][\w.-]*)(?:\[[\w,]+\])?==(?P<version>[^\s;]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the Dockerfile: `RUN` and what follows; `stage` counts from 0."""

    word: str
    rest: str
    stage: int

    @property
    def paths(self) -> list[str]:
        return [part for part in self.rest.split() if not part.startswith("--")]


def steps() -> list[Step]:
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found: list[Step] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            stage += word == "FROM"
            found.append(Step(word, rest, stage))
    return found


def last(word: str) -> str:
    """What the image that comes out says with that instruction."""
    return [step.rest for step in steps() if step.word == word and step.stage == 1][-1]


def copied() -> Iterator[tuple[Step, str]]:
    """Each thing that is copied from the repository, by its path in it."""
    for step in steps():
        if step.word == "COPY" and "--from=" not in step.rest:
            yield from ((step, source) for source in step.paths[:-1])


def pins(lock: str) -> dict[str, str]:
    return dict(_PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


def test_what_is_copied_is_there_and_reaches_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*", "what is not named stays outside"
    let_in = [line[1:] for line in lines if line.startswith("!")]
    for _, source in copied():
        assert (ROOT / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in let_in), f"{source}: .dockerignore"
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    secret = ("var", "keys", ".env", "deploy/compose/secrets")
    assert not [name for name in let_in for pattern in secret if fnmatch.fnmatch(name, pattern)]


def test_all_that_the_wheel_is_made_of_is_copied() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert set(wheel["wheel"]["only-include"]) <= {source for _, source in copied()}


def test_it_runs_as_a_user_without_rights_and_is_stopped_and_watched_as_it_should() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))
    assert f"--uid {last('USER').split(':')[0]} " in last("RUN")
    assert last("STOPSIGNAL") == "SIGTERM"
    assert json.loads(last("CMD")) == ["ordain", "serve"]
    assert not [step for step in steps() if re.search(r"KEY=|PASSWORD|SECRET|TOKEN", step.rest)]


def test_what_comes_from_outside_is_pinned_by_hash_and_the_rest_asks_nobody() -> None:
    for step in steps():
        if step.word == "RUN" and re.search(r"-m pip (install|wheel)", step.rest):
            assert "--require-hashes" in step.rest or "--no-index" in step.rest, step.rest
            assert "--no-deps" in step.rest


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_each_package_and_the_versions_that_are_tested(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text(encoding="utf-8").split("\n", 2)[2])
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert pins(lock).items() <= pins("requirements.lock").items()


def test_the_full_lock_has_the_servers_and_each_extra_that_the_tests_have() -> None:
    assert pins("requirements-serve.lock").items() <= pins("requirements-full.lock").items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tested = project["optional-dependencies"]["dev"][0]
    named = re.search(r"^FULL +:= (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert named is not None
    others = ["lsp", "calendars", "spark"]  # of no use to a server; Spark is some 500 MB, and needs Java
    assert tested == f"ordain[{','.join([*named[1].split(), *others])}]"
    head = (ROOT / "requirements-full.lock").read_text(encoding="utf-8").splitlines()[1]
    assert re.findall(r"--extra (\w+)", head) == named[1].split(), "run `make lock`"


def test_its_health_check_tells_a_server_that_answers_from_one_that_does_not(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    program, *arguments = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert program == "python"

    def check(port: int) -> int:
        done = run([sys.executable, *arguments], env={"ORDAIN_PORT": str(port)})
        return done.returncode

    with Server(tmp_path_factory.mktemp("checked")) as running:
        assert check(running.port) == 0
    assert check(free_port()) != 0


def enter(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    return run(["sh", str(ENTRYPOINT), *command], env=environment)


def test_secrets_in_files_become_variables_of_the_command_alone(tmp_path: Path) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    (tmp_path / "key").write_text(key + "\n")
    (tmp_path / "password").write_text('it\'s $HOME `x` "y"\n')
    done = enter("env", ORDAIN_MASTER_KEY_FILE=f"{tmp_path}/key", PGPASSWORD_FILE=f"{tmp_path}/password")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"ORDAIN_MASTER_KEY={key}" in lines
    assert 'PGPASSWORD=it\'s $HOME `x` "y"' in lines
    assert "_FILE=" not in done.stdout, "the server would say that it does not know such a variable"


def test_a_secret_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    done = enter("echo", "started", ORDAIN_SIGNING_KEY_FILE=f"{tmp_path}/none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ORDAIN_SIGNING_KEY_FILE" in done.stderr


def test_the_command_takes_the_place_of_the_shell() -> None:
    done = enter("sh", "-c", "ps -o args= -p $$ || tr '\\0' ' ' < /proc/$$/cmdline")
    assert "entrypoint" not in done.stdout


@pytest.mark.parametrize("lock", LOCKS[:2])
def test_the_steps_of_the_build_work_in_a_clean_folder(lock: str, tmp_path: Path) -> None:
    """As the build stage does them, with /opt and /src moved into a folder of the test's own."""
    if not os.environ.get("ORDAIN_TEST_IMAGE"):
        pytest.skip("slow, and asks a package index: set ORDAIN_TEST_IMAGE=1 to run the image's steps")
    source = tmp_path / "src"
    source.mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    variables = {**os.environ, "LOCK": lock, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    for step in steps():
        if step.stage != 0:
            continue
        if step.word == "COPY":
            *sources, target = step.paths
            for each in sources:
                _copy(ROOT / each, source / target, len(sources) > 1)
        elif step.word == "RUN":
            script = step.rest.replace("/opt/", f"{tmp_path}/opt/")
            done = run(["sh", "-euc", script], cwd=source, env=variables)
            assert done.returncode == 0, f"{script}\n{done.stderr[-3000:]}"
    environment = {"PATH": f"{tmp_path}/opt/ordain/bin:{os.environ['PATH']}"}
    shop = tmp_path / "shop"
    command = ["sh", str(ENTRYPOINT), "ordain"]
    made = run([*command, "init", str(shop)], env=environment)
    assert made.returncode == 0, made.stderr
    decide = ["decide", "delivery", "--subject", "C-1", "--facts", "facts.json"]
    decided = run([*command, *decide], cwd=shop, env=environment)
    assert decided.returncode == 0, decided.stderr
    assert "on record" in decided.stdout
    assert not glob.glob(f"{tmp_path}/opt/ordain/lib/python*/site-packages/pip")


def _copy(source: Path, target: Path, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        return
    if into or str(target).endswith("/") or target.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        target = target / source.name
    shutil.copyfile(source, target)
