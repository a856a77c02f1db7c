"""The training loop: S runs as one stack, each on its own contexts, with its own random numbers."""

import hashlib
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from meta_rl.agents.base import Agent
from meta_rl.contexts import another
from meta_rl.job import Progress
from meta_rl.registry import Entry
from meta_rl.spaces import Environments
from meta_rl.streams import KEYS, Streams
from meta_rl.training import memory
from meta_rl.training.checkpoints import Checkpoint
from meta_rl.training.curves import POINTS, Log, Point, as_arrays, as_tensors
from meta_rl.training.information import Probed, Prober
from meta_rl.training.policy import Weights, snapshot_parts, tensors


class Training:
    """Steps an agent through `contexts` [S, C, F]; each episode takes one of its run's C contexts at random.

    `entry` is the registry's line of the agent's method: what it may see, and whether the agent trains it. A
    method with a probe needs `probed`, rows of the same environment in which it probes before each episode, or
    in which each episode begins. The latter may end there: then the agent has one step, in which nothing happens.
    `state_dict()` holds all of it: a loaded training goes on as if it had never stopped.
    """

    def __init__(
        self,
        agent: Agent,
        environments: Environments,
        entry: Entry,
        contexts: np.ndarray,
        streams: Streams,
        probed: Environments | None = None,
    ) -> None:
        self.agent, self.environments, self.streams = agent, environments, streams
        self.contexts = contexts
        # Which of its run's contexts each row is in, int64 [S, N]: what memories are told, and no method sees.
        self._numbers = np.zeros(environments.rows, dtype=np.int64)
        self._misled = "wrong_context" in entry.needs
        self._prober = None if probed is None else Prober(probed, agent, entry.needs)
        self.rollout = agent.rollout(environments, entry.needs, None if probed is None else 0)
        # Of each run, those of probes included.
        self.env_steps = np.zeros(environments.rows[0], dtype=np.int64)
        # How many steps the runs had taken when they had them all, and their agents' tensors [S, M, ...] by then.
        self._ended, self._kept = self.env_steps, dict[str, torch.Tensor]()
        # Up to which steps points and snapshots have been taken: the probes of the first reset come after that.
        self._marked = np.zeros(environments.rows[0], dtype=np.int64)
        self._returns = np.zeros(environments.rows)  # of the running episodes
        self._over = torch.zeros(environments.rows, dtype=torch.bool)  # episodes that ended in their probes
        self._log = Log(environments.rows[0])
        self._reset(np.ones(environments.rows, dtype=bool))

    def run(
        self, env_steps: int, label: str = "train", checkpoint: Checkpoint | None = None, snapshots: int = 1
    ) -> list[Point]:
        """Go on until every run has taken `env_steps` steps; the points of the learning curves.

        A point is over the steps of each run since its last point; the count is 0 for a run that has none there. Runs
        that probe take their steps at different times: the first to have taken them all go on for the others' sake,
        but not in `weights`, which gets `snapshots` of each run (see `snapshot_parts`). With a `checkpoint`, go on
        from there, and keep it up to date.
        """
        marks = [math.ceil(env_steps * part / 100) for part in snapshot_parts(snapshots)]
        points = self._resume(checkpoint) if checkpoint else []
        progress = Progress(label, env_steps, "env_steps", int(self.env_steps.min()))
        every, steps = max(1, env_steps // POINTS), 0
        while (self._marked < env_steps).any():
            before = self._marked
            self.env_steps = self.env_steps + self.environments.rows[1]
            self._step()
            running = before < env_steps
            ended = running & (self.env_steps >= env_steps)
            reached = running & (self.env_steps // every > before // every) | ended
            if reached.any():
                points.append({"env_steps": self.env_steps, "figures": self._log.take(reached)})
                progress.update(int(self.env_steps.min()))
            if self.env_steps.max() >= marks[0]:
                for number, mark in enumerate(marks):
                    self._keep((before < mark) & (self.env_steps >= mark), number, snapshots)
                self._ended = np.where(ended, self.env_steps, self._ended)
            self._marked = self.env_steps
            if checkpoint:
                checkpoint.offer(partial(self._content, points), int(self.env_steps.min()))
            steps += 1
            if steps % memory.EVERY == 0:
                memory.give_back_holes()
        return points

    def checkpoint(self, path: Path, record: dict[str, Any]) -> Checkpoint:
        """The file at `path` as that of this training: of the code, spec and versions in its provenance `record`,
        and of the weights, encoder included, and contexts that it starts from."""
        digest = hashlib.sha256(self.contexts.tobytes())
        for name, value in tensors(self.agent).items():
            digest.update(name.encode() + value.contiguous().numpy().tobytes())
        made_by = {name: record[name] for name in ("code", "spec_hash", "versions")}
        return Checkpoint(path, made_by | {"start": digest.hexdigest()[:16]})

    def _resume(self, checkpoint: Checkpoint) -> list[Point]:
        held = checkpoint.resume()
        if held is None:
            return []
        self.load_state_dict(held["state"])
        return as_arrays(held["points"])

    def _content(self, points: list[Point]) -> dict[str, Any]:
        return {"state": self.state_dict(), "points": as_tensors(points)}

    def weights(self, spec: dict[str, Any], record: dict[str, Any], paid: int = 0) -> Weights:
        """What the runs leave, each as it was when it had taken its steps; `paid` are those before the first."""
        steps = tuple(int(count) + paid for count in self._ended)
        return Weights(spec, self.agent.streams.keys, steps, self._kept, record)

    def _keep(self, runs: np.ndarray, number: int, snapshots: int) -> None:
        if not runs.any():
            return
        for name, value in tensors(self.agent).items():
            now = value.detach().unsqueeze(1)
            kept = self._kept.setdefault(name, now.repeat(1, snapshots, *[1] * (value.dim() - 1)))
            kept[runs, number] = now[runs, 0]

    def _step(self) -> None:
        step = self.rollout.step(self.agent.act(self.rollout.seen, explore=True))
        step = step._replace(number=torch.from_numpy(self._numbers))
        if not self.agent.method.restarts:
            over = self._over
            step = step._replace(reward=step.reward.masked_fill(over, 0.0), terminated=step.terminated | over)
        figures = self.agent.learn(step)
        if figures:
            self._log.add({name: figure.numpy() for name, figure in figures.items()}, 1)
        self._returns += step.reward.numpy()
        ended = step.terminated.numpy() | step.truncated.numpy()
        if ended.any():
            self._log.add({"episode_return": (self._returns * ended).sum(1)}, ended.sum(1))
            self._returns[ended] = 0.0
        self._reset(ended)

    def _reset(self, rows: np.ndarray) -> None:
        # Drawn at every step, wanted or not: a run's draws must not depend on when other runs' episodes end.
        seeds, count = self.environments.rows
        chosen = self.streams.integers("context", self.contexts.shape[1], count)
        noise = self.streams.uniform("reset", count, self.environments.noise)
        turned = self.streams.uniform("wrong context", count) if self._misled else None
        keys = self.streams.integers("window", KEYS, count) if self.agent.method.window else None
        chance = None
        if self._prober:
            sizes = count, self.agent.method.probe_steps, self.environments.spaces.chance
            chance = self.streams.uniform("probe", *sizes)
        if rows.any():
            run = np.arange(seeds)[:, None]
            contexts, wrong = self.contexts[run, chosen], None
            if turned is not None:
                wrong = self.contexts[run, another(chosen, turned, self.contexts.shape[1])]
            known = begun = None
            if self._prober:
                probed = self._prober(contexts, noise, self.agent.method.probe_steps, wrong, keys, chance)
                known, begun = probed.seen, self._probed(rows, probed)
            self.rollout.reset(rows, contexts, noise, wrong, known, keys, begun)
            self._numbers = np.where(rows, chosen, self._numbers)

    def _probed(self, rows: np.ndarray, probed: Probed) -> Environments | None:
        """Where the rows' episodes have begun, if they go on from their probes, the steps of which are paid for."""
        paid = (probed.taken * rows).sum(1)
        self.env_steps, self.agent.probed = self.env_steps + paid, self.agent.probed + paid
        if self.agent.method.restarts or self._prober is None:
            return None
        self._over = torch.from_numpy(probed.over & rows)
        self._returns += probed.returned * rows
        return self._prober.environments

    def state_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent.state_dict(),
            "rollout": self.rollout.state_dict(),
            "streams": self.streams.state_dict(),
            "env_steps": torch.from_numpy(self.env_steps.copy()),
            "probed": torch.as_tensor(self.agent.probed),
            "marked": torch.from_numpy(self._marked.copy()),
            "ended": torch.from_numpy(self._ended.copy()),
            "kept": self._kept,
            "returns": torch.from_numpy(self._returns.copy()),
            "numbers": torch.from_numpy(self._numbers.copy()),
            "over": self._over,
            "log": self._log.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.agent.load_state_dict(state["agent"])
        self.rollout.load_state_dict(state["rollout"])
        self.streams.load_state_dict(state["streams"])
        self.env_steps = state["env_steps"].numpy().copy()
        self.agent.probed = state["probed"].numpy().copy()
        self._marked = state["marked"].numpy().copy()
        self._ended = state["ended"].numpy().copy()
        self._kept = {name: value.clone() for name, value in state["kept"].items()}
        self._returns = state["returns"].numpy().copy()
        self._numbers = state["numbers"].numpy().copy()
        self._over = state["over"]
        self._log.load_state_dict(state["log"])
