"""Secrets that a file names and does not hold: they stand in an environment variable, or in a file of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ordain.api.limits import LIMITS
from ordain.engine.errors import Issue, reason_of
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import Node
from ordain.engine.text.structure import Schema

SECRET: Schema = {
    "secret variable": {"type": "string", "description": "the environment variable with the secret"},
    "secret file": {"type": "string", "description": "the file with the secret"},
}
"""The properties that name one."""
MAKE_ONE = "make one: python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""


def named_secrets(
    what: str, part: Node, folder: Path, read: Callable[[str], tuple[bytes, ...]], make: str, issues: list[Issue]
) -> tuple[bytes, ...]:
    """The secrets of `what`, such as "endpoint `crm`", of which `part` says where they are; several rotate.

    `read` takes the text apart, and raises ValueError; `make` says where one comes from. What is wrong goes to
    `issues`, and never says a secret.
    """
    variable, file = part.get("secret variable"), part.get("secret file")
    if (variable is None) == (file is None):
        hint = "name `secret variable: CRM_SECRET`, or `secret file: secrets/crm`"
        has = "has no secret" if variable is None else "has a `secret variable` and a `secret file`"
        issues.append(Issue(f"the {what} {has}", hint, part.span))
        return ()
    node = variable or file
    assert node is not None  # noqa: S101 - one of the two is there
    said = f"the {'file' if variable is None else 'variable'} `{node.text}`"
    try:
        text = (
            bytes_of(folder / node.text, LIMITS.key_bytes).decode("ascii")
            if variable is None
            else os.environ[node.text]
        )
        return read(text)
    except KeyError:
        issues.append(Issue(f"{said} is not set", f"put the secret of the {what.partition(' ')[0]} into it", node.span))
    except OSError as error:
        issues.append(Issue(f"{said} cannot be read: {reason_of(error)}", "put the secret into it", node.span))
    except ValueError as error:  # not ASCII, too
        why = "it is not a secret" if isinstance(error, UnicodeError) else str(error)
        issues.append(Issue(f"{said}: {why}", make, node.span))
    return ()
