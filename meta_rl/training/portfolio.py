"""What controllers return, as rows of a table of references."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from meta_rl.training.episodes import Build, Cases, play_controller

Believed = dict[str, float] | None  # the context that a controller takes for true; None: that which it is in


def returns(
    benchmark: str, build: Build, chunks: Iterable[Cases], members: Mapping[str, tuple[str, Believed]]
) -> Iterator[pd.DataFrame]:
    """The columns split, context_id, member, episode and episode_return; `members` name the controllers."""
    for chunk in chunks:
        for member, (name, believed) in members.items():
            played = play_controller(name, benchmark, build, chunk, believed)
            yield pd.DataFrame(
                {
                    "split": chunk.split,
                    "context_id": chunk.context_id[0],
                    "member": member,
                    "episode": chunk.episode[0],
                    "episode_return": played.episode_return[0],
                }
            )
