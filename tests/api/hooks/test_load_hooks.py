"""The file of sources: what is said about what is wrong in it, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers import QUOTE
from senders import SECRET, STRIPE_SECRET, hooks_text, write_hooks
from served import ROOT

from ordain.api.hooks.load_hooks import load_hooks, source_named
from ordain.api.hooks.source import Hooks
from ordain.engine.catalog import Catalog, load_catalog, read_texts
from ordain.engine.errors import SettingsError

GOOD = hooks_text(QUOTE)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(read_texts(ROOT / "policies"), run_examples=False)


def load(folder: Path, text: str, catalog: Catalog) -> Hooks:
    return load_hooks(write_hooks(folder, text), catalog, catalog.vocabulary)


def test_a_secret_is_in_no_text_that_a_source_becomes(tmp_path: Path, catalog: Catalog) -> None:
    hooks = load(tmp_path, GOOD, catalog)
    assert STRIPE_SECRET not in repr(hooks)
    assert SECRET.removeprefix("whsec_") not in repr(hooks)
    assert b"AAA" not in repr(hooks).encode()


def test_a_secret_may_stand_in_a_file_beside(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "stripe.secret").write_text(f"{STRIPE_SECRET}\nwhsec_another_secret\n")
    hooks = load(tmp_path, GOOD.replace("variable: TEST_STRIPE_SECRET", "file: stripe.secret"), catalog)
    assert hooks.source("stripe").secrets == (STRIPE_SECRET.encode(), b"whsec_another_secret")


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "hint"),
    [
        ("  stripe:", "  Stripe:", "2:3", "`Stripe` is no name for a source", "small letters"),
        ("scheme: stripe", "scheme: strip", "3:13", "strip", "stripe"),
        ("TEST_STRIPE_SECRET", "NONE_SUCH", "4:22", "the variable `NONE_SUCH` is not set", "secret of the source"),
        ("    secret variable: TEST_STRIPE_SECRET\n", "", "3:5", "the source `stripe` has no secret", "secret file"),
        ("service: retention", "service: retentoin", "8:18", "no service `retentoin`", "did you mean `retention`?"),
        ("churn_risk:", "churn_risks:", "11:11", "there is no fact `churn_risks`", "did you mean `churn_risk`?"),
        ("event.livemode", "evnt.livemode", "7:15", "unknown fact `evnt`", "did you mean `event`?"),
        ("event.livemode", "event.livemode =", "7:15", "", ""),
        ("event.data.object.customer", "lenght(event.id)", "9:18", "no function `lenght`", "length"),
        ("tolerance seconds: 60", "tolerance seconds: 0", "22:24", "`0` is too small", ""),
        ("tolerance seconds: 60", "rate: often", "22:11", "`often` is not a rate", "100 per minute"),
        ("subject: event.data.object.customer", "subjects: x", "9:9", "`subjects`", "did you mean `subject`?"),
        ("offers_last_90_days: 0", "price: 0", "13:11", "`price`", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_to_write_instead(
    tmp_path: Path, catalog: Catalog, old: str, new: str, place: str, message: str, hint: str
) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1), catalog)
    told = [(str(issue.span), issue.message, issue.hint) for issue in caught.value.issues]
    line = place.partition(":")[0]
    assert any(span.startswith(f"hooks.yaml:{line}:") and message in said and hint in so for span, said, so in told), (
        told
    )


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, catalog: Catalog) -> None:
    wrong = (
        GOOD.replace("retention", "retentoin")
        .replace("TEST_CRM_SECRET", "NONE_SUCH")
        .replace("event.data.usage_gb", "x")
    )
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, wrong, catalog)
    assert len(caught.value.issues) == 3


def test_no_file_and_no_such_source_are_said(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(SettingsError, match=r"there is no file `none.yaml`"):
        load_hooks(tmp_path / "none.yaml", catalog, catalog.vocabulary)
    with pytest.raises(SettingsError, match="there is no source `stripes`") as caught:
        source_named(load(tmp_path, GOOD, catalog), "stripes")
    assert caught.value.issues[0].hint == "did you mean `stripe`?"
