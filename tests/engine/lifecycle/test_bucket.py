"""To which part of the customers somebody belongs: the same everywhere, and by chance."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from ordain.engine.lifecycle.bucket import BUCKETS, bucket

SUBJECTS = 1_000_000 if os.environ.get("ORDAIN_LONG_TESTS") else 100_000
LABEL = "retention-offer@4"
STANDARD_DEVIATIONS = 5
"""Beyond these one test in a million fails by chance, were the subjects not always the same ones."""


@pytest.fixture(scope="module")
def counts() -> Counter[int]:
    return Counter(bucket(LABEL, f"C-{number}") for number in range(SUBJECTS))


@pytest.mark.parametrize("percent", [1, 5, 25, 50, 99])
def test_a_share_of_buckets_is_that_share_of_subjects(counts: Counter[int], percent: int) -> None:
    wanted = percent / 100
    own = sum(count for number, count in counts.items() if number < percent * BUCKETS // 100)
    assert abs(own - wanted * SUBJECTS) < STANDARD_DEVIATIONS * math.sqrt(SUBJECTS * wanted * (1 - wanted))


def test_every_bucket_has_its_share(counts: Counter[int]) -> None:
    expected = SUBJECTS / BUCKETS
    squares = sum((counts[number] - expected) ** 2 / expected for number in range(BUCKETS))
    freedom = BUCKETS - 1
    assert abs(squares - freedom) < STANDARD_DEVIATIONS * math.sqrt(2 * freedom)


def test_two_roll_outs_have_customers_that_have_nothing_to_do_with_one_another() -> None:
    number, share = 20_000, BUCKETS // 4
    both = sum(
        bucket("fees@2", f"C-{each}") < share and bucket("fees@3", f"C-{each}") < share for each in range(number)
    )
    wanted = 1 / 16
    assert abs(both - wanted * number) < STANDARD_DEVIATIONS * math.sqrt(number * wanted * (1 - wanted))


def test_a_bucket_is_what_the_documentation_says_and_so_what_any_program_can_work_out() -> None:
    """SHA-256 by another program, on text that is not plain."""
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not on this machine")
    for subject in ("C-1", "नमस्ते", "", "a b", "x" * 300):
        text = f"{LABEL}\0{subject}".encode()
        digest = subprocess.run(["sha256sum"], input=text, capture_output=True, check=True).stdout.split()[0].decode()
        assert bucket(LABEL, subject) == int(digest[:16], 16) % 10_000


def test_it_is_the_same_in_every_process_and_under_every_python_here() -> None:
    here = [bucket(LABEL, f"C-{number}") for number in range(500)]
    program = (
        "from hashlib import sha256;"
        f"digests = [sha256(f'{LABEL}\\0C-{{number}}'.encode()).digest() for number in range(500)];"
        "print([int.from_bytes(each[:8], 'big') % 10000 for each in digests])"
    )
    found = filter(None, (shutil.which(f"python3.{minor}") for minor in (11, 12, 13, 14)))
    others = {
        each for each in found if subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode == 0
    }
    for python in sorted(others | {sys.executable}):
        told = subprocess.run(
            [python, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"}, text=True
        ).stdout
        assert told.strip() == str(here), python
