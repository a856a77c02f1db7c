"""Makes the helper modules of this folder importable from its subfolders, and bounds the threads."""

import torch

torch.set_num_threads(1)
