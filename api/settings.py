"""The settings: `config.yaml`, each overridden by an environment variable `ORDAIN_<NAME>`.

Read by hand: a library for it would take a sixth of the time of a decision by command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ordain.api.access.rates import Rate
from ordain.api.setting_values import Read
from ordain.api.setting_values import network as _network
from ordain.api.setting_values import number as _number
from ordain.api.setting_values import one_of as _one_of
from ordain.api.setting_values import origin as _origin
from ordain.api.setting_values import rate as _rate
from ordain.api.setting_values import redis as _redis
from ordain.api.setting_values import several as _several
from ordain.api.setting_values import traces as _traces
from ordain.api.setting_values import whole as _whole
from ordain.api.setting_values import zone as _zone
from ordain.engine.errors import Issue, PolicyError, SettingsError, did_you_mean, reason_of
from ordain.engine.limits import LIMITS as ENGINE_LIMITS
from ordain.engine.text.regular import bytes_of
from ordain.engine.text.source import Node, parse

if TYPE_CHECKING:
    from ordain.api.rates.networks import Network

CONFIG = "ORDAIN_CONFIG"
"""The environment variable that names another file than `config.yaml` in the working directory."""

OTHER_VARIABLES = (
    *(CONFIG, "ORDAIN_MASTER_KEY", "ORDAIN_SIGNING_KEY", "ORDAIN_WRITER_SOCKET", "ORDAIN_METRICS_KEY"),
    "ORDAIN_LOGIN_SECRET",
)
"""Environment variables of ours that are no settings."""


def _setting(default: Any, meaning: str, read: Read = str, of: Callable[[str], Any] = str) -> Any:
    """`of` reads one of several values, where a file may have a list."""
    return field(default=default, metadata={"meaning": meaning, "read": read, "of": of})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can choose. Paths are absolute once loaded."""

    database_url: str = _setting("sqlite:///var/ordain.db", "where the ledger is kept")
    policies: Path = _setting(Path("policies"), "the folder of policies, vocabulary and services", Path)
    approvals: str = _setting(
        "none",
        "which versions of policies decide: by their dates (`none`), or those that were approved and activated, by name"
        " (`named`) or by an SSH signature (`signed`)",
        _one_of("none", "named", "signed"),
    )
    approvals_needed: int = _setting(1, "how many people have to approve a version", _whole(1, 20))
    allowed_signers: Path | None = _setting(
        None,
        "the file of who may sign approvals and with which key, as `git` and `ssh-keygen` read it",
        lambda text: Path(text) if text else None,
    )
    models: Path = _setting(Path("var/models"), "the folder of trained models", Path)
    features_url: str = _setting(
        "sqlite:///var/features.db", "where events, snapshots and the features made of them are kept"
    )
    features: Path | None = _setting(
        None,
        "the file that defines the features; those that come with Ordain if none",
        lambda text: Path(text) if text else None,
    )
    score_timeout_ms: int = _setting(
        250, "how long a model may take for a score before it counts as too slow, in milliseconds", _whole(1, 60_000)
    )
    score_cache_seconds: int = _setting(
        300, "for how long a model's score is given again for exactly the same row; 0: never", _whole(0, 86_400)
    )
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
    witness_policy: Path | None = _setting(
        None,
        "a file that names witnesses of signed checkpoints, and how many of them it takes (c2sp.org/tlog-policy)",
        lambda text: Path(text) if text else None,
    )
    checkpoint_seconds: float = _setting(10.0, "how often new entries are signed and anchored", _number(0.1, 86_400))
    keep_days: int = _setting(0, "for how long after the last record nobody is erased, in days", _whole(0, 36_500))
    jurisdiction_fact: str = _setting("jurisdiction", "the fact that names the law that applies to an entry")
    purpose: str = _setting(
        "optional",
        "whether what is personal is read for a purpose alone, which goes on record: required or optional",
        _one_of("required", "optional"),
    )
    host: str = _setting("127.0.0.1", "the address to listen on")
    port: int = _setting(8080, "the port to listen on", _whole(1, 65_535))
    hosts: tuple[str, ...] = _setting(
        (),
        "names by which clients call this server, with commas, besides localhost, `host` and addresses; `*`: any",
        _several(str),
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        "origins of pages that may ask from a browser and read the answers (CORS), with commas",
        _several(_origin),
        _origin,
    )
    threads: int = _setting(4, "requests worked on at once that are no decisions", _whole(1, 64))
    workers: int = _setting(
        1, "processes that decide; with several, one more writes a ledger in SQLite for them", _whole(1, 64)
    )
    connections: int = _setting(
        12_000, "connections that each worker holds open at once, as far as it may open files", _whole(1, 1_000_000)
    )
    idle_seconds: int = _setting(
        75, "for how long a connection is kept that sends no request, or none whole, in seconds", _whole(1, 86_400)
    )
    reload: str = _setting(
        "signal",
        "when policies and models are loaded again: at a SIGHUP (`signal`), also when a policy file changes (`change`)",
        _one_of("signal", "change"),
    )
    events: Path | None = _setting(
        None,
        "the file of endpoints that are told of decisions and other entries, if any",
        lambda text: Path(text) if text else None,
    )
    hooks: Path | None = _setting(
        None,
        "the file of sources whose signed events are taken at `/v1/hooks/<source>`, if any",
        lambda text: Path(text) if text else None,
    )
    jwt_keys: str | None = _setting(
        None,
        "public keys of tokens (JWT): a JWKS or PEM file, or an https address of a JWKS",
        lambda text: text or None,
    )
    jwt_issuer: str | None = _setting(None, "the `iss` that such a token must have", lambda text: text or None)
    jwt_audience: str | None = _setting(None, "the `aud` that it must have", lambda text: text or None)
    jwt_roles: str = _setting(
        "roles", "the claim of a token, or of who logs in, that has the roles; `a.b` is a claim within another"
    )
    jwt_name: str = _setting("sub", "the claim that has the name")
    jwt_tenant: str | None = _setting(
        None, "its claim that must say the `tenant`, if one issuer makes tokens for several", lambda text: text or None
    )
    login_issuer: str | None = _setting(
        None, "the identity provider (OpenID Connect) by which people log in, if any", lambda text: text or None
    )
    login_client: str | None = _setting(None, "the name of this server at that provider", lambda text: text or None)
    login_address: str | None = _setting(
        None, "the address by which browsers reach this server; people come back to it", lambda text: text or None
    )
    login_scopes: str = _setting("openid profile email", "what the provider is asked for, with spaces")
    login_roles: tuple[str, ...] = _setting(
        (), "what the provider calls roles, such as `Pricing team=editor`, with commas; the same if none", _several(str)
    )
    login_idle_minutes: int = _setting(30, "after how long without a request a session ends", _whole(1, 1440))
    login_hours: int = _setting(10, "after how long it ends whatever happens", _whole(1, 168))
    clock_skew_seconds: int = _setting(
        30, "how far the clock of who made it may differ from this one, in seconds", _whole(0, 600)
    )
    rate: Rate | None = _setting(None, "how often known callers together may ask, such as `6000 per minute`", _rate)
    rate_per_service: Rate | None = _setting(
        None, "how often each service may be asked, lines of batches included", _rate
    )
    rate_per_caller: Rate | None = _setting(
        None, "how often each caller may ask whose key has no `rate` of its own", _rate
    )
    rate_per_address: Rate | None = _setting(None, "how often may be asked from each address", _rate)
    rate_of_wrong_keys: Rate | None = _setting(
        Rate(60, 60), "how many keys or tokens that open nothing are looked at from each address; or `none`", _rate
    )
    proxies: tuple[Network, ...] = _setting(
        (),
        "addresses or networks of proxies whose `X-Forwarded-For` is believed, with commas",
        _several(_network),
        _network,
    )
    redis_url: str | None = _setting(None, "the Redis by which several servers share these limits, if any", _redis)
    traces: str | None = _setting(
        None, "the collector that traces of requests are sent to, by OTLP over HTTP, if any", _traces
    )
    trace_ratio: float = _setting(
        0.1, "which part of the requests is traced whose caller does not say, from 0 to 1", _number(0, 1)
    )
    letter: Path | None = _setting(
        None,
        "the file that says who writes letters to customers, and in which language",
        lambda text: Path(text) if text else None,
    )
    tenant: str = _setting("demo", "the business whose policies these are, as the ledger names it")
    tenants: Path | None = _setting(
        None,
        "the folder of tenants, each a folder with settings of its own, if this server is to serve several",
        lambda text: Path(text) if text else None,
    )
    tenants_metrics_key: Path | None = _setting(
        None,
        "the file with the key that opens the numbers of all tenants on `/metrics`, if anybody is to have them",
        lambda text: Path(text) if text else None,
    )
    time_zone: str = _setting("UTC", "the time zone whose calendar decides what day it is", _zone)
    at_back_days: int = _setting(
        3660, "how far back a caller may choose the time that is decided for, in days", _whole(0, 365_000)
    )
    at_ahead_days: int = _setting(
        366, "how far ahead a caller may choose the time that is decided for, in days", _whole(0, 365_000)
    )
    as_of_seconds: int = _setting(
        60,
        "by how much a chosen time may differ from this clock before the record says so (`as_of`), in seconds",
        _whole(0, 86_400),
    )
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


def load_settings(config: Path | None = None, *, of_server: bool = False) -> Settings:
    """The settings of `config`, or of the file that ORDAIN_CONFIG names, or of ./config.yaml, or the defaults.

    Raises SettingsError, naming file, setting and place; also for a folder that has tenants, which have settings of
    their own, unless it is the server of all of them that asks.
    """
    file = settings_file(config)
    settings = settings_of(read_given(file) | from_environment(), file)
    if settings.tenants is not None and not of_server:
        raise SettingsError(
            f"`{file.name}` is of a server with tenants, and each of them has policies and a ledger of its own",
            "name one: ordain --tenant NAME ...; or work in its folder",
        )
    return settings


def settings_file(config: Path | None = None) -> Path:
    """The file that `load_settings` reads, if it is there. Raises SettingsError when one is named and is not."""
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    file = (named or Path("config.yaml")).absolute()
    if named is not None and not file.is_file():
        raise SettingsError(f"there is no file `{named}`", f"it is named by --config or {CONFIG}")
    return file


def settings_of(given: Mapping[str, str | list[str]], file: Path) -> Settings:
    """The settings that are given as texts; relative paths count from the folder of `file`. Raises SettingsError."""
    settings, root = Settings(**_values(given, file.name)), file.parent
    return replace(
        settings,
        policies=root / settings.policies,
        models=root / settings.models,
        database_url=_absolute(settings.database_url, root),
        features_url=_absolute(settings.features_url, root),
        features=None if settings.features is None else root / settings.features,
        keys=root / settings.keys,
        jwt_keys=_file_or_address(settings.jwt_keys, root),
        timestamp_roots=None if settings.timestamp_roots is None else root / settings.timestamp_roots,
        witness_policy=None if settings.witness_policy is None else root / settings.witness_policy,
        events=None if settings.events is None else root / settings.events,
        hooks=None if settings.hooks is None else root / settings.hooks,
        allowed_signers=None if settings.allowed_signers is None else root / settings.allowed_signers,
        letter=None if settings.letter is None else root / settings.letter,
        tenants=None if settings.tenants is None else root / settings.tenants,
        tenants_metrics_key=None if settings.tenants_metrics_key is None else root / settings.tenants_metrics_key,
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


def from_environment() -> dict[str, str]:
    """The settings that the environment names, in capitals or not."""
    given = {name.lower(): value for name, value in os.environ.items()}
    return {name: given[f"ordain_{name}"] for name in SETTINGS if f"ordain_{name}" in given}


def unknown_variables() -> list[str]:
    """A line for each environment variable that looks like one of ours and is none."""
    names = [f"ORDAIN_{name.upper()}" for name in SETTINGS]
    known = {*names, *OTHER_VARIABLES}
    strange = [name for name in sorted(os.environ) if name.upper().startswith("ORDAIN_") and name.upper() not in known]
    return [f"the variable {name} is not known; {did_you_mean(name.upper(), known)}" for name in strange]


def read_given(file: Path) -> dict[str, str | list[str]]:
    """The settings that a file gives, as texts; none if there is no file. Raises SettingsError."""
    if not file.is_file():
        return {}
    try:
        text = bytes_of(file, ENGINE_LIMITS.yaml_bytes)
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


def _file_or_address(place: str | None, root: Path) -> str | None:
    return place if place is None or "://" in place else str(root / place)


def _absolute(url: str, root: Path) -> str:
    """A relative SQLite path counts from the folder of the settings."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return prefix + str(root / url.removeprefix(prefix))
