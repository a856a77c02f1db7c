"""Which part of the installation has a library: `pip install 'meta_rl[study]'` and so on. Standard library only."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

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


def need(library: str) -> None:
    """Raise a UserError that names the extra which has the library, where it is not installed."""
    if find_spec(library) is None:
        raise UserError(_missing(library))


@contextmanager
def named() -> Iterator[None]:
    """The same for whatever library turns out to be missing meanwhile."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (missing := (error.name or "").partition(".")[0]) not in _EXTRAS:
            raise
        raise UserError(_missing(missing)) from error


def _missing(library: str) -> str:
    return f"{library} is not installed; pip install 'meta_rl[{_EXTRAS[library]}]'"
