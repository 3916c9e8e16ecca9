"""Runs that say little more than a shorter sister does, so that the gate stays well under half an hour."""

from __future__ import annotations

import os

import pytest

LONG = pytest.mark.skipif("ORDAIN_LONG_TESTS" not in os.environ, reason="long: set ORDAIN_LONG_TESTS=1 to run it, too")
