"""Joint representation and policy learning (Ndir, Biedenkapp & Awad 2024, arXiv 2404.09521, who call it JCPL).

An encoder of K transitions of one context is trained by the agent's loss and by nothing else. Each transition goes
through a ReLU network; the mean over them is the encoding z, so their order does not matter. Which transitions it sees
is the setting `transitions`:

- `context`, the published way. What the agent learns from comes with K random transitions of its context, with
  replacement, from all episodes that the memory holds; the next state with the same ones. The memory keeps an index of
  contexts for that, which neither method nor agent sees. The agent acts, in training as at test, by a random subset of
  K of the transitions of the episode so far, or by all while there are no more.
- `episode`: such a subset of the running episode, in training as at test, so that short and empty windows are in
  distribution.
- `recent`: the last K transitions of the running episode, in training as at test. As they are consecutive, z can tell
  the recent state instead of the context.

A study has the last two as variants, say `{recent_jrpl: {method: jrpl, transitions: recent}}`.

With DQN and DDQN the loss is that of the Q-network, with DDPG and SAC the critic's, with PPO the value loss; policies
of their own get the encoding without its gradient. Where an agent normalises observations, those in the transitions
are normalised alike. Target networks hold their own copy of the encoder.

PPO has no replay: its value network gets transitions of the same context from the present rollout, and its policy those
by which it acted, because the ratio of its probabilities is about these.

Deviations from the paper and the authors' code (github.com/tidiane-camaret/contextual_rl_zero_shot): the only agent
there is SAC. When it explores, it also acts by transitions of the context from the replay, for which it must be told
which context it is in (meta_rl/algorithms/sac/sac.py); here nothing that acts is told that. At test the authors draw
K transitions of the episode anew at each step, with replacement where there are more; here the subset is kept up to
date, without replacement. Their targets read z of the online encoder, here their own copy's. Their Adam step sizes
are 1e-3 for critic and encoder and 3e-4 for the actor, here the agent's.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from meta_rl.agents.protocols import Task
from meta_rl.methods.base import Method, masked_mean
from meta_rl.stack.networks import MLP
from meta_rl.stack.seen import Seen
from meta_rl.streams import Streams


@dataclass(frozen=True)
class Config:
    """Defaults are those of the authors' configuration (configs/base_exp.yaml, April 2024)."""

    window: Annotated[int, (1, 1000), "transitions K that the encoder sees"] = 20
    hidden: Annotated[tuple[int, ...], (1, 4096), "units per hidden layer of the encoder"] = (8, 4)
    size: Annotated[int, (1, 1000), "dimensions of the encoding z"] = 2
    transitions: Annotated[
        str,
        ("context", "episode", "recent"),
        "which ones it learns from: of its context across episodes, of the episode so far, or the last ones",
    ] = "context"


# Settings of a small one, for conformance tests.
SMALL = {"window": 5, "size": 3, "hidden": (8,)}


class JRPL(Method):
    """z = masked mean over the window of an encoder of single transitions; zero for an empty window.

    The encoder's last layer is linear, so it is applied once to the mean instead of to every transition. What is not
    trained is read as what is: z is computed anew from what is remembered, normalised as the agent does it.
    """

    anew = True

    def __init__(self, config: Config, task: Task, streams: Streams) -> None:
        super().__init__()
        self.window, self.size, self.transitions = config.window, config.size, config.transitions
        sizes = (task.spaces.transition, *config.hidden)
        self.encoder = MLP(streams, "jrpl/encoder", sizes)
        self.head = MLP(streams, "jrpl/head", (sizes[-1], config.size))

    def embed(self, transitions: Tensor) -> Tensor:
        return self.encoder(transitions).relu()

    def forward(self, seen: Seen) -> Tensor:
        window = seen.window
        assert window is not None
        known = window.mask.amax(-1, keepdim=True)
        return self.head(masked_mean(window.transitions, window.mask)) * known


def build(config: Config, task: Task, streams: Streams) -> Method:
    return JRPL(config, task, streams)
