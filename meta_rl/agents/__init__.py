"""Learners over a stack of seeds, one file each."""
