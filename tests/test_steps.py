"""The steps that sample, collect and play, in process, on the study of config/test.yaml."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from raw_study import RAW, SMALL

from meta_rl import config, context_frames, episodes, policy, registry
from meta_rl.contexts import DEVELOPMENT, ContextSpace
from meta_rl.envs import cartpole, pendulum
from meta_rl.errors import UserError
from meta_rl.steps import (
    collect_trajectories,
    evaluate,
    evaluate_references,
    sample_contexts,
    score,
    solve_references,
    train,
)
from meta_rl.study import Study
from meta_rl.tables import contexts as contexts_table
from meta_rl.tables import encodings as encodings_table
from meta_rl.tables import evaluation as evaluation_table
from meta_rl.tables import io
from meta_rl.tables import learning as learning_table
from meta_rl.tables import references as references_table
from meta_rl.tables import scores as scores_table
from meta_rl.tables import trajectories as trajectories_table

BENCHMARK = "small_gravity"
DRAWN = SMALL["contexts"] | {"validation": 3, "calibration": 2}
STUDY = Study(
    config.check(RAW | {"benchmarks": {BENCHMARK: SMALL | {"contexts": DRAWN}}}, "config/test.yaml")
)
NAMES = tuple(STUDY.benchmarks[BENCHMARK]["features"])
BLOCK = next(iter(STUDY.blocks))
SEEDS = [STUDY.blocks[BLOCK][0] + index for index in range(STUDY.blocks[BLOCK][1])]
EPISODES = STUDY.config["evaluate"]["episodes"]
COUNTS = STUDY.benchmarks[BENCHMARK]["contexts"]
PLAYED = {split: count for split, count in COUNTS.items() if split not in DEVELOPMENT}  # and train


def spec(rule: str, method: str = "none", part: str = BLOCK, **changed: Any) -> dict[str, Any]:
    job = {"study": "test", "benchmark": BENCHMARK, "agent": "dqn", "block": BLOCK}
    return STUDY.spec(rule, **job, method=method, part=part) | changed


def collect_spec(transitions: int = 60) -> dict[str, Any]:
    described = spec("collect_trajectories", "iida")
    return described | {"method_settings": described["method_settings"] | {"transitions": transitions}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of one block, as the workflow makes them."""
    folder = tmp_path_factory.mktemp("made")
    sample_contexts.main(spec("sample_contexts", part="held_out"), folder / "held_out.parquet")
    sample_contexts.main(spec("sample_contexts"), folder / "block.parquet")
    collect_trajectories.main(folder / "block.parquet", None, collect_spec(), folder / "trajectories.parquet")
    solve_references.main(
        spec("solve_references", seeds=2), folder / "checkpoint.pt", folder / "specialists.pt"
    )
    evaluate_references.main(
        [folder / "specialists.pt"],
        folder / "held_out.parquet",
        spec("evaluate_references"),
        folder / "references.parquet",
    )
    for method in ("explicit", "jrpl"):
        train.main(
            folder / "block.parquet",
            None,
            spec("train", method),
            folder / "checkpoint.pt",
            folder / f"{method}.pt",
            folder / f"{method}_learning.parquet",
        )
        play(folder, method, folder)
    return folder


def play(inputs: Path, method: str, outputs: Path) -> str:
    return evaluate.main(
        inputs / f"{method}.pt",
        inputs / "held_out.parquet",
        inputs / "block.parquet",
        spec("evaluate", method),
        outputs / f"{method}_evaluation.parquet",
        outputs / f"{method}_encodings.parquet",
    )


def expected(
    weights: policy.Weights,
    split: str,
    ids: np.ndarray,
    values: np.ndarray,
    played: np.ndarray,
    information: str = "cold",
) -> Any:
    """The episodes of a one-run policy in contexts [C, F], each [1, C * E]."""
    chosen = episodes.cases(BENCHMARK, split, ids[None], values[None], played, cartpole.noise)
    entry = registry.entry("method", weights.spec["method"])
    return episodes.play_agent(
        weights.agent(), entry, lambda rows: policy.environments(weights.spec, rows), chosen, information
    )


# sample_contexts


def space() -> ContextSpace:
    return policy.task(spec("solve_references")).contexts


def test_held_out_splits_are_those_of_the_benchmark(made: Path) -> None:
    frame = io.read(made / "held_out.parquet", contexts_table.TABLE)
    assert frame["seed"].isna().all()
    assert set(frame["split"]) == set(COUNTS) - {"train"}
    for split, rows in frame.groupby("split"):
        ids, values = context_frames.values(rows, NAMES)
        assert ids.tolist() == list(range(COUNTS[split]))
        assert np.array_equal(values, space().draw_held_out(split, COUNTS[split]))


def test_sets_to_fit_on_are_drawn_but_no_policy_and_no_reference_plays_in_them(made: Path) -> None:
    drawn = set(io.read(made / "held_out.parquet", contexts_table.TABLE)["split"])
    assert set(DEVELOPMENT) < drawn
    results = drawn - set(DEVELOPMENT)
    references = io.read(made / "references.parquet", references_table.TABLE)
    assert set(references["split"]) == results
    for method in ("explicit", "jrpl"):
        frame = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
        assert set(frame["split"]) == results | {"train"}


def test_scores_are_complete_without_the_sets_to_fit_on(made: Path, tmp_path: Path) -> None:
    evaluate_references.main(
        [made / "specialists.pt"],
        made / "block.parquet",
        spec("evaluate_references"),
        tmp_path / "train.parquet",
    )
    score.main(
        [made / "explicit_evaluation.parquet"],
        [made / "references.parquet", tmp_path / "train.parquet"],
        [made / "held_out.parquet", made / "block.parquet"],
        spec("score"),
        tmp_path / "scores.parquet",
    )
    frame = io.read(tmp_path / "scores.parquet", scores_table.TABLE)
    assert frame.groupby("split")["context_id"].count().to_dict() == {
        split: count * len(SEEDS) * 2 for split, count in PLAYED.items()
    }  # in both regimes


def test_train_contexts_are_each_seeds_own(made: Path) -> None:
    frame = io.read(made / "block.parquet", contexts_table.TABLE)
    seeds, ids, values = context_frames.of_seeds(frame, NAMES)
    count = COUNTS["train"]
    for seed, own_ids, own in zip(seeds, ids, values, strict=True):
        assert own_ids.tolist() == list(range(seed * count, (seed + 1) * count))
        assert np.array_equal(own, space().draw_train(seed, count))


def test_the_next_block_has_the_next_seeds_and_ids_of_its_own(made: Path, tmp_path: Path) -> None:
    second = list(STUDY.blocks)[1]
    sample_contexts.main(spec("sample_contexts", part=second), tmp_path / "second.parquet")
    frames = [
        io.read(path, contexts_table.TABLE) for path in (made / "block.parquet", tmp_path / "second.parquet")
    ]
    seeds = [frame["seed"].unique().tolist() for frame in frames]
    first, count = STUDY.blocks[second]
    assert seeds[1] == list(range(first, first + count))
    assert not set(frames[0]["context_id"]) & set(frames[1]["context_id"])
    assert not set(frames[0]["value"]) & set(frames[1]["value"])


def test_an_environment_unlike_carl_bench_gets_no_contexts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cartpole, "carl", "CARLAcrobot")
    with pytest.raises(UserError, match="CARLAcrobot has no feature 'gravity'"):
        sample_contexts.main(spec("sample_contexts"), tmp_path / "contexts.parquet")
    assert not list(tmp_path.iterdir())


# collect_trajectories


def test_trajectories_are_whole_episodes_of_every_context(made: Path) -> None:
    frame = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    contexts = io.read(made / "block.parquet", contexts_table.TABLE)
    sizes = frame.groupby(["seed", "context_id"]).size()
    assert set(sizes.index) == set(contexts[["seed", "context_id"]].itertuples(index=False, name=None))
    assert (sizes == 60).all()
    assert frame.groupby(["seed", "context_id"])["episode"].max().max() >= 2
    for _, rows in frame.groupby(["seed", "context_id"]):
        ended = (rows["terminated"] | rows["truncated"]).to_numpy()
        assert rows["episode"].tolist() == np.concatenate([[0], ended[:-1].cumsum()]).tolist()
    for _, rows in frame.groupby(["seed", "context_id", "episode"]):
        assert rows["t"].tolist() == list(range(len(rows)))
        obs, following = np.stack(list(rows["obs"])), np.stack(list(rows["next_obs"]))
        assert np.abs(obs[0]).max() <= 0.05
        assert np.array_equal(obs[1:], following[:-1])
        action = np.stack(list(rows["action"]))
        assert set(map(tuple, action)) <= {(0.0, 1.0), (1.0, 0.0)}


def test_transitions_obey_the_dynamics_of_the_context_that_they_are_filed_under(made: Path) -> None:
    frame = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    contexts = io.read(made / "block.parquet", contexts_table.TABLE).set_index("context_id")["value"]
    obs, action, following = (np.stack(list(frame[name])) for name in ("obs", "action", "next_obs"))

    def error(gravity: np.ndarray) -> float:
        context = [gravity, *(feature.default for feature in cartpole.features[1:])]
        state, _, terminated = cartpole.step(obs.astype(np.float64).T, action.argmax(1), context)
        assert np.array_equal(terminated, frame["terminated"])
        return float(np.abs(np.stack(state, axis=1) - following).max())

    right = contexts[frame["context_id"]].to_numpy()
    assert error(right) < 1e-5
    assert error(right[::-1]) > 1e-3
    assert 0.4 < action[:, 1].mean() < 0.6


def test_a_runs_trajectories_do_not_depend_on_the_others(made: Path, tmp_path: Path) -> None:
    contexts = io.read(made / "block.parquet", contexts_table.TABLE)
    last = contexts["seed"].max()
    io.write(contexts[contexts["seed"] == last], contexts_table.TABLE, tmp_path / "one.parquet", {})
    collect_trajectories.main(
        tmp_path / "one.parquet", None, collect_spec(), tmp_path / "trajectories.parquet"
    )
    alone = io.read(tmp_path / "trajectories.parquet", trajectories_table.TABLE)
    together = io.read(made / "trajectories.parquet", trajectories_table.TABLE)
    own = together[together["seed"] == last].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own, check_exact=True)


def test_continuous_actions_are_kept_as_they_were_done(tmp_path: Path) -> None:
    described = collect_spec(20) | {"environment": "pendulum", "features": {"m": {"train": [0.5, 2]}}}
    drawn = policy.task(described).contexts
    frame = context_frames.to_frame(drawn, BENCHMARK, "train", drawn.draw_train(0, 3), seed=0)
    io.write(frame, contexts_table.TABLE, tmp_path / "contexts.parquet", {})
    collect_trajectories.main(
        tmp_path / "contexts.parquet", None, described, tmp_path / "trajectories.parquet"
    )
    found = io.read(tmp_path / "trajectories.parquet", trajectories_table.TABLE)
    obs, action, following = (np.stack(list(found[name])) for name in ("obs", "action", "next_obs"))
    assert action.shape == (60, 1)
    assert (np.abs(action) <= pendulum.spaces.limit).all()
    assert len(np.unique(action)) == 60
    default = {feature.name: feature.default for feature in pendulum.features}
    mass = frame.set_index("context_id")["value"][found["context_id"]]
    for before, torque, after, m in zip(obs, action, following, mass, strict=True):
        plain = pendulum.plain(default | {"m": m})
        plain.state = np.array([np.arctan2(before[1], before[0]), before[2]])
        np.testing.assert_allclose(after, plain.step(torque)[0], atol=1e-4)


# solve_references and evaluate_references


def test_specialists_stand_on_the_grid_each_with_its_seeds(made: Path) -> None:
    weights = policy.load(made / "specialists.pt")
    grid, steps = weights.spec["grid"], weights.spec["env_steps"]
    assert weights.keys == tuple(
        f"specialist {point} run {seed}" for point in range(grid) for seed in range(2)
    )
    assert weights.env_steps == (steps,) * len(weights.keys)
    assert policy.finite(weights).all()
    drawn = next(iter(weights.tensors.values()))
    assert len({tensor.numpy().tobytes() for tensor in drawn}) == len(weights.keys)


def test_specialists_meet_their_own_context_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[np.ndarray] = []
    build = cartpole.build

    def watched(varied: tuple[str, ...], rows: tuple[int, int]) -> Any:
        environments = build(varied, rows)
        step = environments.step

        def noted(action: np.ndarray) -> Any:
            met.append(environments.context[0].copy())
            return step(action)

        monkeypatch.setattr(environments, "step", noted)
        return environments

    monkeypatch.setattr(cartpole, "build", watched)
    described = spec("solve_references", seeds=2, grid=3, env_steps=200)
    solve_references.main(described, tmp_path / "checkpoint.pt", tmp_path / "specialists.pt")
    points = np.repeat(space().grid(3)[:, 0], 2)
    assert len(met) == 200 / met[0].shape[1]
    for gravity in met:
        assert np.array_equal(gravity, np.repeat(points[:, None], gravity.shape[1], axis=1))


def test_every_member_plays_every_context_twice_as_often_as_a_policy(made: Path) -> None:
    frame = io.read(made / "references.parquet", references_table.TABLE)
    grid = spec("solve_references")["grid"]
    members = {("random", 0), ("lqr_lookahead", 0)}
    members |= {(f"specialist_dqn_{point}", seed) for point in range(grid) for seed in range(2)}
    assert set(frame[["member", "seed"]].itertuples(index=False, name=None)) == members
    contexts = COUNTS["interpolation"] + COUNTS["extrapolation"]
    for _, rows in frame.groupby(["member", "seed"]):
        assert len(rows) == contexts * 2 * EPISODES
        assert sorted(rows["episode"].unique()) == list(range(2 * EPISODES))
    learned = frame["member"].str.startswith("specialist")
    assert (frame.loc[learned, "env_steps"] == spec("solve_references")["env_steps"]).all()
    assert (frame.loc[~learned, "env_steps"] == 0).all()
    assert (frame.loc[frame["member"] == "lqr_lookahead", "episode_return"] == 500).all()
    chance = frame[frame["member"] == "random"]
    assert chance.groupby("context_id")["episode_return"].nunique().max() > 1


def test_the_second_half_of_the_references_starts_where_policies_start(made: Path) -> None:
    """The first half, which chooses the best member, starts elsewhere."""
    frame = io.read(made / "references.parquet", references_table.TABLE)
    held_out = io.read(made / "held_out.parquet", contexts_table.TABLE)
    weights = policy.load(made / "specialists.pt")
    differ = False
    for index in range(len(weights.keys)):
        point, seed = divmod(index, 2)
        own = frame[(frame["member"] == f"specialist_dqn_{point}") & (frame["seed"] == seed)]
        for split, (ids, values) in context_frames.of_splits(held_out, NAMES).items():
            rows = own[own["split"] == split].sort_values(["context_id", "episode"])
            measured, chose = (rows[rows["episode"] >= EPISODES], rows[rows["episode"] < EPISODES])
            starts = np.arange(EPISODES)
            same, elsewhere = (
                expected(weights.select(index), split, ids, values, played).episode_return[0].tolist()
                for played in (starts, starts + EPISODES)
            )
            assert measured["episode_return"].tolist() == same
            assert chose["episode_return"].tolist() == elsewhere
            differ |= same != elsewhere
    assert differ


# evaluate


@pytest.mark.parametrize(
    ("method", "information"),
    [("explicit", "cold"), ("jrpl", "cold"), ("jrpl", "probe10"), ("jrpl", "observed_5")],
)
def test_policies_play_their_train_contexts_and_all_held_out_ones(
    made: Path, method: str, information: str
) -> None:
    frame = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    frame = frame[frame["information"] == information]
    assert (frame["method"] == method).all()
    assert (frame["status"] == "ok").all()
    assert frame["initial_value"].notna().all()
    held_out = io.read(made / "held_out.parquet", contexts_table.TABLE)
    block = io.read(made / "block.parquet", contexts_table.TABLE)
    weights = policy.load(made / f"{method}.pt")
    seeds, own_ids, own = context_frames.of_seeds(block, NAMES)
    for index, seed in enumerate(seeds):
        sets = {"train": (own_ids[index], own[index]), **context_frames.of_splits(held_out, NAMES)}
        rows = frame[frame["seed"] == seed]
        assert len(rows) == EPISODES * sum(PLAYED.values())
        for split, (ids, values) in sets.items():
            alone = weights.select(index)
            played = expected(alone, split, ids, values, np.arange(EPISODES), information)
            part = rows[rows["split"] == split].sort_values(["context_id", "episode"])
            assert part["context_id"].tolist() == np.repeat(ids, EPISODES).tolist()
            assert part["episode_return"].tolist() == played.episode_return[0].tolist()
            assert part["episode_length"].tolist() == played.episode_length[0].tolist()
            assert np.allclose(part["discounted_return"], played.discounted_return[0])
            assert np.allclose(part["initial_value"], alone.agent().value(played.first_inputs)[0])


def test_what_infers_nothing_stands_in_both_regimes_with_the_same_episodes(made: Path) -> None:
    frame = io.read(made / "explicit_evaluation.parquet", evaluation_table.TABLE)
    cold, probed = (
        frame[frame["information"] == name].reset_index(drop=True) for name in ("cold", "probe10")
    )
    assert len(cold) + len(probed) == len(frame)
    pd.testing.assert_frame_equal(cold.assign(information="probe10"), probed, check_exact=True)
    observed = io.read(made / "jrpl_evaluation.parquet", evaluation_table.TABLE)["information"].unique()
    assert list(observed) == ["cold", "probe10", "observed_0", "observed_5", "observed_episode"]


def test_encodings_are_means_over_the_ends_of_a_contexts_episodes(made: Path) -> None:
    frame = io.read(made / "jrpl_encodings.parquet", encodings_table.TABLE)
    assert set(frame["information"]) == {"cold", "probe10"}
    frame = frame[frame["information"] == "cold"]
    assert set(frame["split"]) == set(PLAYED)
    weights = policy.load(made / "jrpl.pt")
    _, ids, values = context_frames.of_seeds(io.read(made / "block.parquet", contexts_table.TABLE), NAMES)
    for index, seed in enumerate(SEEDS):
        alone = weights.select(index)
        played = expected(alone, "train", ids[index], values[index], np.arange(EPISODES))
        z = played.last_inputs[0, :, cartpole.spaces.observation :]
        rows = frame[(frame["seed"] == seed) & (frame["split"] == "train")]
        wide = rows.pivot(index="context_id", columns="dimension", values="value")
        assert wide.index.tolist() == ids[index].tolist()
        assert np.allclose(wide, z.reshape(len(wide), EPISODES, -1).mean(1), rtol=1e-4, atol=1e-6)


def test_methods_that_infer_nothing_have_no_encodings(made: Path) -> None:
    assert io.read(made / "explicit_encodings.parquet", encodings_table.TABLE).empty


@pytest.mark.parametrize("method", ["explicit", "jrpl"])
def test_equal_jobs_leave_equal_bytes(made: Path, method: str, tmp_path: Path) -> None:
    play(made, method, tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (made / path.name).read_bytes()


@pytest.mark.parametrize("method", ["explicit", "jrpl"])
def test_a_diverged_run_is_played_and_marked_and_its_neighbours_are_untouched(
    made: Path, method: str, tmp_path: Path
) -> None:
    weights = policy.load(made / f"{method}.pt")
    for tensor in weights.tensors.values():
        tensor[1] = np.nan
    policy.save(tmp_path / f"{method}.pt", weights)
    for name in ("held_out.parquet", "block.parquet"):
        (tmp_path / name).symlink_to(made / name)
    play(tmp_path, method, tmp_path)
    frame = io.read(tmp_path / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    usual = io.read(made / f"{method}_evaluation.parquet", evaluation_table.TABLE)
    diverged = frame["seed"] == SEEDS[1]
    assert (frame.loc[diverged, "status"] == "diverged").all()
    assert frame.loc[diverged, "initial_value"].isna().all()
    pd.testing.assert_frame_equal(frame[~diverged], usual[~diverged], check_exact=True)
    encodings = io.read(tmp_path / f"{method}_encodings.parquet", encodings_table.TABLE)
    assert encodings["value"].isna().equals(encodings["seed"] == SEEDS[1])


def test_a_value_that_is_not_finite_is_null(made: Path, tmp_path: Path) -> None:
    weights = policy.load(made / "explicit.pt")
    for tensor in weights.tensors.values():
        tensor[1] = 1e30  # finite, but not their products
    policy.save(tmp_path / "explicit.pt", weights)
    for name in ("held_out.parquet", "block.parquet"):
        (tmp_path / name).symlink_to(made / name)
    play(tmp_path, "explicit", tmp_path)
    frame = io.read(tmp_path / "explicit_evaluation.parquet", evaluation_table.TABLE)
    assert set(frame.loc[frame["initial_value"].isna(), "seed"]) == {SEEDS[1]}


# files that are not as they should be


def _flipped(path: Path, content: bytes) -> bytes:
    """One bit of the data: a Parquet file begins with it, a policy's largest member is data."""
    if path.suffix == ".parquet":
        at = 30
    else:
        with zipfile.ZipFile(path) as archive:
            data = archive.read(max(archive.infolist(), key=lambda member: member.file_size))
        at = content.index(data) + len(data) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[str, Callable[[Path, bytes], Any]] = {
    "missing": lambda path, content: path.unlink(),
    "empty": lambda path, content: path.write_bytes(b""),
    "cut off": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "one bit wrong": lambda path, content: path.write_bytes(_flipped(path, content)),
    "another file": lambda path, content: path.write_text("benchmark,split\n"),
}
JOBS: dict[str, tuple[list[str], Callable[[Path], Any]]] = {
    "collect_trajectories": (
        ["block.parquet"],
        lambda to: collect_trajectories.main(
            to / "block.parquet", None, collect_spec(), to / "out/t.parquet"
        ),
    ),
    "evaluate_references": (
        ["specialists.pt", "held_out.parquet"],
        lambda to: evaluate_references.main(
            [to / "specialists.pt"],
            to / "held_out.parquet",
            spec("evaluate_references"),
            to / "out/references.parquet",
        ),
    ),
    "evaluate": (
        ["explicit.pt", "held_out.parquet", "block.parquet"],
        lambda to: play(to, "explicit", to / "out"),
    ),
}


def copy(made: Path, names: list[str], to: Path) -> None:
    for name in names:
        (to / name).write_bytes((made / name).read_bytes())
    (to / "out").mkdir()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("job", "damaged"), [(job, name) for job, (names, _) in JOBS.items() for name in names]
)
def test_a_damaged_input_is_named_and_leaves_no_output(
    made: Path, tmp_path: Path, job: str, damaged: str, damage: str
) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    DAMAGES[damage](tmp_path / damaged, (made / damaged).read_bytes())
    with pytest.raises(UserError, match=str(tmp_path / damaged)):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("job", JOBS)
def test_another_table_is_refused(made: Path, tmp_path: Path, job: str) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    (tmp_path / names[-1]).write_bytes((made / "references.parquet").read_bytes())
    with pytest.raises(UserError, match=rf"{tmp_path / names[-1]}: is no table 'contexts'"):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("job", ["evaluate", "evaluate_references"])
def test_a_result_that_is_not_valid_is_not_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    names, run = JOBS[job]
    copy(made, names, tmp_path)
    module = SimpleNamespace(evaluate=evaluate, evaluate_references=evaluate_references).__dict__[job]
    play_agent = episodes.play_agent

    def broken(*arguments: Any) -> Any:
        played = play_agent(*arguments)
        return played._replace(episode_return=np.full_like(played.episode_return, np.nan))

    monkeypatch.setattr(module, "play_agent", broken)
    with pytest.raises(UserError, match="column 'episode_return' holds null"):
        run(tmp_path)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("where", ["training", "evaluation"])
def test_a_seed_that_fails_leaves_its_block_as_it_was(
    where: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("held_out.parquet", "block.parquet", "jrpl.pt", "jrpl_learning.parquet"):
        (tmp_path / name).symlink_to(made / name)
    module, name = (train, "start") if where == "training" else (evaluate, "_play")
    work = getattr(module, name)

    def fails(*arguments: Any) -> Any:
        """Where the first run of the block is in the stack."""
        runs = arguments[2].keys if where == "training" else [f"run {seed}" for seed in arguments[1]]
        if f"run {SEEDS[0]}" in runs:
            raise ArithmeticError("an unlucky context")
        return work(*arguments)

    monkeypatch.setattr(module, name, fails)
    if where == "training":
        outputs = [tmp_path / "jrpl.pt", tmp_path / "jrpl_learning.parquet"]
        for path in outputs:
            path.unlink()
        train.main(
            tmp_path / "block.parquet", None, spec("train", "jrpl"), tmp_path / "checkpoint.pt", *outputs
        )
    play(tmp_path, "jrpl", tmp_path)
    for kind, table in (("learning", learning_table), ("evaluation", evaluation_table)):
        ours, theirs = (io.read(folder / f"jrpl_{kind}.parquet", table.TABLE) for folder in (tmp_path, made))
        rest = theirs[theirs["seed"] != SEEDS[0]] if (kind, where) != ("learning", "evaluation") else theirs
        pd.testing.assert_frame_equal(ours, rest.reset_index(drop=True), check_exact=True)
    reason = f"{where}, ArithmeticError: an unlucky context"
    assert io.record(tmp_path / "jrpl_evaluation.parquet")["failures"] == {str(SEEDS[0]): reason}
    assert not list(tmp_path.glob("checkpoint*"))
