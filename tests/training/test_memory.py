"""Memory that tensors leave between blocks of a simulator is given back."""

import ctypes
import subprocess
import sys

import pytest

HOLES = """
import ctypes
import resource
import numpy as np
from meta_rl.job import keep_freed
from meta_rl.training import memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6

keep_freed()
malloc = ctypes.CDLL(None).malloc
tensors = []
for _ in range(2000):
    tensors.append(np.ones(25_000, dtype=np.float32))
    malloc(100)  # a simulator's, which stays
tensors.clear()
before = resident()
memory.give_back_holes()
print(before, resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_holes_between_small_blocks_are_given_back() -> None:
    output = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True).stdout
    before, after = map(float, output.split())
    assert before - after > 150  # of 200 MB
