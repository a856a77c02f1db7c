"""What pyproject.toml has no words for: the wheel has copies of folders that stand beside the package in a checkout.

`workflow/`, `config/` and `slurm/` are for people to read and edit, so they stay at the root. Inside the wheel they lie
in the package, where the command `meta_rl` finds them from any folder (meta_rl/commands/places.py).
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = ("workflow", "config", "slurm", "environment.yml")


class Build(build_py):
    """The package with what stands beside it; an editable installation reads that where it is."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in BESIDE:
            source, target = Path(__file__).with_name(name), Path(self.build_lib, "meta_rl", name)
            if source.is_dir():
                shutil.copytree(
                    source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": Build})
