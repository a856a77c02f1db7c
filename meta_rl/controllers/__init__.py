"""Policies that are written and not learnt: parts of the references."""
