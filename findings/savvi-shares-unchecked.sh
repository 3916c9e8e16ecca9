#!/bin/sh
# savvi 0.3.1 (PyPI), sequential test of a split: planned shares that do not sum to 1 are taken without a word.
#
# Its constructor means to refuse them ("theta_0 must sum to 1"). But the check asks whether a condition `is False`, and
# the condition is numpy's own False, which is another object: so nothing is ever refused. The evidence is then wrong: a
# split that is just as planned, 5 to 95, looks impossible when the plan was written as 5 to 59.
#
# The package names no dependency on matplotlib, and cannot be imported without it: so it is installed here, too.
#
# Run it: sh findings/savvi-shares-unchecked.sh. It succeeds while the behaviour is as described, and fails once it changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check savvi==0.3.1 numpy==2.4.6 scipy==1.17.1 matplotlib
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from savvi.multinomial import Multinomial

right = Multinomial(0.05, np.array([0.05, 0.95]))
right.update(np.array([50, 950]))
assert right.odds < 1, right.odds

try:
    wrong = Multinomial(0.05, np.array([0.05, 0.59]))
except ValueError as error:
    raise SystemExit(f"changed: it refuses shares that do not sum to 1: {error}")
wrong.update(np.array([50, 950]))
assert wrong.odds > 1e100, wrong.odds
print(f"as described: shares that sum to 0.64 are taken, and the odds are {wrong.odds:.3g} instead of {right.odds:.3g}")
PYTHON
