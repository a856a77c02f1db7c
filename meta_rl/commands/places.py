"""Where workflow, published studies and the profile for Slurm lie: in a checkout, or in the installed package."""

from pathlib import Path

from meta_rl.errors import UserError, unknown

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """`workflow`, `config` or `slurm`: at the root of a checkout, where they belong; a wheel has copies (setup.py)."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def study(name: str) -> Path:
    """The file of a study, or the published study of this name."""
    if (path := Path(name)).is_file():
        return path
    published = {file.stem: file for file in folder("config").glob("*.yaml")}
    if name in published:
        return published[name]
    raise UserError(
        f"{name}: is no file; give one, or name a published study; {unknown('study', name, published)}"
    )
