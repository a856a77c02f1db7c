"""Gymnasium's MuJoCo environments (v5), with the physics of their bodies as context features.

The features are read from the model: what has a name and a value other than 0 can vary.

- `mass_<body>`: its inertia is in proportion. (A body without a name has that of its first geom.)
- `friction_<geom>`: sliding friction between this geom and the ground. MuJoCo takes the larger of two geoms' values,
  so the default is that one, and the ground gets the smallest of all, so that each geom's own value counts.
- `damping_<joint>`; `armature_<joint>`, the inertia of a motor's rotor. That adds to the inertia of what it moves:
  where it is the larger one, masses matter little, as in the reacher.
- `strength_<joint>`: torque or force at action 1; with a negative sign the motor is wired the other way round.
- `gravity`: along z.

What follows from masses (`mj_setConst`) is computed after each change. Starts, observations, rewards and ends are
Gymnasium's, and so is the default context, to the last bit. The reference for any other context is Gymnasium's
environment over its XML file, edited: nothing of it is computed here.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from meta_rl import extras
from meta_rl.contexts import Feature
from meta_rl.envs import mujoco_outcomes, offscreen, simulator
from meta_rl.spaces import Spaces

if TYPE_CHECKING:  # MuJoCo takes its time to import
    import gymnasium

    from meta_rl.envs.mujoco_rows import MujocoRows

# Multiples of the default within which bodies stay finite under random actions and such of full strength, one feature
# or all of one kind at a time. With everything at its lowest, a body may fly apart.
BOUNDS = {
    "mass": (0.1, 10.0),
    "friction": (0.01, 10.0),
    "damping": (0.0, 10.0),
    "armature": (0.1, 10.0),
    "strength": (-3.0, 3.0),
}
GRAVITY = (-50.0, -0.1)  # m/s^2
NO_MULTIPLES = "its default is 0, and ranges are multipliers of the default"
NO_TOUCH = "it hardly ever touches the ground before an episode ends"
UNITS = {"damping": ("N s/m", "N m s/rad"), "armature": ("kg", "kg m^2"), "strength": ("N", "N m")}


class Body:
    """One environment, by its id. `outcome` is what its steps return (`mujoco_outcomes` tells how).

    `inert` are features that change nothing, with the reason; `success` stands for Gymnasium's reward threshold.
    """

    noise = simulator.noise
    returns = (-math.inf, math.inf)
    chunk = 64  # a worker takes about 1 MB and 1 ms to make
    carl = None
    deviations: Mapping[str, str] = MappingProxyType({})
    limits: Mapping[str, tuple[float, str]] = MappingProxyType({})
    controllers: tuple[str, ...] = ()

    def __init__(
        self,
        gymnasium_id: str,
        outcome: mujoco_outcomes.Outcome,
        inert: Mapping[str, str],
        success: float | None = None,
    ) -> None:
        import gymnasium

        registered = gymnasium.spec(gymnasium_id)
        self.gymnasium_id, self.outcome = gymnasium_id, outcome
        self.horizon = registered.max_episode_steps
        self.success = float(registered.reward_threshold if success is None else success)
        self._inert = dict(inert)

    @cached_property
    def _usual(self) -> Any:
        """Gymnasium's environment as it is. What is read from it waits until it is asked for."""
        extras.need("mujoco")
        import gymnasium

        return gymnasium.make(self.gymnasium_id).unwrapped

    @cached_property
    def model(self) -> Any:
        """In the default context: compiled once, a copy for each worker."""
        return self._usual.model

    @cached_property
    def spaces(self) -> Spaces:
        observed, done = self._usual.observation_space, self._usual.action_space
        return Spaces(observed.shape[0], done.shape[0], discrete=False, limit=float(done.high[0]))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        defaults = {name: self._default(*place) for name, place in self._places.items()}
        return tuple(
            self._feature(name, value) for name, value in defaults.items() if name not in self.refused
        )

    @cached_property
    def refused(self) -> dict[str, str]:
        still = [name for name, place in self._places.items() if not self._default(*place)]
        return dict.fromkeys(still, NO_MULTIPLES) | self._inert

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        return dict(_places(self.model))

    @cached_property
    def _touching(self) -> dict[str, int]:
        """Geoms that rub on the ground, by the names of their features."""
        return {name: index for name, (kind, index) in self._places.items() if kind == "friction"}

    @cached_property
    def _ground(self) -> np.ndarray:
        """Which geoms stand still, bool [geoms]."""
        return self.model.geom_bodyid == 0

    @cached_property
    def _worker(self) -> Any:
        return _worker_class(type(self._usual), self.model)

    def build(self, varied: tuple[str, ...], rows: tuple[int, int], render: bool = False) -> "MujocoRows":
        extras.need("mujoco")
        from meta_rl.envs.mujoco_rows import MujocoRows

        return MujocoRows(self, varied, rows, render)

    def make(self, render_mode: str | None = None) -> Any:
        """A worker in the default context: Gymnasium's environment with a model of its own."""
        if render_mode is not None:
            offscreen.prepare(mujoco=True)
        return self._worker(render_mode=render_mode)

    def apply(self, worker: Any, context: dict[str, float]) -> None:
        """Put a context of all features into a worker, from the next start on."""
        import mujoco

        model, usual = worker.model, self.model
        for name, value in context.items():
            kind, index = self._places[name]
            if kind == "mass":
                model.body_mass[index] = value
                model.body_inertia[index] = value / usual.body_mass[index] * usual.body_inertia[index]
            elif kind != "friction":
                _values(model, kind)[index] = value
        self._rub(model, context)
        mujoco.mj_setConst(model, worker.data)  # constants that follow from masses

    def _rub(self, model: Any, context: dict[str, float]) -> None:
        """Of two touching geoms the larger friction counts: the ground gets the smallest of all."""
        usual = {name: self._default("friction", index) for name, index in self._touching.items()}
        frictions = {name: context.get(name, friction) for name, friction in usual.items()}
        model.geom_friction[:] = self.model.geom_friction
        if frictions != usual:
            for name, index in self._touching.items():
                model.geom_friction[index, 0] = frictions[name]
            model.geom_friction[self._ground, 0] = min(frictions.values())

    def plain(self, context: dict[str, float], render_mode: str | None = None) -> "gymnasium.Env":
        """Gymnasium's environment over its XML file, edited by what differs from the default context."""
        from meta_rl.envs import mujoco_reference

        if render_mode is not None:
            offscreen.prepare(mujoco=True)
        changed = {one.name: context[one.name] for one in self.features if context[one.name] != one.default}
        return mujoco_reference.edited(self.gymnasium_id, changed, render_mode)

    def follow(self, reference: Any, worker: Any) -> None:
        """Put a plain environment into the state of a worker."""
        from meta_rl.envs import mujoco_state

        mujoco_state.load(reference.model, reference.data, mujoco_state.save(worker.model, worker.data))

    def state(self, environment: Any) -> np.ndarray:
        """Positions and velocities, also those that are not observed."""
        return np.concatenate([environment.data.qpos, environment.data.qvel])

    def _default(self, kind: str, index: int) -> float:
        value = _values(self.model, kind)[index]
        if kind == "friction":
            value = max(value, self.model.geom_friction[self._ground, 0].max())
        return float(value)

    def _feature(self, name: str, default: float) -> Feature:
        kind, index = self._places[name]
        if kind == "gravity":
            return Feature(name, default, *GRAVITY, "m/s^2")
        low, high = (default * bound for bound in BOUNDS[kind])
        if kind in ("mass", "friction"):
            return Feature(name, default, low, high, "kg" if kind == "mass" else "1")
        joint = self.model.actuator_trnid[index, 0] if kind == "strength" else self.model.dof_jntid[index]
        return Feature(name, default, low, high, UNITS[kind][_turns(self.model, joint)])


def _places(model: Any) -> Iterator[tuple[str, tuple[str, int]]]:
    """Of all that could vary: its name, its kind, and where in the array of its kind its value is."""
    yield "gravity", ("gravity", 2)
    for body in range(1, model.nbody):
        name = model.body(body).name or model.geom(model.body_geomadr[body]).name
        yield f"mass_{name}", ("mass", body)
    grounds = [geom for geom in range(model.ngeom) if model.geom_bodyid[geom] == 0]
    for geom in range(model.ngeom):
        if model.geom_bodyid[geom] and any(_rubs(model, geom, ground) for ground in grounds):
            yield f"friction_{model.geom(geom).name}", ("friction", geom)
    for kind in ("damping", "armature"):
        for joint in range(model.njnt):
            yield f"{kind}_{model.joint(joint).name}", (kind, model.jnt_dofadr[joint])
    for actuator in range(model.nu):
        yield f"strength_{model.joint(model.actuator_trnid[actuator, 0]).name}", ("strength", actuator)


def _values(model: Any, kind: str) -> np.ndarray:
    """A view of the model's values of a kind."""
    return {
        "gravity": model.opt.gravity,
        "mass": model.body_mass,
        "friction": model.geom_friction[:, 0],
        "damping": model.dof_damping,
        "armature": model.dof_armature,
        "strength": model.actuator_gear[:, 0],
    }[kind]


def _rubs(model: Any, one: int, other: int) -> bool:
    """Whether two geoms can touch, and with friction."""
    types, affinities = model.geom_contype, model.geom_conaffinity
    touches = types[one] & affinities[other] or types[other] & affinities[one]
    return bool(touches) and max(model.geom_condim[[one, other]]) > 1


def _turns(model: Any, joint: int) -> bool:
    import mujoco

    return bool(model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_SLIDE)


def _worker_class(base: Any, compiled: Any) -> Any:
    """Gymnasium's class, which takes a copy of the compiled model and does not read its file again."""
    import mujoco

    class Worker(base):
        def _initialize_simulation(self) -> tuple[Any, Any]:
            model = copy.copy(compiled)
            return model, mujoco.MjData(model)

    return Worker


def _untouched(*parts: str) -> dict[str, str]:
    return dict.fromkeys((f"friction_{part}_geom" for part in parts), NO_TOUCH)


_FLAT = {"gravity": "all joints move in the horizontal plane"}
_BODIES = {
    "HOPPER": partial(Body, "Hopper-v5", inert=_untouched("torso", "thigh", "leg")),
    "HALFCHEETAH": partial(Body, "HalfCheetah-v5", inert={}),
    # Gymnasium registers no threshold: the hopper's.
    "WALKER2D": partial(
        Body,
        "Walker2d-v5",
        inert=_untouched("torso", "thigh", "leg", "thigh_left", "leg_left"),
        success=3800.0,
    ),
    "ANT": partial(
        Body,
        "Ant-v5",
        inert=_untouched(
            *(
                "torso",
                "aux_1",
                "aux_2",
                "aux_3",
                "aux_4",
                "left_leg",
                "right_leg",
                "back_leg",
                "rightback_leg",
            )
        ),
    ),
    "SWIMMER": partial(Body, "Swimmer-v5", inert=_FLAT),
    "REACHER": partial(Body, "Reacher-v5", inert=_FLAT | {"mass_target": "nothing moves the target"}),
    "INVERTED_PENDULUM": partial(Body, "InvertedPendulum-v5", inert={}),
    "INVERTED_DOUBLE_PENDULUM": partial(Body, "InvertedDoublePendulum-v5", inert={}),
}


@cache
def __getattr__(name: str) -> Body:
    """The body of this name; an AttributeError says which there are."""
    if name not in _BODIES:
        raise AttributeError(f"{__name__} has no body '{name}', but {', '.join(_BODIES)}")
    return _BODIES[name](outcome=getattr(mujoco_outcomes, name))
