#!/bin/sh
# ville 0.1.0 (PyPI), AsymptoticABTest: at a small share and a rare rate it finds a difference far too often.
#
# 60,000 customers, 5 percent of them treated, a rate of 2 percent in both arms, looked at every 1,000: at alpha = 0.05 and
# with its other settings as they come, some four of ten such tests exclude 0 at some look. The guarantee is documented as
# asymptotic, and bounds begin at 100 customers of both arms together: five treated ones, here. Until the first treated
# customer with a yes has come, the values of that arm are all alike, and what the first yes will weigh (20) is not in the
# variance yet. With half of the customers treated the share of false alarms is below alpha.
#
# Run it: sh findings/ville-false-alarms-at-a-small-share.sh. It succeeds while it is as described, and fails once it changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ville==0.1.0 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from ville import AsymptoticABTest

CUSTOMERS, TESTS = 60_000, 100
LOOKS = np.arange(999, CUSTOMERS, 1_000)


def false_alarms(share: float) -> float:
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(TESTS):
        treated = rng.random(CUSTOMERS) < share
        answers = rng.random(CUSTOMERS) < 0.02
        test = AsymptoticABTest(alpha=0.05, propensity=share)
        test.fit(answers.astype(float), treated.astype(float))
        alarms += bool(((test.lower_ > 0) | (test.upper_ < 0))[LOOKS].any())
    return alarms / TESTS


small, half = false_alarms(0.05), false_alarms(0.5)
assert small > 0.2, f"changed: {small:.0%} false alarms at a share of 5 percent"
assert half <= 0.08, f"changed: {half:.0%} false alarms at a share of 50 percent"
print(f"as described: {small:.0%} false alarms at a share of 5 percent, {half:.0%} at one of 50 percent; alpha is 5 percent")
PYTHON
