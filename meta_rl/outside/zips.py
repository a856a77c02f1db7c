"""Models that Stable-Baselines3 has saved, and the statistics that VecNormalize has."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

from meta_rl.errors import UserError

# A setting that only models of this class have, in the order in which they are asked for: A2C's are PPO's, too.
_MARKS = {
    "PPO": "clip_range",
    "SAC": "target_entropy",
    "TD3": "policy_delay",
    "DQN": "exploration_fraction",
    "A2C": "gae_lambda",
}
_OTHERS = (
    "lstm_hidden_state",
    "n_quantiles",
    "top_quantiles_to_drop_per_net",
    "cg_max_steps",
)  # of sb3-contrib


def model(path: Path, trusted: bool) -> Any:
    """The model in a zip. Its settings are unpickled, which can run code: a UserError unless the file is `trusted`."""
    _check(path, trusted, "a zip of Stable-Baselines3")
    import stable_baselines3

    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UserError(
            f"{path}: is no model of Stable-Baselines3 ({error}); give what `model.save` wrote"
        ) from None
    kind = next((name for name, mark in _MARKS.items() if mark in told), None)
    if kind is None or any(mark in told for mark in _OTHERS):
        raise UserError(
            f"{path}: is a model of none of {', '.join(sorted(_MARKS))}; load it with its own class and give the model"
        )
    return getattr(stable_baselines3, kind).load(path, device="cpu")


def statistics(path: Path, trusted: bool) -> Any:
    """What `VecNormalize.save` wrote, which is a pickle, too."""
    _check(path, trusted, "a pickle of VecNormalize")
    from stable_baselines3.common.vec_env import VecNormalize

    try:
        found = pickle.loads(path.read_bytes())
    except Exception as error:  # what is no pickle, or one of another version, can fail in any way
        raise UserError(f"{path}: cannot be unpickled ({type(error).__name__}: {error})") from None
    if not isinstance(found, VecNormalize):
        raise UserError(
            f"{path}: holds {type(found).__name__} and no VecNormalize; give what its `save` wrote"
        )
    return found


def _check(path: Path, trusted: bool, what: str) -> None:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if not trusted:
        raise UserError(
            f"{path}: is {what}, which is unpickled: that can run any code that is in it; if you know where it is "
            "from, say trusted=True (in a study `trusted: true`)"
        )
    try:
        import stable_baselines3  # noqa: F401
    except ImportError:
        raise UserError(f"{path}: takes Stable-Baselines3 to read; pip install stable-baselines3") from None
