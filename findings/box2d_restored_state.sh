#!/usr/bin/env bash
# box2d 2.3.10: a world with the same positions, angles and velocities goes on differently.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet box2d==2.3.10 numpy==2.4.6
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from Box2D import b2World

print("box2d", version("box2d"))


def world():
    made = b2World(gravity=(0, -10))
    made.CreateStaticBody(position=(0, 0)).CreatePolygonFixture(box=(50, 1))
    bodies = [made.CreateDynamicBody(position=(0.3 * i, 1.5 + 1.02 * i)) for i in range(4)]
    for body in bodies:
        body.CreatePolygonFixture(box=(0.5, 0.5), density=1, friction=0.3)
    return made, bodies


def state(bodies):
    return [(*body.position, body.angle, *body.linearVelocity, body.angularVelocity) for body in bodies]


def step(count, *worlds):
    for _ in range(count):
        for one in worlds:
            one.Step(1 / 50, 6, 2)


(first, bodies), (second, others) = world(), world()
step(100, first, second)
assert state(bodies) == state(others), "two equal worlds are not equal"
restored, copies = world()
for copy, (x, y, angle, vx, vy, omega) in zip(copies, state(bodies)):
    copy.position, copy.angle, copy.linearVelocity, copy.angularVelocity = (x, y), angle, (vx, vy), omega
assert state(copies) == state(bodies)
step(1, first, restored)
after_one = state(copies) == state(bodies)
step(200, first, second, restored)
largest = max(abs(a - b) for one, other in zip(state(bodies), state(copies)) for a, b in zip(one, other))
print(f"after one step {'equal' if after_one else 'different'}; after 201 steps the largest difference is {largest:.2g}")
assert not after_one and largest > 0, "what can be set is all of the state now"
print("Why it matters: contacts keep impulses of the step before, which cannot be set. LunarLander and BipedalWalker can")
print("return to a state only by repeating the episode's actions from its start.")
PYTHON
