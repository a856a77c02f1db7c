"""Zero-shot generalisation to unseen dynamics: environments, agents, methods and studies."""

__version__ = "0.1.0"
