#!/usr/bin/env bash
# crepes 0.9.1: a Mondrian bin that calibration has not seen gets the interval [0, 0], without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crepes==0.9.1 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

import numpy as np
from crepes import ConformalRegressor

warnings.simplefilter("error")  # a warning would be a word
print("crepes", version("crepes"))
bins = np.tile([0.1, 0.2, 0.3, 0.4], 50)
regressor = ConformalRegressor()
regressor.fit(np.random.default_rng(0).normal(size=200), bins=bins)
intervals = regressor.predict_int(np.ones(3), bins=np.array([0.3, 0.1 + 0.2, 0.5]), confidence=0.9)
for told, interval in zip(("0.3", "0.1 + 0.2, which is 0.30000000000000004", "0.5"), intervals):
    print(f"around a prediction of 1.0 in bin {told}: {interval}")
assert intervals[0, 0] < 1 < intervals[0, 1]
assert (intervals[1:] == 0).all(), "unknown bins are no longer [0, 0]"
print("Why it matters: bins of context values that were computed twice differ in the last bit; their intervals then")
print("leave out the prediction itself, and coverage falls without an error. Bins should be whole numbers.")
PYTHON
