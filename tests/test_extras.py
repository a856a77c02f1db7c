"""With the core alone the Gymnasium ids work, and what takes more names the extra that has it."""

import subprocess
import sys

import pytest

from meta_rl import extras
from meta_rl.errors import UserError

# What is in no core, as if it were not installed.
CORE = """
import importlib.abc, importlib.machinery, sys
from meta_rl import extras

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {*extras._EXTRAS, "imageio"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
extras.find_spec = lambda name: None
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", CORE + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ids_need_no_more_than_the_core() -> None:
    code = """
import gymnasium, meta_rl.gym
for name in ("cartpole_length", "lunarlander_gravity", "acrobot", "mountaincar", "bipedalwalker", "pendulum"):
    environment = gymnasium.make(f"meta_rl/{name}-v0")
    environment.reset(seed=0)
    environment.step(environment.action_space.sample())
    print(name)
"""
    assert len(run(code).split()) == 6


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("hopper", "mujoco", "mujoco"),
        ("striker_gravity", "mujoco", "mujoco"),
        ("metaworld_push", "metaworld", "metaworld"),
    ],
)
def test_an_id_that_needs_more_says_what(name: str, library: str, extra: str) -> None:
    code = f"""
import gymnasium, meta_rl.gym
from meta_rl.errors import UserError
try:
    gymnasium.make("meta_rl/{name}-v0")
except UserError as error:
    print(error)
"""
    assert run(code).strip() == f"{library} is not installed; pip install 'meta_rl[{extra}]'"


def test_a_command_that_needs_more_says_what() -> None:
    code = (
        "from meta_rl.commands.__main__ import main; sys.stderr = sys.stdout; print(main(['check', 'quick']))"
    )
    *said, status = run(code).splitlines()
    assert status == "1"
    (line,) = said
    assert line.endswith("is not installed; pip install 'meta_rl[study]'")


def test_importing_the_ids_imports_nothing_large() -> None:
    code = "import sys, meta_rl.gym; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*extras._EXTRAS, "scipy", "Box2D", "pygame"} & set(done.stdout.split())


def test_a_library_that_is_no_extra_stays_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"), extras.named():
        import no_such_library  # type: ignore[import-not-found]  # noqa: F401
    with (
        pytest.raises(UserError, match=r"sbx is not installed; pip install 'meta_rl\[bench\]'"),
        extras.named(),
    ):
        raise ModuleNotFoundError(name="sbx.common")
