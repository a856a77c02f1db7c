"""What a method spends before its agent takes the first step, in env_steps of each run. Standard library only."""

from collections.abc import Mapping
from typing import Any


def spent(settings: Mapping[str, Any], contexts: int) -> int:
    """Of a pretrained method with these settings on so many train contexts. In the Config of every method

    - `generator_steps` are those of the training of its generator,
    - `transitions` are collected in each context,
    - `probes` of `steps` steps each are made in each context.
    """
    probing = settings.get("probes", 0) * settings.get("steps", 0)
    return settings.get("generator_steps", 0) + (settings.get("transitions", 0) + probing) * contexts
