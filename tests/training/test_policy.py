import copy
import io
import math
import os
import pickle
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from meta_rl import registry
from meta_rl.conformance.compare import check_leaves
from meta_rl.conformance.small import keys, spec, training
from meta_rl.errors import UserError
from meta_rl.stack.seen import Seen, Window
from meta_rl.streams import Streams
from meta_rl.training import policy
from meta_rl.training.policy import Weights
from meta_rl.training.setup import Setup


def only(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Its tensors as those of the only snapshot, [S, 1, ...]."""
    return {name: value.unsqueeze(1) for name, value in policy.tensors(module).items()}


def trained(method: str, *seeds: int, path: str = "") -> Weights:
    one = training(method, seeds)
    one.run(600)
    return Weights(
        spec(method),
        tuple(keys(*seeds)),
        (600,) * len(seeds),
        one.weights({}, {}).tensors,  # as each run was when it had taken its steps
        {"versions": {}},
        path,
    )


def ramp(*shape: int) -> torch.Tensor:
    return torch.linspace(-2, 2, math.prod(shape)).view(shape)


def seen_by(weights: Weights) -> Seen:
    """What could be seen in seven rows of each run, with z where no loss trains the method."""
    agent, seeds = weights.runs().agent, len(weights.keys)
    size = agent.method.window
    window = Window(ramp(1, 7, size, 10).repeat(seeds, 1, 1, 1), torch.ones(seeds, 7, size))
    state = ramp(1, 7, agent.method.state).repeat(seeds, 1, 1)
    seen = Seen(ramp(1, 7, 4).repeat(seeds, 1, 1), 10 + ramp(1, 7, 1).repeat(seeds, 1, 1), window, state)
    return seen if agent.joint else seen._replace(encoding=agent.encode(seen))


def of_run(seen: Seen, seed: int) -> Seen:
    """What one run of the stack sees."""
    chosen = slice(seed, seed + 1)
    assert seen.context is not None
    assert seen.window is not None
    assert seen.state is not None
    window = Window(seen.window.transitions[chosen], seen.window.mask[chosen])
    encoding = None if seen.encoding is None else seen.encoding[chosen]
    return Seen(seen.observation[chosen], seen.context[chosen], window, seen.state[chosen], encoding)


@pytest.fixture(scope="module")
def block() -> Weights:
    return trained("jrpl", 0, 1, 2)


@pytest.mark.parametrize("method", registry.METHODS)
def test_a_file_is_enough_to_act(tmp_path: Path, method: str) -> None:
    block = trained(method, 0, 1)
    policy.save(tmp_path / "policy.pt", block)
    loaded = policy.load(tmp_path / "policy.pt")
    assert replace(loaded, tensors={}, path="") == replace(block, tensors={})
    assert loaded.path == str(tmp_path / "policy.pt")
    for name, value in block.tensors.items():
        assert torch.equal(loaded.tensors[name], value)
    ours, theirs = block.runs().agent, loaded.runs().agent
    seen = seen_by(block)
    assert torch.equal(ours.act(seen, explore=False), theirs.act(seen, explore=False))
    assert torch.equal(ours.value(seen), theirs.value(seen))
    check_leaves(seen_by(loaded), seen)
    assert not any(parameter.requires_grad for parameter in theirs.parameters())


@pytest.mark.parametrize("method", registry.METHODS)
def test_a_selected_run_is_the_run_alone(method: str) -> None:
    block = trained(method, 0, 1, 2)
    alone, chosen = trained(method, 1), block.select(1)
    assert replace(chosen, tensors={}) == replace(alone, tensors={})
    for name, value in alone.tensors.items():
        assert torch.equal(chosen.tensors[name], value)
    seen = seen_by(block)
    check_leaves(seen_by(chosen), of_run(seen, 1))
    assert torch.equal(chosen.runs().agent.value(of_run(seen, 1)), block.runs().agent.value(seen)[1:2])


def test_says_which_runs_are_finite(block: Weights) -> None:
    tensors = {name: value.clone() for name, value in block.tensors.items()}
    tensors["q.bias0"][1, 0, 0, 3] = torch.inf
    assert policy.finite(block).tolist() == [True, True, True]
    assert policy.finite(replace(block, tensors=tensors)).tolist() == [True, False, True]


def damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UserError, match=str(path)):
        policy.load(path)


def test_a_cut_file_is_named(tmp_path: Path, block: Weights) -> None:
    path = tmp_path / "policy.pt"
    policy.save(path, block)
    whole = path.read_bytes()
    for size in [0, 1, 3, 40, *range(100, len(whole), len(whole) // 30), len(whole) - 1]:
        damaged(path, whole[:size])


def test_a_changed_number_is_noticed(tmp_path: Path, block: Weights) -> None:
    path = tmp_path / "policy.pt"
    policy.save(path, block)
    whole = path.read_bytes()
    numbers = block.tensors["q.bias0"].numpy().tobytes()
    at = whole.index(numbers) + 3
    damaged(path, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
def test_what_is_no_policy_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    noise = random.Random(0)
    for size in (1, 2, 3, 5, 9, 20, 100):
        for _ in range(40):
            damaged(path, noise.randbytes(size))
            damaged(path, b"\x80\x02" + noise.randbytes(size))
    foreign: list[Any] = [
        torch.zeros(3),
        [1],
        None,
        {},
        {"description": "[]"},
        {"description": "{}", "tensors": {}},
    ]
    for content in foreign:
        file = io.BytesIO()
        torch.save(content, file)
        damaged(path, file.getvalue())
    with pytest.raises(UserError, match="no such file"):
        policy.load(tmp_path / "missing.pt")


class Touch:
    """Pickled code: whoever unpickles this makes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_no_code_of_a_file_is_run(tmp_path: Path) -> None:
    trap, path = tmp_path / "trap", tmp_path / "policy.pt"
    damaged(path, pickle.dumps(Touch(trap)))
    for content in (Touch(trap), {"description": "{}", "tensors": {"a": Touch(trap)}}):
        file = io.BytesIO()
        torch.save(content, file)
        damaged(path, file.getvalue())
    assert not trap.exists()
    pickle.loads(pickle.dumps(Touch(trap)))
    assert trap.exists()  # the trap works


def change(weights: Weights, name: str, tensor: torch.Tensor) -> Weights:
    return replace(weights, tensors={**weights.tensors, name: tensor}, path="here/policy.pt")


def test_weights_of_other_shapes_are_refused(block: Weights) -> None:
    """Shapes that PyTorch would repeat to fit are wrong, too."""
    other = copy.deepcopy(block.spec)
    other["agent_settings"]["hidden"] = [12, 4]
    misfits = [
        replace(block, spec=other, path="here/policy.pt"),
        change(block, "q.bias0", torch.zeros(3, 1, 1, 5)),
        change(block, "q.bias0", torch.zeros(1, 1)),
        change(block, "q.bias0", block.tensors["q.bias0"][:1]),
        change(block, "q.bias9", torch.zeros(3, 1, 1, 1)),
        replace(block, tensors={}, path="here/policy.pt"),
        replace(block, keys=block.keys[:2], path="here/policy.pt"),
        replace(block.select(0), keys=block.keys, path="here/policy.pt"),
    ]
    for misfit in misfits:
        with pytest.raises(UserError, match=r"here/policy\.pt: its weights do not fit"):
            misfit.runs()


def test_a_pretrained_encoder_fits_its_method_only(tmp_path: Path) -> None:
    method = Setup(spec("iida")).method(Streams(keys(0, 1)))
    encoder = Weights(spec("iida"), tuple(keys(0, 1)), (100, 100), only(method), {})
    policy.save(tmp_path / "encoder.pt", encoder)
    agent = Setup(spec("iida")).agent(Streams(keys(5, 6)))
    loaded = policy.load(tmp_path / "encoder.pt")
    policy.restore(agent.method, loaded.last, loaded.path)
    for name, value in policy.tensors(agent.method).items():
        assert torch.equal(value, encoder.last[name])
    with pytest.raises(UserError, match=str(tmp_path / "encoder.pt")):
        policy.restore(Setup(spec("jrpl")).method(Streams(keys(0, 1))), loaded.last, loaded.path)


def test_features_stand_in_the_order_of_the_environment_whatever_a_file_says(tmp_path: Path) -> None:
    """Files are written with sorted keys; a policy that is told the context must meet it as it was trained."""
    described = spec("explicit") | {
        "features": {name: {"train": [0.5, 1.5]} for name in ("length", "masspole")}
    }
    agent = Setup(described).agent(Streams(["run 0"]))
    tensors = {name: value.unsqueeze(1) for name, value in policy.tensors(agent).items()}
    policy.save(tmp_path / "policy.pt", Weights(described, ("run 0",), (0,), tensors, {}))
    setup = policy.load(tmp_path / "policy.pt").runs().setup
    assert setup.names == ("masspole", "length")
    rows = setup.environments((1, 1))
    rows.reset(np.ones((1, 1), dtype=bool), np.array([[[0.2, 0.7]]]), np.zeros((1, 1, rows.noise)))
    known = dict(zip([one.name for one in setup.environment.features], rows.context, strict=True))
    assert (known["masspole"], known["length"]) == (0.2, 0.7)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"agent_settings": {"gone": 1}},
            "was trained with gone, which the present code does not have as settings of",
        ),
        (
            {"method_settings": {"gone": 1}},
            "was trained with gone, which the present code does not have as settings",
        ),
        ({"method": "gone"}, "was trained with gone, which the present code does not have as method; delete"),
    ],
)
def test_what_the_code_no_longer_has_is_named_with_the_file(changed: dict[str, Any], says: str) -> None:
    spec = {"agent": "dqn", "agent_settings": {}, "method": "none", "method_settings": {}} | changed
    weights = policy.Weights(spec, ("a",), (1,), {"x": torch.zeros(1, 1)}, {}, "old.pt")
    for built in (weights.runs, weights.method):
        with pytest.raises(UserError, match=f"^old.pt: {says}"):
            built()
