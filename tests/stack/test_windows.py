"""A rollout remembers each row's episode and shows its context, as its method declared, and goes on from its state."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from gravity_cases import gravity_cases
from torch import Tensor

from meta_rl.conformance.compare import check_leaves, leaves
from meta_rl.envs import cartpole
from meta_rl.stack.play import play
from meta_rl.stack.rollout import Rollout, Watch
from meta_rl.stack.seen import Seen, Window, pack

K = 4


class Diary:
    """Writes down what a policy sees, and each row's episode as it should be remembered."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def encode(self, seen: Seen) -> Tensor:
        self.seen.append(seen)
        return seen.observation


def expected_window(
    episode: list[Tensor], width: int, embed: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """The last K transitions, oldest first, at the end of the window; zeros where there are none."""
    recent = episode[-K:]
    missing = K - len(recent)
    rows = [torch.zeros(width)] * missing + [embed(transition) for transition in recent]
    return torch.stack(rows), torch.tensor([0.0] * missing + [1.0] * len(recent))


def assert_remembers(window: Window | None, episode: list[Tensor], row: tuple[int, int]) -> None:
    assert window is not None
    transitions, mask = expected_window(episode, 10, lambda transition: transition)
    assert torch.equal(window.mask[row], mask)
    assert torch.equal(window.transitions[row], transitions)


def test_the_window_in_play_is_the_last_transitions_of_the_episode() -> None:
    diary, rng = Diary(), np.random.default_rng(0)
    actions: list[Tensor] = []

    def act(seen: Seen) -> Tensor:
        actions.append(torch.from_numpy(rng.integers(2, size=seen.observation.shape[:2])))
        return actions[-1]

    chosen = gravity_cases(3, 1)
    watch = Watch(frozenset({"window"}), K, encode=diary.encode)
    rollout = Rollout(cartpole.build(("gravity",), (2, 3)), watch)
    for _ in range(2):  # the second time the windows are full of the first
        diary.seen, actions = [], []
        played = play(rollout, act, chosen.contexts, chosen.noise, 0.99)
        assert len(diary.seen) == played.episode_length.max() + 1
        for row in np.ndindex(2, 3):
            episode: list[Tensor] = []
            assert_remembers(diary.seen[0].window, [], row)
            for t in range(played.episode_length[row]):
                before, after = diary.seen[t], diary.seen[t + 1]
                new = (before.observation[row], actions[t][row], after.observation[row], torch.tensor(1.0))
                episode.append(pack(*new, cartpole.spaces)[: cartpole.spaces.transition])
                assert_remembers(after.window, episode, row)


@pytest.mark.parametrize("embedded", [False, True])
def test_windows_are_emptied_where_episodes_end_and_nowhere_else(embedded: bool) -> None:
    """Episodes of different lengths side by side, as in training; embedded or not."""

    def embed(transitions: Tensor) -> Tensor:
        return torch.stack((transitions.sum(-1) + 7, transitions[..., 4]), -1)

    rows = (2, 3)
    rng = np.random.default_rng(0)
    watch = Watch(frozenset({"window"}), K, embed=embed if embedded else None)
    rollout = Rollout(cartpole.build(("gravity",), rows), watch)
    contexts = np.geomspace(0.98, 43, 6).reshape(2, 3, 1)
    rollout.reset(np.ones(rows, dtype=bool), contexts, rng.random((2, 3, 4)))
    own: dict[tuple[int, ...], list[Tensor]] = {row: [] for row in np.ndindex(rows)}
    ends = 0
    for _ in range(60):
        step = rollout.step(torch.from_numpy(rng.integers(2, size=rows)))
        ended = (step.terminated | step.truncated).numpy()
        for row, episode in own.items():
            assert step.age[row] == len(episode)
            new = (step.seen.observation[row], step.action[row], step.next_seen.observation[row])
            packed = pack(*new, step.reward[row], cartpole.spaces)
            episode.append(packed[: cartpole.spaces.transition])
        rollout.reset(ended, contexts, rng.random((2, 3, 4)))
        for row, episode in own.items():
            if ended[row]:
                episode.clear()
                ends += 1
            window = rollout.seen.window
            assert window is not None
            assert window.embedded == embedded
            transitions, mask = expected_window(
                episode, 2 if embedded else 10, embed if embedded else lambda transition: transition
            )
            assert torch.equal(window.mask[row], mask)
            held = window.transitions[row] * mask[:, None]  # what is masked is nobody's business
            assert torch.allclose(held, transitions, rtol=1e-6)
    assert ends > 6


@pytest.mark.parametrize("needs", [(), ("context",), ("window",)])
def test_a_policy_sees_what_its_method_declared_and_no_more(needs: tuple[str, ...]) -> None:
    diary, chosen = Diary(), gravity_cases(3, 1)
    watch = Watch(frozenset(needs), K, encode=diary.encode)
    rollout = Rollout(cartpole.build(("gravity",), (2, 3)), watch)
    play(rollout, lambda seen: torch.zeros(2, 3, dtype=torch.int64), chosen.contexts, chosen.noise, 0.99)
    for seen in diary.seen:
        assert (seen.window is not None) == ("window" in needs)
        if "context" in needs:
            assert seen.context is not None
            assert torch.equal(seen.context, torch.from_numpy(chosen.contexts).float())
        else:
            assert seen.context is None


def test_a_new_episode_shows_its_new_context_in_its_own_row_only() -> None:
    rollout = Rollout(cartpole.build(("gravity",), (2, 3)), Watch(frozenset({"context"})))
    first, second = np.arange(1.0, 7).reshape(2, 3, 1), np.arange(11.0, 17).reshape(2, 3, 1)
    rollout.reset(np.ones((2, 3), dtype=bool), first, np.full((2, 3, 4), 0.5))
    rollout.step(torch.zeros(2, 3, dtype=torch.int64))
    chosen = np.array([[False, True, False], [False, False, True]])
    rollout.reset(chosen, second, np.full((2, 3, 4), 0.5))
    assert rollout.seen.context is not None
    assert rollout.seen.context[..., 0].tolist() == [[1, 12, 3], [4, 5, 16]]


def test_a_rollout_goes_on_from_its_state_as_if_it_had_never_stopped() -> None:
    def on(rollout: Rollout) -> list[Tensor]:
        rng = np.random.default_rng(1)
        found = []
        for _ in range(30):
            step = rollout.step(torch.from_numpy(rng.integers(2, size=(2, 3))))
            ended = (step.terminated | step.truncated).numpy()
            rollout.reset(ended, rng.uniform(1, 40, (2, 3, 1)), rng.random((2, 3, 4)))
            found += [step.age, step.reward, *leaves(rollout.seen)]
        return found

    def fresh() -> Rollout:
        watch = Watch(frozenset({"window", "context"}), K, encode=lambda seen: seen.observation + 1)
        return Rollout(cartpole.build(("gravity",), (2, 3)), watch)

    original = fresh()
    original.reset(np.ones((2, 3), dtype=bool), np.full((2, 3, 1), 9.8), np.full((2, 3, 4), 0.3))
    on(original)
    state, stopped = original.state_dict(), original.seen
    assert len(leaves(stopped)) == 5  # observation, context, window and mask, z
    expected = on(original)
    loaded = fresh()
    loaded.load_state_dict(state)
    check_leaves(loaded.seen, stopped)
    for ours, theirs in zip(on(loaded), expected, strict=True):
        assert torch.equal(ours, theirs)
