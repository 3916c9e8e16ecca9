"""The ledger of an installation, opened by its settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ordain.api.keys import load_keys
from ordain.api.limits import LIMITS
from ordain.api.settings import Settings, load_settings
from ordain.audit.anchors.places import Anchors, FileAnchors
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.ledger.opening import open_ledger, open_store
from ordain.audit.store.identity import identity
from ordain.audit.store.schema import ensure_schema
from ordain.audit.store.sqlite import path_of
from ordain.audit.store.store import Store
from ordain.engine.errors import AnchorUnavailable, LedgerRolledBack, SettingsError, reason_of
from ordain.engine.late import late
from ordain.engine.text.regular import bytes_of
from ordain.engine.version import VERSION

if TYPE_CHECKING:
    from ordain.audit.verifier.witness_policy import WitnessPolicy

ENGINE = f"ordain {VERSION}"

_NONE_YET = "`ordain serve` or the first `ordain decide` makes one; if there should be one, check `database_url`"


def open_for(
    settings: Settings,
    *,
    make: bool = True,
    restricted: bool = False,
    lost: bool = False,
    new_places: bool = False,
    writer: Path | None = None,
) -> OpenLedger:
    """Opens the ledger; if there is none, makes it and its keys, or raises SettingsError when that is not to be.

    `writer` is the socket of the process that writes its entries; without one this process does.

    Raises what `open_ledger` does.
    """
    anchored = places(settings)
    _refuse_decoy(settings, anchored)
    seconds = max(1.0, settings.busy_seconds)
    store = _store(settings, writer, seconds)
    try:
        new = _is_new(store)
        if new and not make:
            raise SettingsError(f"there is no ledger in `{store.name}`", _NONE_YET)
        return open_ledger(
            store,
            load_keys(settings, make=new),
            anchored,
            tenant=settings.tenant,
            engine=ENGINE,
            now=lambda: dt.datetime.now(dt.UTC),
            seconds=seconds,
            restricted=restricted,
            lost=lost,
            new_places=new_places,
            witnesses=witness_policy(settings),
        )
    except BaseException:  # whatever it is, an interrupt too, the database is let go before it goes on
        store.close()
        raise


def _store(settings: Settings, writer: Path | None, seconds: float) -> Store:
    if writer is None:
        return open_store(settings.database_url, settings.busy_seconds)
    remote: Store = late("ordain.audit.shared_writer.remote_store:RemoteStore")(
        settings.database_url, settings.busy_seconds, writer, seconds
    )
    return remote


def _refuse_decoy(settings: Settings, anchored: list[Anchors]) -> None:
    """A file that is missing while its anchors are there was lost: an empty one is not to stand in its place."""
    if not settings.database_url.startswith("sqlite") or path_of(settings.database_url).exists():
        return
    for place in anchored:
        with suppress(AnchorUnavailable):
            if place.pinned() is not None:
                raise LedgerRolledBack(
                    f"the ledger `{path_of(settings.database_url)}` is missing; `{place.name}` keeps its checkpoints",
                    "restore it; for a new ledger name other places in `anchors`, or remove these",
                )


@contextmanager
def opened_ledger(
    config: Path | None, *, restricted: bool = False, lost: bool = False, new_places: bool = False
) -> Iterator[OpenLedger]:
    """The ledger that the settings of `config` name, closed at the end, its new entries signed and anchored.

    Raises SettingsError when there is none.
    """
    settings = load_settings(config)
    require_ledger(settings)
    opened = open_for(settings, make=False, restricted=restricted, lost=lost, new_places=new_places)
    try:
        yield opened
    finally:
        opened.finish()


def has_ledger(settings: Settings) -> bool:
    """Whether a server has made one. Raises LedgerUnavailable."""
    if settings.database_url.startswith("sqlite") and not path_of(settings.database_url).is_file():
        return False
    store = _store(settings, None, max(1.0, settings.busy_seconds))
    try:
        return not _is_new(store)
    finally:
        store.close()


def require_ledger(settings: Settings) -> None:
    """Raises SettingsError when no file is there: a command that reads does not make one."""
    if settings.database_url.startswith("sqlite") and not path_of(settings.database_url).is_file():
        raise SettingsError(f"there is no ledger at `{path_of(settings.database_url)}`", _NONE_YET)


def places(settings: Settings) -> list[Anchors]:
    """Where checkpoints are anchored. By default two folders beside a SQLite file, or under the keys' folder."""
    folders = place_folders(settings)
    if len({folder.resolve() for folder in folders}) < 2:
        raise SettingsError("`anchors` names one place", "name two at the least, better not on the database's disk")
    anchored: list[Anchors] = [FileAnchors(folder) for folder in folders]
    if settings.timestamp_url:
        timestamps = "ordain.audit.anchors.timestamps"
        authority = late(f"{timestamps}:HttpTimestampAuthority")(
            settings.timestamp_url, LIMITS.timestamp_seconds, _roots(settings)
        )
        anchored[0] = late(f"{timestamps}:StampedAnchors")(folders[0], authority)
    return anchored


def witness_policy(settings: Settings) -> WitnessPolicy | None:
    """Who cosigns checkpoints, if the settings name a policy. Raises SettingsError."""
    if settings.witness_policy is None:
        return None
    return policy_in(settings.witness_policy)


def policy_in(file: Path) -> WitnessPolicy:
    """The policy of logs and witnesses in a file. Raises SettingsError."""
    try:
        text = bytes_of(file, LIMITS.policy_bytes)
    except OSError as error:
        raise SettingsError(
            f"the policy of witnesses `{file}` cannot be read: {reason_of(error)}", "check its path, and its rights"
        ) from None
    policy: WitnessPolicy = late("ordain.audit.verifier.witness_policy:read_policy")(text, str(file))
    return policy


def _roots(settings: Settings) -> list[bytes]:
    if settings.timestamp_roots is None:
        return []
    try:
        return [bytes_of(settings.timestamp_roots, LIMITS.key_bytes)]
    except OSError as error:
        raise SettingsError(
            f"`timestamp_roots`: `{settings.timestamp_roots}` cannot be read: {reason_of(error)}",
            "name the PEM file of the authority's root certificate",
        ) from None


def place_folders(settings: Settings) -> list[Path]:
    """The folders of `places`, two unless the settings name others; none need be there yet."""
    if settings.anchors:
        return list(settings.anchors)
    if settings.database_url.startswith("sqlite"):
        beside = path_of(settings.database_url)
    else:
        beside = settings.keys.parent / "ledger"
    return [beside.with_name(f"{beside.name}.anchors"), beside.with_name(f"{beside.name}.anchors-2")]


def compared_places(settings: Settings) -> tuple[list[Path], list[Path]]:
    """The folders that a ledger is compared with, and those of them that are gone.

    The two of a ledger whose settings name none are made when it is first opened: later one that is not there was lost.
    """
    folders = place_folders(settings)
    if settings.anchors:
        return folders, []  # the verifier says what it cannot read
    return [each for each in folders if each.exists()], [each for each in folders if not each.exists()]


def _is_new(store: Store) -> bool:
    ensure_schema(store)
    return identity(store) is None
