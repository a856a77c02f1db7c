"""Machine code below the text of the agents: what numba makes of the loops that a training spends its time in."""
