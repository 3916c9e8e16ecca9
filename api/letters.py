"""Who writes letters to customers, by the settings."""

from __future__ import annotations

from ordain.api.settings import Settings
from ordain.audit.explain.sender import Sender, load_sender, nobody
from ordain.engine.errors import PolicyError, SettingsError


def sender_of(settings: Settings) -> Sender:
    """The sender that the setting `letter` names; without it, one whose letters say what is lacking.

    Read anew each time, so that who edits the file sees it in the next letter. Raises SettingsError.
    """
    if settings.letter is None:
        return nobody()
    try:
        return load_sender(settings.letter)
    except PolicyError as error:
        raise SettingsError(error.issues) from None
