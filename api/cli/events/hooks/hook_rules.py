"""What the commands of hooks have in common: policies without a ledger, and the sources."""

from __future__ import annotations

from pathlib import Path

from ordain.api.hooks.source import Hooks
from ordain.api.services import Rules, hooks_of, wire_rules
from ordain.api.settings import load_settings
from ordain.engine.errors import SettingsError


def hook_rules(config: Path | None) -> tuple[Rules, Hooks]:
    """Raises PolicyError, SettingsError, also when no file of sources is set."""
    settings = load_settings(config)
    if settings.hooks is None:
        raise SettingsError(
            "no source is set up: the setting `hooks` names no file", "name one, such as `hooks: hooks.yaml`"
        )
    rules = wire_rules(settings, "")
    return rules, hooks_of(rules)
