"""What cannot end well is refused before a training, not after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordain.engine.errors import MalformedRequest, SettingsError
from ordain.models.training.before_training import check_before


@pytest.mark.parametrize("written", ["customers.csv", "./customers.csv", "link.csv", "m.yaml"])
def test_the_table_and_its_mapping_are_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("customers.csv", "m.yaml"):
        Path(name).write_text("dear")
    Path("link.csv").symlink_to("customers.csv")
    with pytest.raises(SettingsError, match="is read or written already"):
        check_before("churn", 1, 0, [Path("customers.csv"), Path("m.yaml")], [Path(written)])


def test_what_can_be_passes(tmp_path: Path) -> None:
    check_before("churn", 1, 0, [tmp_path / "customers.csv"], [tmp_path / "card.html", tmp_path / "asks.jsonl"])
    with pytest.raises(SettingsError, match="it is a folder"):
        check_before("churn", 1, 0, [], [tmp_path])
    with pytest.raises(MalformedRequest):
        check_before("churn", 10**9, 0, [], [])
