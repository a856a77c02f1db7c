"""What one starts from: a member in a file that a study names under `plugins`, a study, a profile for Slurm."""

import re
from pathlib import Path

from meta_rl import files
from meta_rl.commands import places
from meta_rl.errors import UserError, unknown

TEMPLATES = Path(__file__).parents[1] / "templates"
MEMBERS = sorted(path.stem for path in TEMPLATES.glob("[!_]*.py"))
STUDY = "quick"  # of which a new study is a copy


def main(kind: str, name: str) -> str:
    """Write into this folder; what to do next. Raises UserError for a kind, a name or a file in the way."""
    if kind in MEMBERS:
        return _member(kind, name)
    if kind == "study":
        text = (places.folder("config") / f"{STUDY}.yaml").read_text(encoding="utf-8")
        text = re.sub(r"^# yaml-language-server.*\n", "", text)  # the schema does not lie beside it
        _write(path := Path(f"{name}.yaml"), re.sub(r"(?m)^study: .*$", f"study: {name}", text))
        return f"{path}: a copy of {STUDY}. Whether it is right:  meta_rl check {path}"
    if kind == "profile":
        text = (places.folder("slurm") / "config.yaml").read_text(encoding="utf-8")
        _write(path := Path(name, "config.yaml"), text)
        return f"{path}: name your partition and account there. Then:  meta_rl run STUDY --profile {name}"
    raise UserError(unknown("kind", kind, [*MEMBERS, "study", "profile"]))


def _member(kind: str, name: str) -> str:
    if not name.isidentifier() or not name.islower():
        raise UserError(
            f"{name}: cannot be imported; name it with small letters, digits and '_', such as my_{kind}"
        )
    text = (TEMPLATES / f"{kind}.py").read_text(encoding="utf-8")
    _write(path := Path(f"{name}.py"), re.sub(r"\bmine(?=\b|_)", name, text))
    return (
        f"{path}: to start from. Name it in a study:  plugins: [{path}]\n"
        f"Whether it does what it must:  pytest --pyargs meta_rl.conformance --plugin {path} --member {name}"
    )


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise UserError(f"{path}: exists already; choose another name, or move it away")
    files.write_text(path, text)
