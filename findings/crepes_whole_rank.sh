#!/usr/bin/env bash
# crepes 0.9.1: where (n + 1) level is a whole number, an interval takes a larger residual than it must, or is infinite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crepes==0.9.1 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import warnings
from fractions import Fraction
from importlib.metadata import version
from math import ceil

import numpy as np
from crepes import ConformalRegressor

print("crepes", version("crepes"))
found = {}
for count, level in ((19, "0.9"), (9, "0.9"), (19, "0.8"), (20, "0.9")):
    regressor = ConformalRegressor().fit(np.arange(1.0, count + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        low, high = regressor.predict_int(np.array([0.0]), confidence=float(level))[0]
    rank = ceil((count + 1) * Fraction(level))
    found[count, level] = high, rank
    print(f"residuals 1 to {count}, level {level}: the interval is [{low:g}, {high:g}], and residual {rank} suffices")
assert found[20, "0.9"][0] == found[20, "0.9"][1], "also elsewhere another residual is taken"
assert found[19, "0.9"][0] == 19 and found[19, "0.9"][1] == 18, "the interval has the residual that suffices"
assert np.isinf(found[9, "0.9"][0]), "nine residuals give an interval at level 0.9"
print("Why it matters: 1 - 0.9 is rounded to less than 0.1, so that 9, 19, 29 calibration points give an interval that is")
print("wider than the guarantee asks for, or none, while 10 or 20 give the right one. Widths of two sizes do not compare.")
PYTHON
