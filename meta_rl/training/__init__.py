"""Runs: built from a spec, trained, kept, and played."""
