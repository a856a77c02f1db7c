"""Which part of the installation has a library: `pip install 'meta_rl[study]'` and so on. Standard library only."""

from collections.abc import Iterator
from contextlib import contextmanager

from meta_rl.errors import UserError

# By the name that is imported.
_EXTRAS = {
    "arch": "study",
    "jinja2": "study",
    "jsonschema": "study",
    "matplotlib": "study",
    "pandas": "study",
    "pulp": "study",
    "pyarrow": "study",
    "scipy": "study",
    "seaborn": "study",
    "sklearn": "study",
    "snakemake": "study",
    "torch": "study",
    "yaml": "study",
    "snakemake_executor_plugin_slurm": "slurm",
    "mujoco": "mujoco",
    "metaworld": "metaworld",
    "ConfigSpace": "tune",
    "dehb": "tune",
    "distributed": "tune",
    "loguru": "tune",
    "carl": "dev",
    "hypothesis": "dev",
    "pytest": "dev",
    "stable_baselines3": "dev",
    "sbx": "bench",
}


@contextmanager
def named() -> Iterator[None]:
    """A library that is not installed becomes a UserError that names the extra which has it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (missing := (error.name or "").partition(".")[0]) not in _EXTRAS:
            raise
        raise UserError(f"{missing} is not installed; pip install 'meta_rl[{_EXTRAS[missing]}]'") from error
