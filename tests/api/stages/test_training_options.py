"""`ordain train` with options that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import ordain_here


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rows", "-5"), "--rows: -5 is not possible"),
        (("--rows", "0"), "--rows: 0 is not possible"),
        (("--seed", "-1"), "--seed: -1 is not possible"),
        (("--seed", "99999999999999999999"), "--seed: 99999999999999999999 is not possible"),
        (("--name", "../up"), "`../up` is no name for a model"),
        (("--held-out", "nowhere/asks.jsonl"), "`asks.jsonl` cannot be written: there is no folder `nowhere`"),
        (("--card", "same.txt", "--held-out", "same.txt"), "`same.txt` is read or written already"),
    ],
)
def test_an_option_that_cannot_be_is_refused_in_a_sentence_before_anything_is_read(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = ordain_here(tmp_path, "train", "churn", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "", "nothing was read or trained"
