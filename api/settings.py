"""The settings: `config.yaml`, each overridden by an environment variable `ORDAIN_<NAME>`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ordain.engine.errors import Issue, PolicyError, SettingsError, did_you_mean, reason_of
from ordain.engine.text.source import Node, parse
from ordain.engine.values.zones import is_zone_name, zone_hint

CONFIG = "ORDAIN_CONFIG"
"""The environment variable that names another file than `config.yaml` in the working directory."""


class Settings(BaseModel):
    """Everything an installation can choose. Paths are absolute once loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    database_url: str = Field("sqlite:///var/ordain.db", description="where the ledger is kept")
    policies: Path = Field(Path("policies"), description="the folder of policies, vocabulary and services")
    models: Path = Field(Path("var/models"), description="the folder of trained models")
    keys: Path = Field(Path("var/keys"), description="the folder of the ledger's master and signing keys")
    anchors: list[Path] = Field(
        [],
        description="folders outside the database for checkpoints, two or more, with commas; beside it if none",
    )
    timestamp_url: str | None = Field(
        None, description="an RFC 3161 timestamp authority for the first of those folders"
    )
    timestamp_roots: Path | None = Field(
        None, description="a PEM file with that authority's root certificate, to check its replies by"
    )
    checkpoint_seconds: Annotated[
        float, Field(ge=0.1, le=86_400, description="how often new entries are signed and anchored")
    ] = 10.0
    keep_days: Annotated[
        int, Field(ge=0, le=36_500, description="for how long after the last record nobody is erased, in days")
    ] = 0
    jurisdiction_fact: str = Field("jurisdiction", description="the fact that names the law that applies to an entry")
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: Annotated[int, Field(ge=1, le=65535, description="the port to listen on")] = 8080
    threads: Annotated[
        int,
        Field(ge=1, le=64, description="requests worked on at once; one is fastest where a commit takes under 1 ms"),
    ] = 1
    tenant: str = Field("demo", description="the business whose policies these are, as the ledger names it")
    time_zone: str = Field("UTC", description="the time zone whose calendar decides what day it is")
    max_body_bytes: Annotated[int, Field(ge=1024, description="the largest request that is read, in bytes")] = 65_536
    busy_seconds: Annotated[float, Field(ge=0, le=60, description="how long to wait for a locked database")] = 5.0

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not is_zone_name(name):
            raise ValueError(f"`{name}` is not a time zone{zone_hint(name)}")
        return name

    @field_validator("anchors", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        """The environment gives several folders as one text."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def load_settings(config: Path | None = None) -> Settings:
    """The settings of `config`, or of the file that ORDAIN_CONFIG names, or of ./config.yaml, or the defaults.

    Raises SettingsError, naming file, setting and place.
    """
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    file = (named or Path("config.yaml")).absolute()
    if named is not None and not file.is_file():
        raise SettingsError(f"there is no file `{named}`", f"it is named by --config or {CONFIG}")
    data = _read(file) if file.is_file() else {}
    try:
        settings = Settings.model_validate(data | _from_environment())
    except ValidationError as error:
        raise SettingsError([_issue(dict(part), file.name) for part in error.errors()]) from None
    root = file.parent
    return settings.model_copy(
        update={
            "policies": root / settings.policies,
            "models": root / settings.models,
            "database_url": _absolute(settings.database_url, root),
            "keys": root / settings.keys,
            "timestamp_roots": None if settings.timestamp_roots is None else root / settings.timestamp_roots,
            "anchors": [root / place for place in settings.anchors],
        }
    )


def _from_environment() -> dict[str, str]:
    """The settings that the environment names, in capitals or not."""
    given = {name.lower(): value for name, value in os.environ.items()}
    return {name: given[f"ordain_{name}"] for name in Settings.model_fields if f"ordain_{name}" in given}


def _read(file: Path) -> dict[str, Any]:
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
        if key not in Settings.model_fields:
            raise SettingsError(Issue(f"unknown setting `{key}`", did_you_mean(key, Settings.model_fields), span))
    return {key: _texts(part) for key, part in node.items()}


def _texts(node: Node) -> object:
    return [part.text for part in node.value] if isinstance(node.value, list) else node.text


def _absolute(url: str, root: Path) -> str:
    """A relative SQLite path counts from the folder of the settings."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return prefix + str(root / url.removeprefix(prefix))


def _issue(error: dict[str, Any], file: str) -> Issue:
    name = ".".join(map(str, error["loc"]))
    message = str(error["msg"]).removeprefix("Value error, ")
    return Issue(f"the setting `{name}`: {message}", f"see {file} and the variable ORDAIN_{name.upper()}")
