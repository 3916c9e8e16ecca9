"""`ordain table`: grids in three forms; rules out to a sheet, edited, and back into the policy's files."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from served import ROOT, ordain_here

from ordain.engine.catalog import load_catalog, read_texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def table(folder: Path, *arguments: str, code: int = 0, **more: str) -> str:
    done = ordain_here(folder, "table", *arguments, "--directory", "policies", **more)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def edit(file: Path, old: str, new: str) -> None:
    rows = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    changed = [[new if cell == old else cell for cell in row] for row in rows]
    assert changed != rows
    out = io.StringIO(newline="")
    csv.writer(out).writerows(changed)
    file.write_text(out.getvalue(), encoding="utf-8", newline="")


@pytest.mark.parametrize("width", [60, 100, 160])
def test_a_grid_fits_the_terminal(folder: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordain.api.cli.table.OUT._width", width)  # undone, the property would stay at what it measured
    shown = table(folder, "retention-offer")
    assert "hit policy: first" in shown
    assert max(map(len, shown.splitlines())) <= width
    for words in ("otherwise", "cooldown", "churn_risk") if width > 60 else ():
        assert words in shown


def test_markdown_takes_every_text_for_what_it_is(folder: Path) -> None:
    policy = folder / "policies/retention-offer/v1.yaml"
    text = policy.read_text().replace("Very likely to leave, of low value.", "one | two *three*")
    policy.write_text(text)
    shown = table(folder, "retention-offer@1", "--format", "markdown")
    assert shown.startswith("# retention-offer@1\n\n## offer\n\nhit policy: first; action: personal call, e-mail")
    assert "one \\| two \\*three\\* |" in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert len(rows) == 2 + 2 + 6 + 1, "headings, two limits, six rules, otherwise"


def test_html_is_one_page_with_every_text_escaped(folder: Path) -> None:
    policy = folder / "policies/retention-offer/v1.yaml"
    policy.write_text(policy.read_text().replace("of low value.", "of <script> & value."))
    shown = table(folder, "retention-offer", "offer", "--format", "html")
    assert shown.startswith("<!doctype html>")
    assert "of &lt;script&gt; &amp; value." in shown
    assert "<script" not in shown
    assert "http" not in shown


def test_a_program_may_read_the_tables(folder: Path) -> None:
    data = json.loads(table(folder, "plan-advice", "--json"))
    assert (data["policy"], data["version"]) == ("plan-advice", 1)
    (first,) = data["tables"]
    assert first["notes"]["hit policy"] == "unique"
    assert first["rows"][0][:2] == ["nearly-full", "> 90"]
    assert first["otherwise"] is None


def test_every_kind_is_shown_as_the_tables_it_becomes(folder: Path) -> None:
    assert "bounded_price after floor" in table(folder, "price-bounds")
    assert "founders" in table(folder, "grandfathering", "promise")
    assert "eu-gdpr-21-objection" in table(folder, "contact-law-eu")
    assert "has no tables, only formulas" in table(folder, "price-proposal", code=2)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_sheet_that_comes_back_untouched_changes_nothing(folder: Path, form: str) -> None:
    before = (folder / "policies/retention-offer/v1.yaml").read_bytes()
    assert "written: rules" in table(folder, "retention-offer", "--out", f"rules.{form}")
    assert table(folder, "retention-offer", "--in", f"rules.{form}", "--write").strip() == "nothing has changed"
    assert (folder / "policies/retention-offer/v1.yaml").read_bytes() == before
    assert not (folder / "policies/retention-offer/v2.yaml").exists()


def test_an_edited_sheet_shows_what_changes_and_then_becomes_the_next_version(folder: Path) -> None:
    table(folder, "retention-offer", "--out", "rules.csv")
    edit(folder / "rules.csv", "Likely to stay and valuable, so we say thank you.", "We say thank you.")
    shown = table(folder, "retention-offer", "--in", "rules.csv")
    assert "-        because: Likely to stay and valuable, so we say thank you." in shown
    assert "+        because: We say thank you." in shown
    assert not (folder / "policies/retention-offer/v2.yaml").exists()
    shown = table(folder, "retention-offer", "--in", "rules.csv", "--write")
    assert "written: policies/retention-offer/v2.yaml" in shown
    assert "set `effective` to its first day" in shown
    before, after = (folder / f"policies/retention-offer/v{n}.yaml" for n in (1, 2))
    expected = (
        before.read_text()
        .replace("version: 1", "version: 2")
        .replace("Likely to stay and valuable, so we say thank you.", "We say thank you.")
    )
    assert after.read_text() == expected
    load_catalog(read_texts(folder / "policies"))


def test_a_sheet_may_replace_the_file_itself_and_is_then_out_of_date(folder: Path) -> None:
    table(folder, "plan-advice", "--out", "rules.csv")
    edit(folder / "rules.csv", "The plan fits.", "It fits.")
    data = json.loads(table(folder, "plan-advice", "--in", "rules.csv", "--replace", "--json"))
    assert (data["changed"], data["written"], data["findings"]) == (True, "policies/plan-advice/v1.yaml", [])
    assert "because: It fits." in (folder / "policies/plan-advice/v1.yaml").read_text()
    assert "has been changed since these sheets were written" in table(
        folder, "plan-advice", "--in", "rules.csv", code=2
    )


def test_a_wrong_cell_is_said_by_its_place_and_nothing_is_written(folder: Path) -> None:
    table(folder, "retention-offer", "--out", "rules.csv")
    edit(folder / "rules.csv", "> 0.80", ">> 0.8")
    edit(folder / "rules.csv", "loyalty reward", "loyalty rewrd")
    said = table(folder, "retention-offer", "--in", "rules.csv", "--replace", code=2)
    assert "sheet `offer`, row 16, column B (when: churn_risk): `>>` means nothing here" in said
    assert "column E (then: action): `loyalty rewrd` is not one of the declared values" in said
    assert "did you mean `loyalty reward`?" in said
    assert (folder / "policies/retention-offer/v1.yaml").read_bytes() == (
        ROOT / "policies/retention-offer/v1.yaml"
    ).read_bytes()


def test_examples_that_come_out_otherwise_are_shown(folder: Path) -> None:
    table(folder, "retention-offer", "--out", "rules.csv")
    edit(folder / "rules.csv", "30", "35")
    said = table(folder, "retention-offer", "--in", "rules.csv", code=1)
    assert "example 1 of `retention-offer@1` gives offer.discount_percent `35`, not `30`" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retention-ofer"], "did you mean `retention-offer`?"),
        (["retention-offer@7"], "there are: 1"),
        (["retention-offer", "ofer"], "did you mean `offer`?"),
        (["retention-offer", "--out", "x.txt"], "is neither a .csv nor a .xlsx file"),
        (["retention-offer", "--out", "a.csv", "--in", "b.csv"], "do not go together"),
        (["retention-offer", "--write"], "there is nothing to write without `--in`"),
        (["retention-offer", "--in", "none.csv"], "`none.csv` cannot be read"),
        (["price-proposal", "--out", "a.csv"], "has no list of rules"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, arguments: list[str], message: str) -> None:
    assert message in table(folder, *arguments, code=2)


def test_no_file_is_written_over_unasked(folder: Path) -> None:
    table(folder, "plan-advice", "--out", "rules.csv", "--delimiter", ";")
    assert (folder / "rules.csv").read_bytes().startswith(b"\xef\xbb\xbfpolicy:;plan-advice\r\n")
    assert "exists already" in table(folder, "plan-advice", "--out", "rules.csv", code=2)
    table(folder, "plan-advice", "--out", "rules.csv", "--force")
    assert (folder / "rules.csv").read_bytes().startswith(b"\xef\xbb\xbfpolicy:,plan-advice\r\n")


def test_a_policy_that_is_written_over_keeps_its_mode_and_a_link_to_it_stays_one(folder: Path) -> None:
    policy, kept = folder / "policies/retention-offer/v1.yaml", folder / "policies/kept"
    policy.rename(kept)
    policy.symlink_to(kept)
    kept.chmod(0o640)
    table(folder, "retention-offer", "--out", "rules.csv")
    edit(folder / "rules.csv", "Very likely to leave, of low value.", "Changed.")
    table(folder, "retention-offer", "--in", "rules.csv", "--replace")
    assert "because: Changed." in kept.read_text()
    assert (policy.is_symlink(), kept.stat().st_mode & 0o777) == (True, 0o640)
    assert sorted(each.name for each in folder.iterdir()) == ["policies", "rules.csv"]


def test_a_policy_that_changed_while_its_sheet_was_read_is_not_written_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = folder / "policies/retention-offer/v1.yaml"
    table(folder, "retention-offer", "--out", "rules.csv")
    edit(folder / "rules.csv", "Very likely to leave, of low value.", "Changed.")
    text = policy.read_text() + "# saved meanwhile\n"

    def meanwhile(compiled: object) -> list[object]:
        policy.write_text(text)
        return []

    monkeypatch.setattr("ordain.api.cli.table.example_issues", meanwhile)
    said = table(folder, "retention-offer", "--in", "rules.csv", "--replace", code=2)
    assert "has changed meanwhile" in said
    assert policy.read_text() == text


def test_lines_that_end_with_a_carriage_return_alone_are_refused(folder: Path) -> None:
    policy = folder / "policies/retention-offer/v1.yaml"
    policy.write_bytes(policy.read_bytes().replace(b"\n", b"\r"))
    said = table(folder, "retention-offer", "--out", "rules.csv", code=2)
    assert "end with a carriage return alone" in said
