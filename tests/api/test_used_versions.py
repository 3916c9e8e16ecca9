"""Versions that have decided: `ordain check` finds what became of them, and no command writes over one."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from zoneinfo import ZoneInfo

import pytest
from answers import ADVICE
from served import edit, ordain_here

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, policies: Path) -> Run:
    """`ordain` on a copy of the policies, one of which has decided."""

    def ordain(*arguments: str, **more: str) -> CompletedProcess[str]:
        return ordain_here(tmp_path, *arguments, ORDAIN_POLICIES=str(policies), **more)

    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    done = ordain("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")
    assert done.returncode == 0, done.stderr
    return ordain


def findings(done: CompletedProcess[str]) -> list[dict[str, object]]:
    return [each for each in json.loads(done.stdout) if str(each["code"]).startswith("used-")]


def test_an_edited_version_is_found_with_both_digests_and_the_lines_that_changed(run: Run, policies: Path) -> None:
    assert run("check").returncode == 0
    used = policies / "plan-advice/v1.yaml"
    edit(used, "A smaller plan would do.", "A smaller plan would do!")
    done = run("check")
    assert done.returncode == 1
    assert "policies/plan-advice/v1.yaml:" in done.stdout
    assert (
        "error: `plan-advice` version 1 was edited or overwritten after it had decided or been activated" in done.stdout
    )
    assert "hint: `ordain audit text plan-advice@1` prints it as it was" in done.stdout
    assert "ok plan-advice@1" not in done.stdout
    (finding,) = findings(run("check", "--json"))
    assert (finding["policy"], finding["version"], finding["level"]) == ("plan-advice", 1, "error")
    assert finding["used"] != finding["now"]
    assert str(finding["used"]).startswith("sha256:")
    lines = [line for line in str(finding["diff"]).splitlines() if line[:1] in "+-"][2:]
    assert [line[0] for line in lines] == ["-", "+"]
    assert ["would do." in lines[0], "would do!" in lines[1]] == [True, True]
    assert finding["text"] == used.read_text().splitlines()[int(str(finding["line"])) - 1].strip()
    assert "would do!" in str(finding["text"])


def test_the_recorded_text_put_back_is_the_used_version_to_the_byte(run: Run, policies: Path) -> None:
    used = policies / "plan-advice/v1.yaml"
    before = used.read_bytes()
    used.write_bytes(before.rstrip(b"\n") + b"  # later\n")
    assert run("check").returncode == 1
    used.write_bytes(run("audit", "text", "plan-advice@1").stdout.encode())
    assert used.read_bytes() == before
    assert run("check").returncode == 0


def test_a_text_without_a_line_end_comes_back_without_one(tmp_path: Path, policies: Path) -> None:
    used = policies / "plan-advice/v1.yaml"
    used.write_bytes(used.read_bytes().rstrip(b"\n"))
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    more = {"ORDAIN_POLICIES": str(policies)}
    assert ordain_here(tmp_path, "decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json", **more).stdout
    assert ordain_here(tmp_path, "audit", "text", "plan-advice@1", **more).stdout.encode() == used.read_bytes()


def test_other_line_ends_are_another_text_and_said_to_be_that(run: Run, policies: Path) -> None:
    used = policies / "plan-advice/v1.yaml"
    used.write_bytes(used.read_bytes().replace(b"\n", b"\r\n"))
    (finding,) = findings(run("check", "--json"))
    assert finding["diff"] == "only ends of lines, or bytes that are not seen, are others"


def test_a_deleted_version_is_a_warning_that_says_how_it_comes_back(run: Run, policies: Path) -> None:
    used = policies / "plan-advice/v1.yaml"
    used.rename(policies / "plan-advice/v2.yaml")
    edit(policies / "plan-advice/v2.yaml", "version: 1", "version: 2")
    done = run("check")
    assert done.returncode == 1
    assert "warning: `plan-advice@1` has decided, and its file is gone" in done.stdout
    assert "hint: `ordain audit text plan-advice@1 > policies/plan-advice/v1.yaml` gives it back" in done.stdout


def test_what_did_not_decide_may_change(run: Run, policies: Path) -> None:
    edit(policies / "retention-offer/v1.yaml", "Very likely to leave", "Likely to leave")
    assert run("check", "--ledger").returncode == 0


def test_a_directory_is_compared_when_that_is_asked_for(run: Run, policies: Path) -> None:
    edit(policies / "plan-advice/v1.yaml", "A smaller plan would do.", "A smaller plan would do!")
    assert run("check", str(policies)).returncode == 0
    assert run("check", "--no-ledger").returncode == 0
    assert findings(run("check", str(policies), "--ledger", "--json"))


def test_without_a_ledger_there_is_nothing_to_compare_which_is_said_where_it_is_asked(
    tmp_path: Path, policies: Path
) -> None:
    asked = ordain_here(tmp_path, "check", "--ledger", ORDAIN_POLICIES=str(policies))
    assert (asked.returncode, asked.stderr.count("\n")) == (0, 1)
    assert asked.stderr.endswith("so there are no used versions to compare with\n")
    assert not (tmp_path / "ordain.db").exists(), "a ledger is read and not made"
    assert ordain_here(tmp_path, "check", ORDAIN_POLICIES=str(policies)).stderr == ""


def test_a_ledger_that_cannot_be_read_is_an_error_where_it_is_asked_for(tmp_path: Path, policies: Path) -> None:
    (tmp_path / "ordain.db").write_bytes(b"no database" * 100)
    asked = ordain_here(tmp_path, "check", "--ledger", ORDAIN_POLICIES=str(policies))
    assert (asked.returncode, asked.stderr.splitlines()[0]) == (3, "LedgerUnavailable")
    default = ordain_here(tmp_path, "check", ORDAIN_POLICIES=str(policies))
    assert default.returncode == 0
    assert default.stderr.startswith("used versions are not compared: ")


def changed_sheet(run: Run, folder: Path) -> Path:
    sheet = folder / "rules.csv"
    assert run("table", "plan-advice@1", "--out", str(sheet), "--force").returncode == 0
    rows = list(csv.reader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[cell.replace("would do.", "will do.") for cell in row] for row in rows])
    sheet.write_text(out.getvalue(), encoding="utf-8", newline="")
    return sheet


def test_a_sheet_writes_over_no_version_that_has_decided(run: Run, tmp_path: Path, policies: Path) -> None:
    used, sheet = policies / "plan-advice/v1.yaml", changed_sheet(run, tmp_path)
    before = used.read_bytes()
    for more in ((), ("--directory", str(policies)), ("--force",)):
        done = run("table", "plan-advice@1", "--in", str(sheet), "--replace", *more)
        assert done.returncode == 2, done.stdout
        assert "version 1 of `plan-advice` has decided, so its file stays as it is" in done.stderr
        assert "hint: with --write in the place of --replace it is a new version" in done.stderr
        assert used.read_bytes() == before
    assert run("table", "plan-advice@1", "--in", str(sheet), "--write").returncode == 0
    assert "will do." in (policies / "plan-advice/v2.yaml").read_text()
    again = changed_sheet(run, tmp_path)
    edited = policies / "plan-advice/v2.yaml"
    edited.write_text(edited.read_text().replace("will do.", "would do."))
    run("table", "plan-advice@2", "--out", str(again), "--force")
    again.write_text(
        again.read_text(encoding="utf-8-sig").replace("would do.", "may do."), encoding="utf-8", newline=""
    )
    assert run("table", "plan-advice@2", "--in", str(again), "--replace").returncode == 0, "v2 has decided nothing"


def test_cases_of_a_sheet_are_added_to_no_version_that_has_decided(run: Run, tmp_path: Path, policies: Path) -> None:
    used, sheet, judged = policies / "plan-advice/v1.yaml", tmp_path / "cases.csv", tmp_path / "judged.csv"
    before = used.read_bytes()
    assert run("cases", "plan-advice", "--out", str(sheet)).returncode == 0
    text = sheet.read_text(encoding="utf-8-sig")
    sheet.write_text(text.replace(",95,", ",96,"), encoding="utf-8", newline="")
    done = run("cases", "plan-advice", "--in", str(sheet), "--add", "--out", str(judged))
    assert (done.returncode, used.read_bytes() == before, judged.exists()) == (2, True, False), done.stdout
    assert "version 1 of `plan-advice` has decided, so its file stays as it is" in done.stderr
    assert "hint: copy it to the next version's file, and add the cases to that" in done.stderr
    assert run("cases", "plan-advice", "--in", str(sheet)).returncode == 0


def test_a_new_version_never_takes_the_number_of_one_that_decided_and_is_gone(
    run: Run, tmp_path: Path, policies: Path
) -> None:
    folder = policies / "plan-advice"
    text = (folder / "v1.yaml").read_text()
    (folder / "v3.yaml").write_text(text.replace("version: 1", "version: 3"))
    assert run("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json").returncode == 0
    (folder / "v3.yaml").unlink()
    done = run("table", "plan-advice@1", "--in", str(changed_sheet(run, tmp_path)), "--write")
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["v1.yaml", "v4.yaml"]


def test_formatting_leaves_a_version_that_has_decided(tmp_path: Path, policies: Path) -> None:
    used, unused = policies / "plan-advice/v1.yaml", policies / "retention-offer/v1.yaml"
    for file in (used, unused):
        edit(file, "version: 1", "version:   1")
    before = used.read_bytes()
    more = {"ORDAIN_POLICIES": str(policies)}
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    ordain_here(tmp_path, "decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json", **more)
    done = ordain_here(tmp_path, "fmt", **more)
    assert done.returncode == 0
    assert f"left as it is, for it has decided: {used}" in done.stdout
    assert used.read_bytes() == before
    assert "version: 1\n" in unused.read_text()
    assert ordain_here(tmp_path, "fmt", "--check", **more).returncode == 0


def test_a_trial_uses_no_version(tmp_path: Path, policies: Path) -> None:
    more = {"ORDAIN_POLICIES": str(policies)}
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    asked = ("decide", "plan-advice", "--subject", "C-1", "--facts", "facts.json")
    assert "nothing is on record" in ordain_here(tmp_path, *asked, "--dry-run", **more).stdout
    edit(policies / "plan-advice/v1.yaml", "A smaller plan would do.", "A smaller plan would do!")
    assert ordain_here(tmp_path, "check", "--ledger", **more).returncode == 0
    assert ordain_here(tmp_path, *asked, **more).returncode == 0


def test_what_ends_soon_is_a_report_by_day(tmp_path: Path, policies: Path) -> None:
    until = dt.datetime.now(ZoneInfo("Asia/Kolkata")).date() + dt.timedelta(days=5)
    advice = policies / "plan-advice/v1.yaml"
    (line,) = (line for line in advice.read_text().splitlines() if line.startswith("effective: "))
    start = line.removeprefix("effective: ")
    edit(advice, line, f"effective: {{from: {start}, until: {until}}}")
    done = ordain_here(tmp_path, "check", "--ending", "30", ORDAIN_POLICIES=str(policies))
    said = f"{until}  the last day of `plan-advice@1`; then no version is in force  (policies/plan-advice/v1.yaml)"
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, said)
    data = json.loads(ordain_here(tmp_path, "check", str(policies), "--ending", "30", "--json").stdout)
    assert [(each["day"], each["policy"], each["then"]) for each in data] == [(str(until), "plan-advice", None)]
    nothing = ordain_here(tmp_path, "check", str(policies), "--ending", "2")
    assert (nothing.returncode, nothing.stdout[:18]) == (0, "nothing ends until")
