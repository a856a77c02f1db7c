"""A file is what its job takes, by what it says of itself, or is refused; without a job nothing is asked."""

from pathlib import Path
from typing import Any

import pytest

from meta_rl import inputs
from meta_rl.errors import UserError
from meta_rl.inputs import Made

OWN, TAKEN = Made("train a", "5bec", "0ff"), Made("sample_contexts a", "abc", "def")
RECORD = {"job": TAKEN.job, "spec_hash": TAKEN.spec, "inputs": TAKEN.inputs}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (
            RECORD | {"job": "sample_contexts b"},
            "says that 'sample_contexts b' made it, but must be what 'sample_c",
        ),
        (RECORD | {"spec_hash": "abd"}, "says that it was made with other settings"),
        (RECORD | {"inputs": "dee"}, "says that it was made from other files"),
        ({}, "does not say which job made it"),
    ],
)
def test_another_file_is_refused_while_the_job_runs(record: dict[str, Any], says: str) -> None:
    with inputs.of(OWN, [(Path("x.pt"), TAKEN)]):
        inputs.check("x.pt", RECORD)
        inputs.check("y.pt", record)  # which the job does not take
        with pytest.raises(UserError, match=f"^x.pt: {says}.*delete it and run the workflow again$"):
            inputs.check(Path("x.pt"), record)
    inputs.check("x.pt", record)


def test_a_path_that_is_given_twice_must_be_both() -> None:
    other = TAKEN._replace(job="sample_contexts c")
    with inputs.of(OWN, [(Path("x.pt"), TAKEN), (Path("x.pt"), other)]), pytest.raises(UserError):
        inputs.check("x.pt", RECORD)


def test_a_result_says_which_job_makes_it() -> None:
    with inputs.of(OWN, []):
        assert inputs.record() == {"job": "train a", "inputs": "0ff"}
    assert inputs.record() == {"job": "", "inputs": ""}
