"""The pages and buttons of policies and their versions."""

from __future__ import annotations

from ordain.api.console.acting import draft_buttons as drafts
from ordain.api.console.acting import version_buttons as steps
from ordain.api.console.acting.backtest_button import backtest
from ordain.api.console.page_shape import Button, Page
from ordain.api.console.reading.one_service import service
from ordain.api.console.reading.policy import policy
from ordain.api.console.reading.policy_diff import policy_diff
from ordain.api.console.reading.policy_edit import policy_edit
from ordain.api.console.reading.policy_history import policy_history
from ordain.api.console.reading.policy_list import policies, policies_findings
from ordain.api.console.reading.policy_table import policy_table
from ordain.api.console.reading.policy_tests import policy_tests
from ordain.api.console.reading.policy_text import policy_findings, policy_text

_MENU = "policies"
_ONE = "policies/<policy>"
_VERSION = f"{_ONE}/versions/<int:version>"

PAGES: tuple[Page, ...] = (
    Page("policies", "policies", policies, _MENU),
    Page("policies-findings", "policies_findings", policies_findings, _MENU, is_part=True),
    Page(_ONE, "policy", policy, _MENU),
    Page(f"{_ONE}/text", "policy_text", policy_text, _MENU),
    Page(f"{_ONE}/findings", "policy_findings", policy_findings, _MENU, is_part=True),
    Page(f"{_ONE}/table", "policy_table", policy_table, _MENU),
    Page(f"{_ONE}/edit", "policy_edit", policy_edit, _MENU),
    Page(f"{_ONE}/tests", "policy_tests", policy_tests, _MENU),
    Page(f"{_ONE}/diff", "policy_diff", policy_diff, _MENU),
    Page(f"{_ONE}/history", "policy_history", policy_history, _MENU),
    Page("services/<service>", "service", service, _MENU),
)

BUTTONS: tuple[Button, ...] = (
    Button(f"{_ONE}/next", "policy_next", steps.begin_next),
    Button(f"{_VERSION}/table", "policy_table_save", drafts.save_table),
    Button(f"{_VERSION}/check", "policy_text_check", drafts.check_text),
    Button(f"{_VERSION}/text", "policy_text_save", drafts.save_text),
    Button(f"{_VERSION}/backtest", "policy_backtest", backtest),
    Button(f"{_VERSION}/submit", "policy_submit", steps.submit),
    Button(f"{_VERSION}/approve", "policy_approve", steps.approve),
    Button(f"{_VERSION}/activate", "policy_activate", steps.activate),
    Button(f"{_VERSION}/rollout", "policy_rollout", steps.roll_out),
    Button(f"{_ONE}/rollout/share", "policy_share", steps.share),
    Button(f"{_ONE}/rollout/pause", "policy_pause", steps.pause),
    Button(f"{_ONE}/rollout/resume", "policy_resume", steps.resume),
    Button(f"{_ONE}/rollout/revert", "policy_revert", steps.revert),
    Button(f"{_VERSION}/back", "policy_back", steps.back),
)
