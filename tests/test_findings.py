"""The list of findings is that of the scripts, and what each changed is still there, with a test that keeps it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "findings"
# Of those by which the product was changed: words of the code, and the test of the right values.
CHANGED = {
    "box2d_restored_state": (
        {"meta_rl/envs/simulator.py": "if not self.restores:"},
        "tests/envs/test_simulator.py::test_a_state_is_loaded_by_replaying_it",
    ),
    "crepes_whole_rank": (
        {"meta_rl/uncertainty/conformal.py": "rank = math.ceil("},
        "tests/uncertainty/test_conformal.py::test_the_quantile_is_exact_where_the_rank_is_a_whole_number",
    ),
    "metaworld_reset_seed": (
        {"meta_rl/envs/metaworld.py": "_seeded(environment, self)"},
        "tests/envs/test_metaworld.py::test_the_plain_environment_is_seeded_as_gymnasium_asks",
    ),
    "mujoco_friction_of_two_geoms": (
        {"meta_rl/envs/metaworld.py": "model.geom_friction[:] ="},
        "tests/envs/test_metaworld_dynamics.py::test_a_puck_slides_as_far_as_its_friction_lets_it",
    ),
    "mujoco_mass_without_set_const": (
        {"meta_rl/envs/metaworld.py": "mj_setConst(", "meta_rl/envs/striker_scene.py": "mj_setConst("},
        "tests/envs/test_metaworld_dynamics.py::test_the_model_holds_the_context",
    ),
    "numba_stale_cache": (
        {"meta_rl/kernels/compiled.py": "def folders("},
        "tests/kernels/test_cache.py::test_another_text_has_another_folder",
    ),
    "snakemake_quiet_failures": (
        {"meta_rl/study/attempt.py": "_write(log, [*before, own])"},
        "tests/workflow/test_surroundings.py::test_the_status_knows_of_a_failure_whatever_snakemake_prints",
    ),
    "stable_baselines3_evaluation_resets": (
        {"meta_rl/gym/env.py": "and self._played():"},
        "tests/gym/test_sb3.py::test_every_evaluation_over_ten_contexts_plays_all_ten",
    ),
    "torch_adam_last_register": (
        {"meta_rl/kernels/optimiser.py": "for seed in range(seeds):"},
        "tests/stack/test_any_stack.py::test_an_optimisers_step_does_not_depend_on_the_place_in_memory",
    ),
    "torch_save_full_disk": (
        {"meta_rl/training/tensor_files.py": "torch.save(content, file)"},
        "tests/test_files.py::test_what_does_not_fit_leaves_the_old_file_and_no_other",
    ),
}
_ROW = re.compile(r"^\| \[(\w+)\]\((\w+)\.sh\) \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
ROWS = _ROW.findall((FOLDER / "README.md").read_text())


def test_each_script_has_a_line() -> None:
    assert [name for name, *_ in ROWS] == [file for _, file, *_ in ROWS]
    assert [name for name, *_ in ROWS] == sorted(path.stem for path in FOLDER.glob("*.sh"))
    assert {name for name, *_, here in ROWS if not here.startswith("not ours")} == CHANGED.keys()


@pytest.mark.parametrize(("name", "packages"), [(name, packages) for name, _, packages, *_ in ROWS])
def test_a_script_stands_alone_and_names_its_versions(name: str, packages: str) -> None:
    path = FOLDER / f"{name}.sh"
    text = path.read_text()
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)
    assert "meta_rl" not in text
    assert "assert " in text
    assert "Why it matters:" in text
    for package in packages.split(", "):
        wanted, version = package.split()
        assert re.search(rf"\b{wanted}(\[\w+\])?=={re.escape(version)}\b", text), package


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_finding_changed_is_there_and_tested(name: str) -> None:
    code, test = CHANGED[name]
    (here,) = [here for found, *_, here in ROWS if found == name]
    for path, words in code.items():
        assert words in (ROOT / path).read_text()
        assert f"`{path}`" in here
    path, _, function = test.partition("::")
    assert f"\ndef {function}(" in (ROOT / path).read_text()
    assert here.endswith(f"`{path}`")
