"""Sequences of the replay against a plain record of everything that happened."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from meta_rl.conformance.compare import check_leaves
from meta_rl.spaces import Spaces
from meta_rl.stack.seen import Past, Seen, Transition
from meta_rl.stack.sequences import SequenceReplay

SEEDS, ROWS, ACTIONS = 2, 3, 3
SPACES = Spaces(observation=1, action=ACTIONS, discrete=True)
SEQUENCE, BURN_IN, CAPACITY = 4, 2, 45


def number(t: int) -> Tensor:
    """Another one for each seed, row and step."""
    return (1000 * torch.arange(SEEDS)[:, None] + 100 * torch.arange(ROWS) + t).float()


def begins(t: int) -> Tensor:
    """Episodes of 3 to 5 steps."""
    return t % (3 + torch.arange(ROWS)).expand(SEEDS, ROWS) == 0


def action(t: int) -> Tensor:
    return (number(t) % ACTIONS).long()


def fill(replay: SequenceReplay, first: int, steps: int) -> None:
    for t in range(first, first + steps):
        seen = [Seen(number(at).unsqueeze(-1), state=-number(at).unsqueeze(-1)) for at in (t, t + 1)]
        age = t % (3 + torch.arange(ROWS)).expand(SEEDS, ROWS)
        over = torch.zeros(SEEDS, ROWS) > 0
        replay.add(Transition(seen[0], action(t), 0.5 * number(t), seen[1], over, over, age))


def memory() -> SequenceReplay:
    return SequenceReplay(CAPACITY, SEQUENCE, BURN_IN, SPACES)


def every(replay: SequenceReplay, count: int) -> Any:
    """A batch of `count` transitions for each start that there is, of which there is the same for each seed."""
    number = -(-count // SEQUENCE)
    for choice in range(replay.choices):
        yield replay.sample(torch.full((SEEDS, count), choice)), number


@pytest.mark.parametrize("steps", [6, 9, 15, 17, 40])
@pytest.mark.parametrize("count", [3, 4, 8, 10])
def test_a_batch_is_the_last_steps_of_sequences(steps: int, count: int) -> None:
    replay = memory()
    fill(replay, 0, steps)
    oldest = max(0, steps - CAPACITY // ROWS)
    learnt, firsts = min(SEQUENCE, count), set()
    for batch, number_of in every(replay, count):
        past: Past = batch.seen.past
        assert past.observation.shape == (SEEDS, number_of, BURN_IN + learnt, 1)
        assert past.learnt == learnt
        assert (past.over, batch.next_seen.past.over) == (False, True)
        check_leaves(batch.next_seen.past, past)
        for seed in range(SEEDS):
            for sequence in range(number_of):
                row, first = divmod(int(past.observation[seed, sequence, 0, 0]) - 1000 * seed, 100)
                firsts.add((row, first))
                assert first % SEQUENCE == 0
                assert oldest <= first <= steps - BURN_IN - SEQUENCE
                assert past.start[seed, sequence, 0] == -number(first)[seed, row]
                for place, t in enumerate(range(first, first + BURN_IN + learnt)):
                    at = seed, sequence, place
                    assert past.observation[at] == number(t)[seed, row]
                    assert past.action[at].argmax() == action(t)[seed, row]
                    assert past.reward[at] == 0.5 * number(t)[seed, row]
                    assert past.fresh[at] == begins(t)[seed, row]
        batched = past.observation[:, :, BURN_IN:].flatten(1, 2)[:, :count]
        assert torch.equal(batch.seen.observation, batched)
        assert torch.equal(batch.next_seen.observation, batched + 1)
        assert torch.equal(batch.reward, 0.5 * batched.squeeze(-1))
        assert batch.action.shape == batch.terminated.shape == (SEEDS, count)
        assert batch.seen.state is None
    starts = range(0, steps - BURN_IN - SEQUENCE + 1, SEQUENCE)
    assert firsts == {(row, first) for row in range(ROWS) for first in starts if first >= oldest}


def test_there_is_no_choice_before_there_is_a_whole_sequence() -> None:
    replay = memory()
    assert not replay.choices
    for t in range(60):
        fill(replay, t, 1)
        assert (replay.choices > 0) == (t + 1 >= BURN_IN + SEQUENCE)


def test_a_loaded_memory_goes_on() -> None:
    whole, loaded = memory(), memory()
    fill(whole, 0, 22)
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    file.seek(0)
    fill(loaded, 0, 5)  # whatever it held before
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for replay in (whole, loaded):
        fill(replay, 22, 7)
    index = torch.from_numpy(np.random.default_rng(0).integers(whole.choices, size=(SEEDS, 10)))
    check_leaves(loaded.sample(index), whole.sample(index))


def test_a_memory_that_holds_no_sequence_for_sure_is_refused() -> None:
    with pytest.raises(ValueError, match="a replay of 27 cannot hold sequences of 4 steps after 2 of 3 rows"):
        fill(SequenceReplay(27, SEQUENCE, BURN_IN, SPACES), 0, 1)
