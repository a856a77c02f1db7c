#!/usr/bin/env bash
# torchrl 0.14.1: a folder named gym on the path, without any code, is taken for the package gym, and environments of
# gymnasium 1.3.0 cannot be wrapped any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torchrl==0.14.1 'tensordict<0.15' 'gymnasium[classic-control]==1.3.0' \
    numpy==2.4.6 torch==2.13.0
mkdir -p "$folder/elsewhere" "$folder/beside/gym"
cat > "$folder/wrap.py" <<'PYTHON'
import warnings

warnings.simplefilter("ignore")
import gymnasium
from torchrl.envs import GymWrapper

try:
    GymWrapper(gymnasium.make("CartPole-v1"))
    print("wrapped")
except AttributeError as error:
    print(f"AttributeError: {error}")
PYTHON
"$folder/venv/bin/python" -c 'from importlib.metadata import version as v; print("torchrl", v("torchrl"), "gymnasium", v("gymnasium"))'
for place in elsewhere beside; do
    found=$(cd "$folder/$place" && env PYTHONPATH=. "$folder/venv/bin/python" "$folder/wrap.py" 2> /dev/null | tail -n 1)
    echo "with $(ls -A "$folder/$place" | grep . || echo nothing) on the path: $found"
    case $place in
        elsewhere) expected="wrapped" ;;
        beside) expected="AttributeError: module 'gym' has no attribute 'spaces'" ;;
    esac
    python3 -c 'import sys; assert sys.argv[1] == sys.argv[2], "another behaviour"' "$found" "$expected"
done
echo "Why it matters: tests or sources in a folder that is called gym, as many projects have it, break TorchRL where the"
echo "folder above it is on the path, as pytest puts it there."
