"""What a context does, as animations: `python -m meta_rl.gym.videos [BENCHMARK ...] [--folder DIR]`.

For each published benchmark, or for those that are named, one GIF per corner of its ranges: all features at their
defaults, and every combination of ends, of the train ranges and of the extrapolation ranges. (With more than three
factors all lowest ends and all highest ones.) All start from the same noise, and are played by the first controller
that knows the environment, else by random actions.
"""

import argparse
import io
import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from meta_rl import registry
from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace
from meta_rl.errors import UserError, unknown
from meta_rl.files import atomic
from meta_rl.gym.env import ContextualEnv

FOLDER = Path("results/videos")
WIDTH = 240  # pixels
COLOURS = 64
FRAMES = 100  # the most, but for the last one
MILLISECONDS, LAST = 30, 1000  # that a step is shown, and the last frame
LIMIT = 1_000_000  # bytes of a file
COMBINED = 3  # factors whose ends are combined


def write(benchmark: str, folder: Path) -> list[Path]:
    """The GIFs of a published benchmark; a UserError if there is none of that name."""
    if benchmark not in BENCHMARKS:
        raise UserError(unknown("benchmark", benchmark, BENCHMARKS))
    published = BENCHMARKS[benchmark]
    environment = registry.load("environment", published.environment)
    space = ContextSpace.of(environment.features, *published.space)
    written = []
    for corner, context in corners(space).items():
        images, every = play(published.environment, context)
        path = folder / f"{benchmark}-{corner}.gif"
        with atomic(path) as temporary:
            temporary.write_bytes(gif(images, every))
        written.append(path)
    return written


def corners(space: ContextSpace) -> dict[str, dict[str, float]]:
    """Contexts by names such as `default-length_0.5` and `train_range-length_0.1`; each context once."""
    combined = itertools.product if len(space.factors) <= COMBINED else zip
    regions = {
        "default": [(1.0,) * len(space.factors)],
        "train_range": combined(*(_ends(factor.train) for factor in space.factors)),
        "extrapolation": combined(*map(_ends, space.reach())),
    }
    found: dict[str, dict[str, float]] = {}
    for region, corner in regions.items():
        for values in space.values(np.array(list(corner))).tolist():
            context = dict(zip(space.names, values, strict=True))
            if context not in found.values():
                found["-".join([region, *(f"{name}_{value:.4g}" for name, value in context.items())])] = (
                    context
                )
    return found


def play(environment: str, context: dict[str, float]) -> tuple[list[Image.Image], int]:
    """One episode in a context {feature: value}: images, and how many steps lie between two of them.

    It is played twice, as it takes its length to know which of its steps to draw.
    """
    played = ContextualEnv(environment, context, render_mode="rgb_array")
    *_, last = _episode(played)
    every = math.ceil((last + 1) / FRAMES)
    images = [_image(played.render()) for time in _episode(played) if time % every == 0 or time == last]
    played.close()
    return images, every


def _episode(played: ContextualEnv) -> Iterator[int]:
    """The number of steps so far, at the start and after each step; always the same episode."""
    module, rng = played.contexts.environment, np.random.default_rng(0)
    act = registry.load("controller", (*module.controllers, "random")[0]).build()
    played.reset(seed=0)
    ended, steps = False, itertools.count()
    yield next(steps)
    while not ended:
        action = act(played.rows, rng.random((1, 1, module.spaces.chance)))[0, 0]
        ended = any(played.step(action)[2:4])
        yield next(steps)


def gif(images: list[Image.Image], every: int) -> bytes:
    """An endless animation below `LIMIT` bytes, with fewer frames where it takes that."""
    few = images[:: max(1, len(images) // 4)]
    sample = np.concatenate([np.asarray(image) for image in few])
    palette = Image.fromarray(sample).quantize(COLOURS)
    drawn = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    while True:
        buffer = io.BytesIO()
        durations = [every * MILLISECONDS] * (len(drawn) - 1) + [LAST]
        drawn[0].save(buffer, "GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0)
        if buffer.tell() < LIMIT:
            return buffer.getvalue()
        drawn, every = drawn[::2], 2 * every


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _image(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels)
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m meta_rl.gym.videos", description="Contexts as animations."
    )
    parser.add_argument(
        "benchmarks", nargs="*", metavar="BENCHMARK", help="all that are published by default"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help=f"default: {FOLDER}")
    given = parser.parse_args(arguments)
    try:
        for benchmark in given.benchmarks or BENCHMARKS:
            for path in write(benchmark, given.folder):
                print(path, flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
