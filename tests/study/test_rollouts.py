"""How many steps of a study come after the last whole rollout is counted, and what would fit does fit."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from raw_study import RAW, ROOT, SMALL

from meta_rl.study import config
from meta_rl.study.rollouts import notices

PPO = {"n_envs": 4, "n_steps": 32, "minibatch": 32}  # 128 a rollout
IIDA = RAW["method_settings"]["iida"]


def study(env_steps: int, methods: list[str], ppo: dict[str, Any] = PPO, **more: Any) -> dict[str, Any]:
    """With 4 seeds, and references of whole rollouts."""
    raw = RAW | {"benchmarks": {"small_gravity": SMALL | {"agents": ["ppo"]}}, "methods": methods}
    raw |= {"agents": {"ppo": ppo}, "train": {"env_steps": env_steps}, "evaluate": {"episodes": 5}}
    return raw | {"references": {"grid": 2, "seeds": 1, "env_steps": 1280}} | more


def said(raw: dict[str, Any]) -> list[str]:
    return list(notices(config.check(raw, "my.yaml"), "my.yaml"))


def test_whole_rollouts_and_agents_with_a_memory_are_not_mentioned() -> None:
    assert said(study(12_800, ["none", "explicit"])) == []
    assert said(RAW) == []


def test_the_steps_of_all_runs_are_counted() -> None:
    (note,) = said(study(12_800 + 100, ["none", "explicit"]))
    spent = 4 * 2 * 12_900 + 2 * 1280
    assert note.startswith(
        f"note: my.yaml: 800 of the study's {spent:,} env_steps ({800 / spent:.2%}) come after"
    )


def test_specialists_and_generators_have_rollouts_too() -> None:
    told = {"iida": IIDA | {"generator_steps": 200, "transitions": 24}}  # 3 contexts: 72 of its own
    raw = study(1280, ["iida"], method_settings=told, references={"grid": 2, "seeds": 3, "env_steps": 300})
    note, *warnings = said(raw)
    left = 1280 - 200 - 72
    lost = 4 * (left % 128 + 200 % 128) + 6 * (300 % 128)
    assert note.startswith(f"note: my.yaml: {lost:,} of the study's {4 * 1280 + 6 * 300:,} env_steps")
    for words in (
        "specialist (14.7%)",
        "run's steps with iida (11.1%)",
        "steps of the generator of iida (36.0%)",
    ):
        assert sum(words in warning for warning in warnings) == 1
    assert len(warnings) == 3


def test_what_probes_is_counted_at_most() -> None:
    """Its probes come out of its steps, nobody knows when."""
    note, *warnings = said(study(12_800, ["epi"]))
    assert note.startswith(f"note: my.yaml: up to {4 * (128 - 4):,} of the study's")
    assert warnings == []
    _, warning = said(study(6_400, ["epi"]))
    assert "from up to the last 124 of " in warning


def test_pretraining_beside_the_budget_leaves_all_its_steps_to_the_agent() -> None:
    train = {"env_steps": 1280, "pretraining": "additional"}
    told = {"iida": IIDA | {"generator_steps": 128, "transitions": 23}}
    assert said(study(0, ["none", "iida"], train=train, method_settings=told)) == []


def test_a_rollout_is_that_of_the_settings_that_the_run_has() -> None:
    tuned = {"small_gravity": {"explicit": {"ppo": {"n_steps": 48}}}}  # 192 a rollout
    note, warning = said(study(1280, ["none", "explicit"], tuned=tuned))
    assert note.startswith(f"note: my.yaml: {4 * (1280 % 192):,} of")
    assert "tuned.small_gravity.explicit.ppo.n_steps of 40 would fit" in warning
    (override,) = ({"agents": {"ppo": {"n_envs": 8}}},)  # 256 a rollout
    one = SMALL | {"agents": ["ppo"], "override": override}
    raw = study(1280 + 128, ["none"])
    assert said(raw) == []
    note, warning = said(raw | {"benchmarks": {"small_gravity": SMALL | {"agents": ["ppo"]}, "other": one}})
    assert warning.startswith(
        "warning: my.yaml: benchmarks.other: ppo learns nothing from the last 128 of 1,408"
    )


@pytest.mark.parametrize(
    ("env_steps", "methods", "told"),
    [
        (1300, ["none"], {}),
        (2048, ["none", "iida"], {"iida": IIDA | {"generator_steps": 128, "transitions": 60}}),
        (3000, ["none", "epi"], {}),
    ],
)
def test_what_would_fit_does(env_steps: int, methods: list[str], told: dict[str, Any]) -> None:
    told = RAW["method_settings"] | told
    _, *warnings = said(study(env_steps, methods, method_settings=told))
    assert warnings
    for warning in warnings:
        remedies = re.findall(r"([\w.]+) of (\d[\d,]*)(?: or (\d[\d,]*))?(?=;| would)", warning)
        assert remedies
        for key, *values in remedies:
            for value in (int(text.replace(",", "")) for text in values if text):
                steps, ppo = (
                    (value, PPO) if key == "train.env_steps" else (env_steps, PPO | {"n_steps": value})
                )
                assert not warned(study(steps, methods, ppo, method_settings=told))


def warned(raw: dict[str, Any]) -> list[str]:
    return [line for line in said(raw) if line.startswith("warning")]


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_our_own_studies_need_no_warning(path: Path) -> None:
    assert not [line for line in notices(config.load(path), str(path)) if line.startswith("warning")]


def test_the_check_says_it_and_still_prints_the_name_alone(tmp_path: Path) -> None:
    import yaml

    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(study(1300, ["none"])))
    command = [sys.executable, "-m", "meta_rl.commands", "check", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "test\n"
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["note", "warning"]
