from pathlib import Path

import pytest
from small_study import make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policies of a small study and what they were evaluated to."""
    return make(tmp_path_factory.mktemp("outside"))
