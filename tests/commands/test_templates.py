"""What `meta_rl new` writes passes the conformance tests as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from meta_rl.commands import new
from meta_rl.errors import UserError

ROOT = Path(__file__).parents[2]
PLUGINS = ("-p", "meta_rl.conformance.options", "-p", "no:cacheprovider")
PYTEST = (sys.executable, "-m", "pytest", "-q", *PLUGINS, "-W", "ignore")


def conform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PYTEST, "--pyargs", "meta_rl.conformance", *arguments]
    env = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "", "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)


def test_templates_conform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, members = [], {"my_method", "my_method_untrained"}
    for kind in new.MEMBERS:
        said = new.main(kind, f"my_{kind}")
        assert f"plugins: [my_{kind}.py]" in said
        arguments += ["--plugin", f"my_{kind}.py"]
        members.add(f"my_{kind}")
    for member in sorted(members):
        arguments += ["--member", member]
    done = conform(tmp_path, *arguments)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout


def test_a_member_that_does_not_conform_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that looks at the first transition of its window alone, and does not say that the order matters."""
    monkeypatch.chdir(tmp_path)
    new.main("method", "my_method")
    path = tmp_path / "my_method.py"
    text = path.read_text()
    mean = "masked_mean(seen.window.transitions, seen.window.mask)"
    assert mean in text
    path.write_text(text.replace(mean, "seen.window.transitions[..., 0, :]"))
    chosen = ("--member", "my_method", "-k", "TestWithoutOrder or TestWindows")
    done = conform(tmp_path, "--plugin", "my_method.py", *chosen)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "test_order_does_not_matter[my_method]" in done.stdout


def test_an_unknown_member_or_a_bad_file_is_one_line(tmp_path: Path) -> None:
    done = conform(tmp_path, "--member", "my_method", "--collect-only")
    assert done.returncode == 4
    assert "no test here is about my_method; is it registered?" in done.stderr
    done = conform(tmp_path, "--plugin", "my_method.py")
    assert done.returncode == 4
    assert "my_method.py: cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("metod", "mine", "unknown kind 'metod'; did you mean 'method'"),
        ("method", "My-Method", "cannot be imported; name it with small letters"),
        ("method", "taken", r"taken.py: exists already; choose another name"),
        ("study", "taken", r"taken.yaml: exists already; choose another name"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix in ("py", "yaml"):
        (tmp_path / f"taken.{suffix}").write_text("mine")
    with pytest.raises(UserError, match=says):
        new.main(kind, name)
    assert (tmp_path / "taken.py").read_text() == "mine"
