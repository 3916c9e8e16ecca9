"""The tenants of a server: folders in the folder that `tenants` names, each with settings, policies and a ledger.

A tenant's folder is an installation as any other, and every command works in it. What is the server's, such as the
port, is said in the server's own settings alone, and what is a tenant's in the tenant's: a setting that has no effect
where it stands is refused. So are variables of the environment that would be all tenants' at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from ordain.api.http.guards import login_host
from ordain.api.keys import LOGIN_SECRET, MASTER, SIGNING
from ordain.api.ledger import place_folders
from ordain.api.settings import (
    CONFIG,
    SETTINGS,
    Settings,
    from_environment,
    load_settings,
    read_given,
    settings_file,
    settings_of,
)
from ordain.api.tenant_name import SAID, TENANT_NAME
from ordain.audit.store.sqlite import path_of
from ordain.engine.errors import Issue, OrdainError, SettingsError, did_you_mean, quoted, reason_of

FILE = "config.yaml"
OF_THE_SERVER = frozenset(
    (
        *("host", "port", "hosts", "cors_origins", "threads", "workers", "connections", "idle_seconds", "reload"),
        *("rate_per_address", "rate_of_wrong_keys", "proxies", "redis_url", "traces", "trace_ratio"),
        *("max_body_bytes", "log_format", "log_level", "tenants", "tenants_metrics_key"),
    )
)
"""The settings that say how the server listens, counts and logs. All others are a tenant's."""


@dataclass(frozen=True, slots=True)
class Home:
    """A tenant: its name, its file of settings, and those settings with what is the server's."""

    name: str
    config: Path
    settings: Settings

    def environment(self) -> dict[str, str]:
        """What a process that works for this tenant alone finds its settings by."""
        chosen = {"ORDAIN_LOG_FORMAT": self.settings.log_format, "ORDAIN_LOG_LEVEL": self.settings.log_level}
        return {**_without_settings(os.environ), **chosen, CONFIG: str(self.config)}


def homes_of(server: Settings, config: Path | None = None) -> tuple[Home, ...]:
    """The tenants of the server with these settings, from that file, by name. Raises SettingsError with all faults."""
    issues = list(_not_the_servers(config))
    found: list[Home] = []
    for folder in _folders(server):
        try:
            found.append(_home(folder, server))
        except OrdainError as error:
            issues += of_tenant(folder.name, error)
    issues += _shared(found)
    if issues:
        raise SettingsError(issues)
    return tuple(found)


def of_tenant(name: str, error: OrdainError) -> Iterator[Issue]:
    """What is wrong with a tenant, said with its name."""
    for issue in error.issues:
        yield replace(issue, message=f"tenant `{name}`: {issue.message}")


def work_as(tenant: str, config: Path | None) -> Path:
    """The settings' file of one tenant, for a command that is to work for it alone.

    From here on this process has no variable of the environment that is a setting: those are the server's. Raises
    SettingsError.
    """
    server = load_settings(config, of_server=True)
    if server.tenants is None:
        raise SettingsError(
            f"`{settings_file(config).name}` names no folder of tenants", "leave --tenant out, or set `tenants`"
        )
    names = [folder.name for folder in _folders(server)]
    if tenant not in names:
        raise SettingsError(f"there is no tenant {quoted(tenant[:80])}", did_you_mean(tenant, names))
    kept = _without_settings(os.environ)
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    return server.tenants / tenant / FILE


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    ours = {f"ORDAIN_{name.upper()}" for name in SETTINGS}
    return {name: value for name, value in environment.items() if name.upper() not in ours}


def _not_the_servers(config: Path | None) -> Iterator[Issue]:
    """What stands in the server's settings, or its environment, and is a tenant's."""
    file = settings_file(config)
    in_file, outside = read_given(file), from_environment()
    for name in sorted((in_file.keys() | outside.keys()) - OF_THE_SERVER):
        place = f"in `{file.name}`" if name in in_file else f"as ORDAIN_{name.upper()} in the environment"
        yield Issue(f"the setting `{name}` stands {place}, and is each tenant's own", f"move it to the tenants' {FILE}")
    for name in (MASTER, SIGNING, LOGIN_SECRET):
        if os.environ.get(name):
            yield Issue(
                f"the variable {name} would be a secret of every tenant",
                "take it out: each tenant has its own in files, in its folder `keys`",
            )


def _folders(server: Settings) -> list[Path]:
    """Those of the tenants, in the order of their names; what begins with a point is none."""
    place = server.tenants
    assert place is not None  # noqa: S101 - asked of a server with tenants
    try:
        found = sorted(each for each in place.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        raise SettingsError(
            f"the folder of tenants `{place}` cannot be read: {reason_of(error)}", "see the setting `tenants`"
        ) from None
    if not found:
        raise SettingsError(f"there is no tenant in `{place}`", f"make one: ordain init {place.name}/NAME")
    return found


def _home(folder: Path, server: Settings) -> Home:
    if not TENANT_NAME.fullmatch(folder.name):
        raise SettingsError(f"the folder `{folder.name}` cannot be a tenant's name", f"a name has {SAID}")
    file = folder / FILE
    if not file.is_file():
        raise SettingsError(f"there is no `{FILE}` in `{folder}`", f"make one: ordain init {folder.parent.name}/NAME")
    given = read_given(file)
    if misplaced := sorted(given.keys() & OF_THE_SERVER):
        raise SettingsError(
            [
                Issue(f"the setting `{name}` stands in its `{FILE}`, and is the server's", "move it to the server's")
                for name in misplaced
            ]
        )
    own = settings_of(given, file)
    if own.tenant != folder.name:
        raise SettingsError(
            f"its `{FILE}` calls it `{own.tenant}`, and its folder `{folder.name}`", f"write `tenant: {folder.name}`"
        )
    settings = replace(
        own, **{each.name: getattr(server, each.name) for each in fields(Settings) if each.name in OF_THE_SERVER}
    )
    return Home(folder.name, file, settings)


def _shared(homes: Iterable[Home]) -> Iterator[Issue]:
    """What two tenants have together, and may not: who has it could read, or sign, for the other."""
    seen: dict[tuple[str, str], str] = {}
    for home in homes:
        for what, place in _own(home.settings):
            first = seen.setdefault((what, place), home.name)
            if first != home.name:
                yield Issue(
                    f"the tenants `{first}` and `{home.name}` have the same {what}: `{place}`", "give each its own"
                )


def _own(settings: Settings) -> Iterator[tuple[str, str]]:
    url = settings.database_url
    yield "database", str(path_of(url).resolve()) if url.startswith("sqlite") else url
    features = settings.features_url
    yield "feature store", str(path_of(features).resolve()) if features.startswith("sqlite") else features
    yield "folder `keys`", str(settings.keys.resolve())
    for folder in {folder.resolve() for folder in place_folders(settings)}:
        yield "place of anchors", str(folder)
    if settings.events is not None:
        yield "file of `events`", str(settings.events.resolve())
    if (called := login_host(settings)) is not None:
        yield "name in `login_address`", called
