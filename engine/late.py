"""What is loaded only when it is used: heavy libraries, and packages that an installation may do without.

The one place where something is imported by its name. It looks like `late("ordain.engine.sheets.xlsx:write_xlsx")`,
and says in a sentence what to install when a package of an extra is not there.
"""

from __future__ import annotations

import pkgutil
from typing import Any

from ordain.engine.errors import SettingsError

EXTRAS = {
    "numpy": ("ml", "Training a model, and scoring with one,"),
    "pandas": ("ml", "Training a model"),
    "sklearn": ("ml", "Training a model"),
    "xgboost": ("ml", "Training a model, and scoring with one,"),
    "duckdb": ("sql", "Deciding a table, or computing features in bulk,"),
    "fairlearn": ("ml", "Measuring fairness"),
    "matplotlib": ("ml", "Drawing a model's card"),
    "scipy": ("ml", "Training a model"),
    "holidays": ("calendars", "Importing the holidays of a country"),
    "openpyxl": ("export", "An Excel sheet"),
    "pyarrow": ("export", "A Parquet file"),
    "sqlglot": ("sql", "A policy as SQL"),
    "pyspark": ("spark", "Spark"),
    "z3": ("prove", "A proof about a policy"),
    "httpx": ("events", "Delivering events"),
    "confluent_kafka": ("kafka", "Delivering events to Kafka"),
    "nats": ("nats", "Delivering events to NATS"),
    "psycopg": ("postgres", "Keeping a ledger, or features, in PostgreSQL"),
    "redis": ("redis", "Sharing limits among servers (`redis_url`)"),
    "opentelemetry": ("telemetry", "Sending traces (`traces`)"),
    "authlib": ("auth", "Log-in with a browser (`login_issuer`)"),
    "joserfc": ("auth", "Callers known by tokens (`jwt_keys`)"),
    "lsprotocol": ("lsp", "The language server"),
    "pygls": ("lsp", "The language server"),
}
"""By the package's name in Python: the extra of Ordain that brings it, and what needs it."""

_CALLED = {"sklearn": "scikit-learn", "confluent_kafka": "confluent-kafka", "nats": "nats-py", "z3": "z3-solver"}


def late(name: str) -> Any:
    """The object that `module:object` names, or the module; its module is imported now.

    Raises SettingsError when it needs a package of an extra that is not installed.
    """
    try:
        return pkgutil.resolve_name(name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise missing(package) from None


def missing(package: str) -> SettingsError:
    """The error for a package of an extra that is not installed."""
    extra, what = EXTRAS[package]
    called = _CALLED.get(package, package)
    return SettingsError(
        f"{what} needs {called}, which is not installed",
        f"run: pip install 'ordain[{extra}]', or '.[{extra}]' in its source folder",
    )
