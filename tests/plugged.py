"""A method in a file of its own, with a helper beside it, and the same as an installed package."""

from pathlib import Path

LINES = '{"mine": {"needs": {"context"}, "control": "mine_shuffled"}, "mine_shuffled": {"needs": {"wrong_context"}}}'
HELPER = '"""A number."""\n\nSCALE = 2.0\n'
METHOD = '''"""The context, scaled."""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams
from {helper} import SCALE

{lines}


@dataclass(frozen=True)
class Config:
    scale: Annotated[float, (0, 10), "what the context is multiplied by"] = 1.0


class Scaled(Method):
    def __init__(self, config: Config, task: Task) -> None:
        super().__init__()
        self.size, self._scale = len(task.contexts.names), config.scale * SCALE

    def forward(self, seen: Seen) -> Tensor:
        assert seen.context is not None
        return seen.context * self._scale


def build(config: Config, task: Task, streams: Streams) -> Method:
    return Scaled(config, task)
'''


def file(folder: Path) -> Path:
    """my_method.py and my_helper.py in a folder."""
    (folder / "my_helper.py").write_text(HELPER)
    (folder / "my_method.py").write_text(METHOD.format(helper="my_helper", lines=f"METHODS = {LINES}"))
    return folder / "my_method.py"


def package(folder: Path) -> None:
    """my_package 1.2 as it lies in site-packages, with a package inside that is imported relatively."""
    members = '"mine": Entry("my_package.inner.mine", needs=frozenset({"context"}))'
    files = {
        "my_package/__init__.py": "",
        "my_package/members.py": f"from meta_rl.entries import Entry\n\nMETHODS = {{{members}}}\n",
        "my_package/helper.py": HELPER,
        "my_package/inner/__init__.py": "",
        "my_package/inner/mine.py": METHOD.format(helper="..helper", lines=""),
        "my_package-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: my_package\nVersion: 1.2\n",
        "my_package-1.2.dist-info/entry_points.txt": "[meta_rl.members]\nmy_package = my_package.members\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
