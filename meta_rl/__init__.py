"""Zero-shot generalisation to unseen dynamics. From outside, two functions; the rest is where CONTRIBUTING.md says.

    meta_rl.evaluate(policy, "cartpole_length")      any policy, as our studies evaluate theirs
    meta_rl.load("policy.pt").player(run=3)          a policy of ours, in a script

They are imported when they are asked for: `import meta_rl` costs nothing.
"""

from typing import Any

__version__ = "0.1.0"
_FROM = {"evaluate": "meta_rl.outside.evaluation", "load": "meta_rl.outside.loaded"}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'meta_rl' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_FROM]
