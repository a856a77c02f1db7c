"""What a spec describes, looked up once: who has a `Setup` asks the registry no more."""

from functools import cached_property
from typing import Any

from meta_rl import registry
from meta_rl.agents.base import Agent
from meta_rl.agents.protocols import Task
from meta_rl.contexts import ContextSpace
from meta_rl.envs.base import Environment
from meta_rl.methods.base import Method
from meta_rl.registry import Entry
from meta_rl.spaces import Environments
from meta_rl.streams import Streams


class Setup:
    """The members that a spec names, and what is built of them; a spec may lack what nobody asks for."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self._built: dict[tuple[int, int], Environments] = {}

    @cached_property
    def environment(self) -> Environment:
        """The module of the spec's `environment`."""
        return registry.load("environment", self.spec["environment"])

    @cached_property
    def entry(self) -> Entry:
        """The registry's line of the spec's `method`."""
        return registry.entry("method", self.spec["method"])

    @cached_property
    def task(self) -> Task:
        """Sizes, and the context space of `features`, `train_set` and `boxes`."""
        described = (self.spec[key] for key in ("features", "train_set", "boxes"))
        return Task(self.environment.spaces, ContextSpace.of(self.environment.features, *described))

    @property
    def names(self) -> tuple[str, ...]:
        """The features that vary, in the order of a context's values."""
        return self.task.contexts.names

    def environments(self, rows: tuple[int, int]) -> Environments:
        """New rows S x N of the environment, which vary the spec's features."""
        return self.environment.build(self.names, rows)

    def reused(self, rows: tuple[int, int]) -> Environments:
        """The same rows at every call, to be reset, as simulators take their time to build; two sizes are kept."""
        built = self._built.pop(rows, None) or self.environments(rows)
        self._built = {**dict(list(self._built.items())[-1:]), rows: built}
        return built

    def method(self, streams: Streams) -> Method:
        """The spec's `method`, untrained, with its `method_settings`; it takes gradient where it is joint."""
        module = registry.load("method", self.spec["method"])
        method = module.build(_config(module, self.spec["method_settings"]), self.task, streams)
        return method.requires_grad_(self.entry.joint)

    def agent(self, streams: Streams) -> Agent:
        """The spec's `agent` over its `method`, untrained, for a training of `env_steps` steps."""
        module = registry.load("agent", self.spec["agent"])
        config = _config(module, self.spec["agent_settings"])
        method, steps = self.method(streams), self.spec["env_steps"]
        return module.build(config, self.task, method, self.entry.joint, streams, steps)


def _config(module: Any, settings: dict[str, Any]) -> Any:
    """The module's Config with what the study sets; lists of YAML become tuples."""
    return module.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()})
