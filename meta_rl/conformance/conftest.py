"""Bounds the threads, as jobs do: a product that is alone in its stack is split on two, and then rounded otherwise."""

import torch

torch.set_num_threads(1)
