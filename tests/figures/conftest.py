"""Tables that most tests of figures draw from."""

import pytest
import synthetic
from drawn_figures import OBSERVED, Tables


@pytest.fixture(scope="session")
def tables() -> Tables:
    return synthetic.tables(benchmarks=2, methods=4, runs=5)


@pytest.fixture(scope="session")
def shown() -> Tables:
    """With returns after a number of observed transitions."""
    return synthetic.tables(benchmarks=2, methods=4, runs=5, observed=OBSERVED)


@pytest.fixture(scope="session")
def plane() -> Tables:
    """Two benchmarks of two features, trained on the box and on an L-shape."""
    return synthetic.tables(benchmarks=0, planes="AB", methods=4, runs=5)
