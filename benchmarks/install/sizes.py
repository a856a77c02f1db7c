"""MB and seconds of each extra, in environments of their own: `python -m benchmarks.install.sizes docs/install.md`.

Whoever wants the CPU build of PyTorch measured sets PIP_EXTRA_INDEX_URL. Downloads are not counted: pip installs what
it has downloaded before.
"""

import resource
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from meta_rl import files
from meta_rl.tables import markdown

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 10
_IMPORTS = (
    "import time; start = time.process_time(); import gymnasium; known = time.process_time(); import meta_rl.gym; "
    "print(known - start, time.process_time() - known)"
)


def main(page: Path) -> None:
    """Write the page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, extra in enumerate(["", *project["optional-dependencies"]]):
            python = _environment(Path(folder, str(number)))
            wanted = f"{ROOT}[{extra}]" if extra else str(ROOT)
            _pip(python, "download", "-d", str(Path(folder, "files")), wanted)
            before = _size(python)
            seconds = _pip(python, "install", "--find-links", str(Path(folder, "files")), wanted)
            rows.append(
                (f"`{extra}`" if extra else "the core", f"{_size(python) - before:,.0f}", f"{seconds:.0f}")
            )
            print(*rows[-1], flush=True)
            if not extra:
                gymnasium, ours = _imports(python)
    files.write_text(page, _page(rows, gymnasium, ours))


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin/python"


def _pip(python: Path, *arguments: str) -> float:
    """CPU seconds of a call."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(python), "-m", "pip", "-q", *arguments, "-c", str(ROOT / "constraints.txt")]
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _size(python: Path) -> float:
    """MB of all that is installed."""
    places = python.parents[1].rglob("*")
    return sum(path.stat().st_size for path in places if path.is_file() and not path.is_symlink()) / 1e6


def _imports(python: Path) -> tuple[float, float]:
    """CPU seconds of importing Gymnasium, and of then importing our ids: the least of some processes."""
    runs = [
        subprocess.run([python, "-c", _IMPORTS], check=True, capture_output=True, text=True).stdout.split()
        for _ in range(REPEATS)
    ]
    least = [min(float(run[place]) for run in runs) for place in (0, 1)]
    return least[0], least[1]


def _page(rows: list[tuple[str, str, str]], gymnasium: float, ours: float) -> str:
    table = markdown.table(("extra", "MB", "CPU seconds of pip"), rows)
    return (
        "# What installing takes\n\n"
        f"{table}\n\n"
        "Each with the core and all that it depends on, in an environment of its own, with the versions of\n"
        "`constraints.txt`. Downloads are not counted.\n\n"
        f"`import gymnasium` takes {gymnasium:.2f} CPU seconds, and `import meta_rl.gym` after it {ours:.2f}, the\n"
        f"least of {REPEATS} processes.\n\n"
        "Measured by `python -m benchmarks.install.sizes docs/install.md`.\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
