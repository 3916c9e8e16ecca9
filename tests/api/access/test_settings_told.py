"""`GET /v1/settings`, and its page: what the service is set to, its keys by name, its roles; and never a secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from callers import bearer, keeper
from served import settings_in

from ordain.api.access.key_keeping import KeyKeeper
from ordain.api.access.shown_settings import settings_shown, without_secret
from ordain.api.http.app import app_for
from ordain.api.services import wire
from ordain.api.settings import SETTINGS

SECRET = "s3cr3t-of-somebody"  # noqa: S105 - invented
MARKUP = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"postgresql://ana:{SECRET}@db.example:5432/ordain", "postgresql://***@db.example:5432/ordain"),
        (f"postgresql+psycopg://ana:{SECRET}@db/ordain?sslmode=require", "postgresql+psycopg://***@db/ordain?***"),
        (f"postgresql://db/ordain?password={SECRET}", "postgresql://db/ordain?***"),
        (f"postgresql://ana:p@{SECRET}@db/ordain", "postgresql://***@db/ordain"),
        (f"rediss://:{SECRET}@cache:6379/0", "rediss://***@cache:6379/0"),
        (f"https://{SECRET}@collector.example/v1/traces", "https://***@collector.example/v1/traces"),
        (f"https://a.example/keys#{SECRET}", "https://a.example/keys#***"),
        (f"https://a.example/{SECRET}\n?x={SECRET}", f"https://a.example/{SECRET}\n?***"),
        ("sqlite:////var/ordain.db", "sqlite:////var/ordain.db"),
        ("a@b.example", "a@b.example"),
        ("none", "none"),
        ("", ""),
    ],
)
def test_an_address_is_told_without_what_may_open_it(text: str, shown: str) -> None:
    assert without_secret(text) == shown


def test_every_setting_is_told_and_an_address_in_any_of_them_loses_its_secret(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert [each["setting"] for each in settings_shown(settings)] == list(SETTINGS)
    for name, setting in SETTINGS.items():
        for value in (f"https://ana:{SECRET}@there.example/x?key={SECRET}", (f"https://ana:{SECRET}@there.example",)):
            if isinstance(setting.default, tuple) == isinstance(value, tuple):
                told = settings_shown(replace(settings, **{name: value}))
                assert SECRET not in json.dumps(told), name


def test_who_manages_keys_sees_them_by_name_and_nobody_sees_a_secret(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    admin, app = made.make("ada", ["admin"]), made.make("shop", ["app"], ["plan-advice"], rate="90 per minute")
    made.revoke("shop")
    stored = KeyKeeper.keys(made)
    digests = [key.sha256 for key in stored]
    use = wire(settings_in(tmp_path, tenant=MARKUP))
    client = app_for(use).test_client()
    told = client.get("/v1/settings", headers=bearer(admin.text))
    assert told.status_code == 200, told.data
    keys = {each["name"]: each for each in told.get_json()["keys"]}
    assert (keys["ada"]["state"], keys["ada"]["roles"], keys["ada"]["services"]) == ("valid", ["admin"], None)
    assert (keys["shop"]["state"], keys["shop"]["services"], keys["shop"]["rate"]) == (
        *("revoked", ["plan-advice"]),
        "90 per minute",
    )
    page = client.get("/console/settings", headers={**bearer(admin.text), "Accept": "text/html"})
    assert page.status_code == 200, page.data
    html = page.get_data(as_text=True)
    assert ("manage keys" in html, "shop" in html, "<script>alert" in html) == (True, True, False)
    for secret in (*digests, admin.text.rsplit("_", 1)[-1], app.text.rsplit("_", 1)[-1]):
        assert secret not in html
        assert secret not in told.get_data(as_text=True)
    roles = {each["role"]: each["rights"] for each in told.get_json()["roles"]}
    assert roles["monitor"] == ["follow log"]
    use.close()


def test_where_nobody_is_known_the_page_says_what_that_means(tmp_path: Path) -> None:
    use = wire(settings_in(tmp_path))
    told = app_for(use).test_client().get("/console/settings", headers={"Accept": "text/html"})
    use.close()
    assert "whoever reaches it may do everything" in told.get_data(as_text=True)
