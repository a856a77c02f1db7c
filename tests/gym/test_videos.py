"""Animations: which contexts they show, that they show them, how large they are, and that none is half written."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from meta_rl.benchmarks.published import BENCHMARKS
from meta_rl.contexts import ContextSpace, Feature
from meta_rl.envs import cartpole
from meta_rl.errors import UserError
from meta_rl.gym import videos


def corners(**ranges: dict[str, list]) -> dict[str, dict[str, float]]:
    features = (Feature("length", 0.5, 0, 9, "m"), Feature("gravity", -10.0, -99, 0, "m/s^2"))
    return videos.corners(ContextSpace.of(features, ranges))


def opened(content: bytes | Path) -> Image.Image:
    return Image.open(io.BytesIO(content) if isinstance(content, bytes) else content)


def durations(image: Image.Image) -> list[int]:
    found = []
    for frame in range(image.n_frames):
        image.seek(frame)
        found.append(image.info["duration"])
    return found


def noise(count: int, side: int = 240) -> list[Image.Image]:
    pixels = np.random.default_rng(0).integers(256, size=(count, side, side, 3), dtype=np.uint8)
    return [Image.fromarray(one) for one in pixels]


def test_one_feature_is_shown_at_its_default_and_at_the_ends_of_its_ranges() -> None:
    both = {"train": [0.2, 2.2], "extrapolation": [[0.1, 0.2], [2.2, 4.4]]}
    assert corners(length=both) == {
        "default-length_0.5": {"length": 0.5},
        "train_range-length_0.1": {"length": 0.2 * 0.5},
        "train_range-length_1.1": {"length": 2.2 * 0.5},
        "extrapolation-length_0.05": {"length": 0.1 * 0.5},
        "extrapolation-length_2.2": {"length": 4.4 * 0.5},
    }


def test_one_side_and_no_context_twice() -> None:
    assert list(corners(gravity={"train": [1.0, 2.0], "extrapolation": [[2.0, 3.0]]})) == [
        "default-gravity_-10",
        "train_range-gravity_-20",
        "extrapolation-gravity_-30",
    ]


def test_two_features_are_shown_in_every_combination_of_ends() -> None:
    found = corners(
        length={"train": [0.5, 2.0], "extrapolation": [[0.2, 0.5], [2.0, 4.0]]},
        gravity={"train": [0.5, 2.0], "extrapolation": [[0.1, 0.5], [2.0, 3.0]]},
    )
    pairs = [tuple(context.values()) for context in found.values()]
    assert pairs == [
        (0.5, -10),
        *((length, gravity) for length in (0.25, 1.0) for gravity in (-5, -20)),
        *((length, gravity) for length in (0.1, 2.0) for gravity in (-1, -30)),
    ]
    assert "extrapolation-length_2-gravity_-30" in found


def test_files_show_their_context_from_the_same_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cartpole, "controllers", ())  # random actions: short episodes
    written = videos.write("cartpole_length", tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in tmp_path.iterdir())
    assert len(written) == 5
    poles = {}
    for path in written:
        assert path.name.startswith("cartpole_length-")
        assert path.stat().st_size < videos.LIMIT
        image = opened(path)
        assert image.size == (240, 160)
        assert 5 < image.n_frames < 100
        assert image.info["loop"] == 0
        first = np.asarray(image.convert("RGB")).astype(int)
        poles[float(path.stem.split("_")[-1])] = (abs(first - (202, 152, 101)).sum(-1) < 60).sum()
    ordered = [poles[length] for length in sorted(poles)]
    assert ordered == sorted(ordered)
    assert ordered[0] < ordered[1] < ordered[2] < ordered[3]  # beyond, the pole leaves the image


def test_the_environments_first_controller_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cartpole, "horizon", 60)
    images, every = videos.play("cartpole", {"length": 0.8})
    assert (len(images), every) == (61, 1)  # random actions fail long before
    monkeypatch.setattr(cartpole, "controllers", ())
    assert len(videos.play("cartpole", {"length": 0.8})[0]) < 60


def test_long_episodes_are_thinned_out_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cartpole, "horizon", 50)
    whole, _ = videos.play("cartpole", {})
    monkeypatch.setattr(videos, "FRAMES", 10)
    thinned, every = videos.play("cartpole", {})
    assert every == 6
    assert [image.tobytes() for image in thinned] == [image.tobytes() for image in [*whole[::6], whole[-1]]]


def test_frames_last_as_long_as_the_steps_between_them() -> None:
    content = videos.gif(noise(4, side=20), every=3)
    assert durations(opened(content)) == [3 * videos.MILLISECONDS] * 3 + [videos.LAST]


def test_what_would_be_too_large_loses_frames_and_not_time() -> None:
    content = videos.gif(noise(60), every=1)
    assert len(content) < videos.LIMIT
    found = durations(opened(content))
    assert len(found) < 30
    assert sum(found[:-1]) == pytest.approx(59 * videos.MILLISECONDS, rel=0.1)


def test_a_failed_video_leaves_nothing_and_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "cartpole_tau-default-tau_0.02.gif"
    old.write_bytes(b"old")

    def fail(*_: object) -> bytes:
        raise OSError("no space")

    monkeypatch.setattr(cartpole, "controllers", ())
    monkeypatch.setattr(videos, "gif", fail)
    with pytest.raises(OSError, match="no space"):
        videos.write("cartpole_tau", tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(videos, "write", lambda name, folder: asked.append((name, folder)) or [folder / name])
    videos.main(["cartpole_tau", "--folder", str(tmp_path)])
    assert capsys.readouterr().out == f"{tmp_path / 'cartpole_tau'}\n"
    videos.main([])
    assert asked == [("cartpole_tau", tmp_path), *((name, videos.FOLDER) for name in BENCHMARKS)]


def test_a_benchmark_that_does_not_exist_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        UserError, match="unknown benchmark 'cartpole_lenght'; did you mean 'cartpole_length'"
    ):
        videos.write("cartpole_lenght", tmp_path)
    with pytest.raises(SystemExit, match="1"):
        videos.main(["cartpole_lenght", "--folder", str(tmp_path)])
    assert "error: unknown benchmark" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
