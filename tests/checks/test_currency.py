"""A result knows whether it is that of the present code and study."""

from pathlib import Path

import pandas as pd
import pytest

from meta_rl import inputs
from meta_rl.checks.currency import stale
from meta_rl.study import config, lineage, provenance
from meta_rl.study.study import Study
from meta_rl.tables import io, learning

CONFIG = Path(__file__).parents[2] / "config/test.yaml"
PLACE = {"benchmark": "small_gravity", "agent": "dqn", "method": "jrpl", "block": "seeds_0-1"}


@pytest.fixture
def study() -> Study:
    return Study(config.load(CONFIG))


def recorded(study: Study) -> dict:
    """What the job of the present study says."""
    with inputs.of(lineage.made(study, "train", PLACE), []):
        return provenance.record("train", study.spec("train", **PLACE))


def made(folder: Path, record: dict) -> Path:
    path = folder / "results/test" / Path(*PLACE.values()) / "learning.parquet"
    empty = pd.DataFrame(columns=[column.name for column in learning.TABLE.columns])
    io.write(empty, learning.TABLE, path, record)
    return path


def test_a_result_of_the_present_code_and_spec_is_current(study: Study, tmp_path: Path) -> None:
    path = made(tmp_path, recorded(study))
    assert stale(study, path) is None


def test_a_result_of_other_settings_or_code_is_stale(study: Study, tmp_path: Path) -> None:
    record = recorded(study)
    path = made(tmp_path, record | {"inputs": "0123456789abcdef"})
    assert stale(study, path) == "it was made from other files"
    path = made(tmp_path, record | {"spec": record["spec"] | {"env_steps": 7}})
    assert stale(study, path) == "it was made for other settings"
    path = made(tmp_path, record | {"code": "0123456789abcdef"})
    assert (
        stale(study, path) == f"it was made by code 0123456789abcdef, and the present one is {record['code']}"
    )


def test_what_holds_no_whole_record_is_stale(study: Study, tmp_path: Path) -> None:
    path = made(tmp_path, {})
    path.write_text("no table")
    assert "is not a whole Parquet file" in (stale(study, path) or "")
    assert stale(study, path.with_name("check.txt")) == "it holds no record of its making"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("small_gravity/dqn/jrpl/seeds_0-1/policy.pt", PLACE),
        ("small_gravity/references/dqn.pt", {"benchmark": "small_gravity", "agent": "dqn"}),
        ("small_gravity/references/seeds_0-1.parquet", {"benchmark": "small_gravity", "part": "seeds_0-1"}),
        ("small_gravity/scores.parquet", {"benchmark": "small_gravity"}),
        ("tables/metrics.parquet", {}),
        ("check.txt", {}),
    ],
)
def test_a_path_names_its_job(study: Study, path: str, expected: dict) -> None:
    assert study.wildcards(Path("results/test", path)) == expected
