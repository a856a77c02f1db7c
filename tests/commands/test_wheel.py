"""The command from a wheel, in a folder of its own: workflow and published studies come with it."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
FOLDERS = ("meta_rl", "workflow", "config", "slurm")
FILES = ("setup.py", "pyproject.toml", "environment.yml", "README.md", "LICENSE")
TINY = {
    "study": "tiny",
    "benchmarks": {
        "cartpole_length": {
            "contexts": {"train": 2, "interpolation": 2, "extrapolation": 2},
            "agents": ["dqn"],
        }
    },
    "methods": ["none"],
    "seeds": {"test": {"first": 0, "count": 1}},
    "train": {"env_steps": 20_000},
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and with the other packages of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, folder / "tree" / name)
    build = (
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
        str(folder / "tree"),
    )
    subprocess.run([*PIP, *build], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env/bin/python"
    (place,) = (folder / "env/lib").glob("python*/site-packages")
    (place / "others.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    install = ("install", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    subprocess.run([*PIP, "--python", str(python), *install], check=True, cwd=folder)
    return folder / "env/bin"


def meta_rl(programs: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = [str(programs / "meta_rl"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)


def test_published_studies_come_with_it(programs: Path, tmp_path: Path) -> None:
    done = meta_rl(programs, tmp_path, "check", "quick")
    assert (done.returncode, done.stdout) == (0, "quick\n"), done.stderr
    (package,) = programs.parent.glob("lib/*/site-packages/meta_rl")
    assert (package / "py.typed").is_file()
    assert f"{package}/config/quick.yaml" in done.stderr
    done = meta_rl(programs, tmp_path, "check", "quikc")
    assert done.returncode == 1
    assert "unknown study 'quikc'; did you mean 'quick'?" in done.stderr


def test_jobs_of_a_study_run_in_any_folder(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    done = meta_rl(programs, tmp_path, "run", "tiny.yaml", "--cores", "1", "--until", "sample_contexts")
    assert done.returncode == 0, done.stdout + done.stderr
    made = sorted(path.name for path in (tmp_path / "results/tiny/cartpole_length/contexts").iterdir())
    assert made == ["held_out.parquet", "seeds_0-0.parquet"]
    done = meta_rl(programs, tmp_path, "status", "tiny.yaml")
    assert "| sample_contexts | cartpole_length | 2 | 2 |" in done.stdout


def test_a_study_and_a_profile_to_start_from(programs: Path, tmp_path: Path) -> None:
    assert meta_rl(programs, tmp_path, "new", "study", "mine").returncode == 0
    done = meta_rl(programs, tmp_path, "check", "mine.yaml")
    assert (done.returncode, done.stdout) == (0, "mine\n"), done.stderr
    assert meta_rl(programs, tmp_path, "new", "profile", "cluster").returncode == 0
    assert yaml.safe_load((tmp_path / "cluster/config.yaml").read_text())["executor"] == "slurm"
