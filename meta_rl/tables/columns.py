"""The columns that several tables share, so that one name means one thing everywhere."""

from typing import Any

from meta_rl.contexts import DEVELOPMENT, RESULTS, TRAIN
from meta_rl.tables.schema import Column

BENCHMARK = Column(
    "benchmark", "string", "environment with its features, ranges and splits, by its name in the config"
)
AGENT = Column("agent", "string", "learner")
METHOD = Column(
    "method",
    "string",
    "how the context reaches the agent: a registered method, or a variant by the study's name",
)
SEED = Column("seed", "int", "one independent training run", low=0)
# Regimes in which methods are ranked; then how many transitions were observed before an episode, or a whole one.
REGIMES = COLD, PROBED = "cold", "probe10"
OBSERVED = "observed_"
BUDGETS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, "episode")
INFORMATION = Column(
    "information",
    "string",
    "what a method knows of a hidden context at first; cold: nothing, it learns within the scored episode; probe10: "
    "what 10 unscored steps before it show; observed_n: what n such steps show, and nothing more",
    choices=(*REGIMES, *(f"{OBSERVED}{budget}" for budget in BUDGETS)),
)
SPLIT = Column(
    "split",
    "string",
    "context set; train: drawn per seed; validation, calibration and interpolation: held out, inside the train "
    "set; combinatorial: each feature in its train range, their combination outside the train set; extrapolation, "
    "single_extrapolation, all_extrapolation: the feature, one of several, or all of them outside the train range",
    choices=(TRAIN, *DEVELOPMENT, *RESULTS),
)
CONTEXT_ID = Column(
    "context_id",
    "int",
    "context, unique within benchmark and split (train: seed * contexts per seed + number of the context)",
    low=0,
)
SNAPSHOT = Column(
    "snapshot", "int", "the policy that played: that of the run after so much of its own steps", "%", low=1
)
EPISODE = Column("episode", "int", "number of the episode, from 0", low=0)
EPISODE_RETURN = Column("episode_return", "float", "undiscounted sum of the episode's rewards", "reward")
EPISODE_LENGTH = Column(
    "episode_length", "int", "steps until the episode was terminated or truncated", "steps", low=1
)
DISCOUNTED_RETURN = Column(
    "discounted_return", "float", "sum of rewards with the agent's discount factor", "reward"
)
INITIAL_VALUE = Column(
    "initial_value",
    "float",
    "the agent's own estimate of `discounted_return` in the first state; null where it is not finite",
    "reward",
    nullable=True,
)
METRIC = Column("metric", "string", "what was computed")
# An aggregate over runs.
_OF_METRIC = "that of `metric`"
ESTIMATE = Column(
    "estimate", "float", "point estimate; null where it is not defined", _OF_METRIC, nullable=True
)
LOW = Column("low", "float", "lower end of the interval; null if there is none", _OF_METRIC, nullable=True)
HIGH = Column("high", "float", "upper end of the interval; null if there is none", _OF_METRIC, nullable=True)
N_SEEDS = Column("n_seeds", "int", "runs behind the estimate", "runs", low=0)
N_CONTEXTS = Column("n_contexts", "int", "contexts behind the estimate, per run", "contexts", low=0)
N_SOLVABLE = Column("n_solvable", "int", "those of them that are known to be solvable", "contexts", low=0)
STATUS = Column(
    "status", "string", "diverged once a value or weight of the run is not finite", choices=("ok", "diverged")
)


def run_of(spec: dict[str, Any]) -> dict[str, str]:
    """The columns `benchmark`, `agent` and `method` of what the job with this spec writes."""
    return {"benchmark": spec["benchmark"], "agent": spec["agent"], "method": spec["variant"]}
