"""Environments whose physics are the context, one file each."""
