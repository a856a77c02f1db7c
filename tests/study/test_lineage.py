"""Every job is known by its own settings and by those of all that it comes from."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raw_study import RAW, SMALL
from tuned_study import raw as tuned_raw

from meta_rl.inputs import Made
from meta_rl.study import config, jobs, lineage
from meta_rl.study.paths import OUTPUTS
from meta_rl.study.study import Study

RUN = {
    "benchmark": "small_gravity",
    "agent": "dqn",
    "method": "iida",
    "block": "seeds_0-1",
    "part": "seeds_0-1",
}


def study(**changed: Any) -> Study:
    return Study(config.check(copy.deepcopy(RAW) | changed, "my.yaml"))


def every(of: Study) -> Iterator[tuple[str, Made]]:
    """The first result of each job, and what it says."""
    for rule, patterns in OUTPUTS.items():
        for path in (path for pattern in patterns for path in of.files(pattern)):
            figure = {"figure": Path(path).stem} if rule == "plot" else {}
            yield path, lineage.made(of, rule, of.wildcards(Path(path)) | figure)


def test_no_two_jobs_say_the_same() -> None:
    two = {"small_gravity": SMALL | {"agents": ["dqn", "ddqn"]}, "other": SMALL}
    found = dict(every(study(benchmarks=two, agents=RAW["agents"] | {"ddqn": RAW["agents"]["dqn"]})))
    assert len(set(found.values())) == len({made.job for made in found.values()}) == len(found)


PRETRAINED = {"pretrain_encoder", "compare_predictors"}
TRAINED = PRETRAINED | {"train", "evaluate"}
REFERENCES = {"solve_references", "evaluate_references"}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"train": {"env_steps": 900, "snapshots": 2}}, PRETRAINED | REFERENCES),
        ({"references": {"grid": 3, "seeds": 1, "env_steps": 300}}, TRAINED),
        ({"figures": ["iqm"]}, TRAINED | REFERENCES | {"score", "aggregate"}),
    ],
)
def test_what_is_upstream_counts_and_nothing_else(changed: dict[str, Any], same: set[str]) -> None:
    before, after = study(), study(**changed)
    rules = TRAINED | REFERENCES | {"score", "aggregate"}
    assert {
        rule for rule in rules if lineage.made(before, rule, RUN) == lineage.made(after, rule, RUN)
    } == same


def test_a_longer_training_changes_what_an_evaluation_comes_from() -> None:
    ours, theirs = (
        lineage.made(one, "evaluate", RUN)
        for one in (study(), study(train={"env_steps": 900, "snapshots": 2}))
    )
    assert (ours.job, ours.spec) == (theirs.job, theirs.spec)
    assert ours.inputs != theirs.inputs


def test_more_seeds_change_no_block_that_was_there() -> None:
    more = study(seeds=RAW["seeds"] | {"test": {"first": 0, "count": 6}})
    for rule in ("train", "evaluate", "compare_predictors", "evaluate_references"):
        assert lineage.made(study(), rule, RUN) == lineage.made(more, rule, RUN)


def test_the_file_of_a_job_says_what_its_inputs_must_say() -> None:
    of = study()
    told = json.loads(jobs.text(of, "train", RUN, {}))
    assert Made(*told["made"]) == lineage.made(of, "train", RUN)
    assert {name: Made(*one).job for name, (one,) in told["inputs"].items()} == {
        "contexts": "sample_contexts small_gravity seeds_0-1",
        "encoder": "pretrain_encoder small_gravity dqn iida seeds_0-1",
    }
    told = json.loads(jobs.text(of, "train", RUN | {"method": "jrpl"}, {}))
    assert told["inputs"].keys() == {"contexts"}  # it has no encoder
    paths = of.files("results/{study}/{benchmark}/references/{part}.parquet")
    rest = {"evaluation": [], "contexts": []}
    told = json.loads(jobs.text(of, "score", RUN, {"references": paths[::-1]} | rest))
    assert [Made(*one).job.split()[-1] for one in told["inputs"]["references"]] == [
        Path(path).stem for path in paths[::-1]
    ]


def test_files_of_a_tuning_are_known_by_their_folders() -> None:
    of = Study(config.check(tuned_raw(), "my.yaml"))
    (trials, *_) = of.files(
        "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet"
    )
    where = {"benchmark": "small_gravity", "agent": "dqn", "method": "none"}
    assert of.wildcards(Path(trials)) == where | {"block": "seeds_1000-1001"}
    (settings, *_) = of.files("results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json")
    assert of.wildcards(Path(settings)) == where
