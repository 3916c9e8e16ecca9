"""The settings: `config.yaml`, each overridden by an environment variable `ORDAIN_<NAME>`.

Read by hand: a library for it would take a sixth of the time of a decision by command.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from ordain.engine.errors import Issue, PolicyError, SettingsError, did_you_mean, reason_of
from ordain.engine.text.source import Node, parse
from ordain.engine.values.zones import is_zone_name, zone_hint

CONFIG = "ORDAIN_CONFIG"
"""The environment variable that names another file than `config.yaml` in the working directory."""

OTHER_VARIABLES = (CONFIG, "ORDAIN_MASTER_KEY", "ORDAIN_SIGNING_KEY", "ORDAIN_WRITER_SOCKET")
"""Environment variables of ours that are no settings."""

Read = Callable[[str], Any]
"""A setting's value for a text. Raises ValueError with what is wrong with it."""


def _setting(default: Any, meaning: str, read: Read = str, of: Callable[[str], Any] = str) -> Any:
    """`of` reads one of several values, where a file may have a list."""
    return field(default=default, metadata={"meaning": meaning, "read": read, "of": of})


def _whole(least: int, most: int | None = None) -> Read:
    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise ValueError(f"`{text}` is not a whole number")
        return int(_within(int(text), text, least, most))

    return read


def _number(least: float, most: float) -> Read:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"`{text}` is not a number") from None
        if not math.isfinite(value):
            raise ValueError(f"`{text}` is not a number")
        return _within(value, text, least, most)

    return read


def _within(value: float, text: str, least: float, most: float | None) -> float:
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"it must be {bounds}, not {text}")
    return value


def _one_of(*choices: str) -> Read:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it must be {' or '.join(choices)}, not `{text}`")
        return text

    return read


def _zone(name: str) -> str:
    if not is_zone_name(name):
        raise ValueError(f"`{name}` is not a time zone{zone_hint(name)}")
    return name


def _several(of: Callable[[str], Any]) -> Read:
    def read(text: str) -> tuple[Any, ...]:
        return tuple(of(part.strip()) for part in text.split(",") if part.strip())

    return read


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can choose. Paths are absolute once loaded."""

    database_url: str = _setting("sqlite:///var/ordain.db", "where the ledger is kept")
    policies: Path = _setting(Path("policies"), "the folder of policies, vocabulary and services", Path)
    models: Path = _setting(Path("var/models"), "the folder of trained models", Path)
    keys: Path = _setting(Path("var/keys"), "the folder of the ledger's master and signing keys", Path)
    anchors: tuple[Path, ...] = _setting(
        (),
        "folders outside the database for checkpoints, two or more, with commas; beside it if none",
        _several(Path),
        Path,
    )
    timestamp_url: str | None = _setting(
        None, "an RFC 3161 timestamp authority for the first of those folders", lambda text: text or None
    )
    timestamp_roots: Path | None = _setting(
        None,
        "a PEM file with that authority's root certificate, to check its replies by",
        lambda text: Path(text) if text else None,
    )
    checkpoint_seconds: float = _setting(10.0, "how often new entries are signed and anchored", _number(0.1, 86_400))
    keep_days: int = _setting(0, "for how long after the last record nobody is erased, in days", _whole(0, 36_500))
    jurisdiction_fact: str = _setting("jurisdiction", "the fact that names the law that applies to an entry")
    host: str = _setting("127.0.0.1", "the address to listen on")
    port: int = _setting(8080, "the port to listen on", _whole(1, 65_535))
    hosts: tuple[str, ...] = _setting(
        (),
        "names by which clients call this server, with commas, besides localhost, `host` and addresses; `*`: any",
        _several(str),
    )
    threads: int = _setting(4, "requests worked on at once that are no decisions", _whole(1, 64))
    workers: int = _setting(
        1, "processes that decide; with several, one more writes a ledger in SQLite for them", _whole(1, 64)
    )
    reload: str = _setting(
        "signal",
        "when policies and models are loaded again: at a SIGHUP (`signal`), also when a policy file changes (`change`)",
        _one_of("signal", "change"),
    )
    tenant: str = _setting("demo", "the business whose policies these are, as the ledger names it")
    time_zone: str = _setting("UTC", "the time zone whose calendar decides what day it is", _zone)
    max_body_bytes: int = _setting(65_536, "the largest request that is read, in bytes", _whole(1024))
    busy_seconds: float = _setting(5.0, "how long to wait for a locked database", _number(0, 60))
    log_format: str = _setting(
        "auto", "lines of the log as `json` or `text`; `auto`: text on a terminal", _one_of("auto", "json", "text")
    )
    log_level: str = _setting(
        "info",
        "the least that is logged: `debug`, `info` (each request), `warning` or `error`",
        _one_of("debug", "info", "warning", "error"),
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


SETTINGS: Mapping[str, Field[Any]] = MappingProxyType({each.name: each for each in fields(Settings)})
"""By name; in the metadata of each its `meaning`, and how it is `read`."""


def load_settings(config: Path | None = None) -> Settings:
    """The settings of `config`, or of the file that ORDAIN_CONFIG names, or of ./config.yaml, or the defaults.

    Raises SettingsError, naming file, setting and place.
    """
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    file = (named or Path("config.yaml")).absolute()
    if named is not None and not file.is_file():
        raise SettingsError(f"there is no file `{named}`", f"it is named by --config or {CONFIG}")
    data = _read(file) if file.is_file() else {}
    settings, root = Settings(**_values(data | _from_environment(), file.name)), file.parent
    return replace(
        settings,
        policies=root / settings.policies,
        models=root / settings.models,
        database_url=_absolute(settings.database_url, root),
        keys=root / settings.keys,
        timestamp_roots=None if settings.timestamp_roots is None else root / settings.timestamp_roots,
        anchors=tuple(root / place for place in settings.anchors),
    )


def _values(given: Mapping[str, str | list[str]], file: str) -> dict[str, Any]:
    """The value of each given setting. Raises SettingsError with all that is wrong."""
    values: dict[str, Any] = {}
    issues = []
    for name, raw in given.items():
        try:
            values[name] = _value(SETTINGS[name], raw)
        except ValueError as error:
            hint = f"see {file} and the variable ORDAIN_{name.upper()}"
            issues.append(Issue(f"the setting `{name}`: {error}", hint))
    if issues:
        raise SettingsError(issues)
    return values


def _value(setting: Field[Any], raw: str | list[str]) -> Any:
    if isinstance(raw, list):
        if not isinstance(setting.default, tuple):
            raise ValueError("one value stands here, not a list")
        return tuple(map(setting.metadata["of"], raw))
    if not raw and setting.default is not None and not isinstance(setting.default, tuple):
        raise ValueError("nothing is given")
    return setting.metadata["read"](raw)


def _from_environment() -> dict[str, str]:
    """The settings that the environment names, in capitals or not."""
    given = {name.lower(): value for name, value in os.environ.items()}
    return {name: given[f"ordain_{name}"] for name in SETTINGS if f"ordain_{name}" in given}


def unknown_variables() -> list[str]:
    """A line for each environment variable that looks like one of ours and is none."""
    names = [f"ORDAIN_{name.upper()}" for name in SETTINGS]
    known = {*names, *OTHER_VARIABLES}
    strange = [name for name in sorted(os.environ) if name.upper().startswith("ORDAIN_") and name.upper() not in known]
    return [f"the variable {name} is not known; {did_you_mean(name.upper(), known)}" for name in strange]


def _read(file: Path) -> dict[str, str | list[str]]:
    try:
        text = file.read_bytes()
        if not any(line.strip() and not line.lstrip().startswith(b"#") for line in text.splitlines()):
            return {}
        node = parse(text, file.name)
    except PolicyError as error:
        raise SettingsError(error.issues) from None
    except OSError as error:
        raise SettingsError(f"`{file.name}` cannot be read: {reason_of(error)}") from None
    if node.value is not None and not isinstance(node.value, dict):
        raise SettingsError(Issue("settings are `name: value` lines", "", node.span))
    for key, span in node.keys.items():
        if key not in SETTINGS:
            raise SettingsError(Issue(f"unknown setting `{key}`", did_you_mean(key, SETTINGS), span))
    return {key: _texts(part) for key, part in node.items()}


def _texts(node: Node) -> str | list[str]:
    return [part.text for part in node.value] if isinstance(node.value, list) else node.text


def _absolute(url: str, root: Path) -> str:
    """A relative SQLite path counts from the folder of the settings."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return prefix + str(root / url.removeprefix(prefix))
