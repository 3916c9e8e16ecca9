"""What somebody may want to do, as the policy `access` names it. Which role may do what is said there, not here."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """Each is a value of the fact `access_right`."""

    DECIDE = "decide"
    DECIDE_AT = "decide at another time"
    DRY_RUN = "dry run"
    DESCRIBE = "describe services"
    READ_RECORD = "read record"
    EXPLAIN = "explain"
    CONFIRM = "confirm"
    SETTLE = "settle review"
    REPLAY = "replay"
    PROVE = "prove"
    SEARCH = "search"
    EXPORT = "export"
    ERASE = "erase"
    HOLD = "hold"
    VERIFY = "verify"
    READ_EVENTS = "read events"
    INGEST = "ingest events"
    READ_FACTS = "read facts"
    FOLLOW_LOG = "follow log"
    READ_MODELS = "read models"
    READ_POLICIES = "read policies"
    EDIT_POLICIES = "edit policies"
    APPROVE_POLICIES = "approve policies"
    ACTIVATE_POLICIES = "activate policies"
    BACKTEST = "backtest"
    STOP_SERVICE = "stop service"
    MANAGE_KEYS = "manage keys"
    METRICS = "metrics"
    HEALTH = "health"


SIGNED = "signed"
"""In the place of a right: no key and no role opens it; the request itself is signed (`api/hooks`)."""

OPEN = ""
"""In the place of a right: anybody may ask, and gets no more than a status without the right that is looked for."""

ROLES = ("app", "editor", "approver", "reviewer", "privacy officer", "operator", "admin", "monitor")
"""The roles of the policy that is shipped. An installation may add some; `access_role` lists those that there are."""
