"""Draw context sets: the frozen held-out splits of a benchmark, or the train contexts of a block of seeds."""

from pathlib import Path
from typing import Any

from meta_rl import job, registry
from meta_rl.contexts import ContextSpace
from meta_rl.envs.carl_features import check_features
from meta_rl.study import provenance
from meta_rl.tables import context_frames, io
from meta_rl.tables.contexts import TABLE


def main(spec: dict[str, Any], contexts: Path) -> str:
    environment = registry.load("environment", spec["environment"])
    check_features(environment)
    described = (spec[key] for key in ("features", "train_set", "boxes"))
    space = ContextSpace.of(environment.features, *described)
    if "counts" in spec:
        frame = context_frames.held_out(space, spec["benchmark"], spec["counts"])
    else:
        first, count = spec["seeds"]
        frame = context_frames.trained(space, spec["benchmark"], range(first, first + count), spec["count"])
    io.write(frame, TABLE, contexts, provenance.record("sample_contexts", spec))
    return f"{spec['benchmark']}: {len(frame) // len(space.names)} contexts"


if __name__ == "__main__":
    job.run(main)
