"""Draw context sets: the frozen held-out splits of a benchmark, or the train contexts of a block of seeds."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from meta_rl import job, registry
from meta_rl.contexts import TRAIN, ContextSpace
from meta_rl.envs.carl_features import check_features
from meta_rl.streams import run_key
from meta_rl.study import provenance
from meta_rl.tables import io
from meta_rl.tables.context_frames import to_frame
from meta_rl.tables.contexts import TABLE


def main(spec: dict[str, Any], contexts: Path) -> str:
    environment = registry.load("environment", spec["environment"])
    check_features(environment)
    described = (spec[key] for key in ("features", "train_set", "boxes"))
    space = ContextSpace.of(environment.features, *described)
    drawn: list[tuple[str, int | None, np.ndarray]]
    if "counts" in spec:
        drawn = [(split, None, space.draw_held_out(split, count)) for split, count in spec["counts"].items()]
    else:
        first, count = spec["seeds"]
        drawn = [
            (TRAIN, seed, space.draw_train(run_key(spec["benchmark"], seed), spec["count"]))
            for seed in range(first, first + count)
        ]
    frames = [to_frame(space, spec["benchmark"], split, values, seed) for split, seed, values in drawn]
    frame = pd.concat(frames, ignore_index=True)
    io.write(frame, TABLE, contexts, provenance.record("sample_contexts", spec))
    return f"{spec['benchmark']}: {sum(len(values) for _, _, values in drawn)} contexts"


if __name__ == "__main__":
    job.run(main)
