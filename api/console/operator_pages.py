"""The pages of who keeps the service running, and what is done there."""

from __future__ import annotations

from ordain.api.console.acting.operating import acknowledge, start_service, stop_service
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.operations_now import operations
from ordain.api.console.reading.rollouts_on import rollouts
from ordain.api.console.reading.settings_in_use import settings

PAGES = (
    Page("operations", "operations", operations, "operations"),
    Page("rollouts", "rollouts", rollouts, "rollouts"),
    Page("settings", "settings", settings, "settings"),
)
BUTTONS = (
    Button("operations/services/<service>/stop", "stop_service", stop_service, undone_by="start_service"),
    Button("operations/services/<service>/start", "start_service", start_service, undone_by="stop_service"),
    Button("operations/alerts/<alert_id>", "acknowledge", acknowledge),
)
