"""`ordain-client URL --out FILE`: types of the services that run there, as a Python module."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ordain_client.client import Client
from ordain_client.errors import OrdainError
from ordain_client.typed_source import source_of


def main(arguments: list[str] | None = None) -> int:
    """0: written; 1: with --check, the file is another one; 2: it cannot be done."""
    parser = argparse.ArgumentParser(prog="ordain-client", description="Types of an Ordain service, for Python.")
    parser.add_argument("source", help="the service's address, or a file with its /openapi.json")
    parser.add_argument("--out", type=Path, required=True, help="the module to write")
    parser.add_argument("--key-variable", metavar="NAME", help="the environment variable with the API key")
    parser.add_argument("--check", action="store_true", help="write nothing: whether the module is as it would be")
    asked = parser.parse_args(arguments)
    try:
        key = os.environ[asked.key_variable] if asked.key_variable else None
        text = source_of(_document(asked.source, key))
    except KeyError as error:
        print(f"there is no {error}: a variable that is not set, or no document of Ordain", file=sys.stderr)
        return 2
    except (OrdainError, OSError, ValueError) as error:
        print(f"`{asked.source}` cannot be read: {error}", file=sys.stderr)
        return 2
    if asked.check:
        same = asked.out.is_file() and asked.out.read_text(encoding="utf-8") == text
        print(f"{asked.out}: {'as it would be written' if same else 'another one: write it again'}")
        return 0 if same else 1
    asked.out.write_text(text, encoding="utf-8")
    print(f"{asked.out} written")
    return 0


def _document(source: str, key: str | None) -> dict[str, object]:
    if source.startswith(("http://", "https://")):
        with Client(source, key=key) as client:
            return client.get("/openapi.json")
    return dict(json.loads(Path(source).read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
