"""The documentation site of this version, beside those of others: `python docs/site/build.py [FOLDER]`.

Writes FOLDER/<version>/, and the same again as FOLDER/latest/; `versions.json`, from which pages offer the
versions that are there; and `index.html`, which leads to the latest. Put FOLDER on any web server: its pages load
nothing from elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))
from hooks import version  # noqa: E402 - it stands beside this file, in no package

_LEADS_ON = '<!doctype html><title>Ordain</title><meta http-equiv="refresh" content="0; url=latest/">\n'


def make_site(folder: Path) -> Path:
    """Builds this version into `folder`, and says where. Raises mkdocs' Abort for a link that leads nowhere."""
    made = folder / version()
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(made.absolute()), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    shutil.rmtree(folder / "latest", ignore_errors=True)
    shutil.copytree(made, folder / "latest")
    versions = sorted((each.name for each in folder.iterdir() if each.name[:1].isdigit()), key=_numbers, reverse=True)
    listed = [{"version": each, "title": each, "aliases": ["latest"] if each == made.name else []} for each in versions]
    (folder / "versions.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    (folder / "index.html").write_text(_LEADS_ON, encoding="utf-8")
    return made


def _numbers(name: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", name)]


if __name__ == "__main__":
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")  # an advertisement of the theme's
    print(f"written: {make_site(Path(*sys.argv[1:2] or ['site']))}")
