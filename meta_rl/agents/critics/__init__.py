"""Kinds of critics: what an agent's values are made of, and how certain they are. Agents are built over them."""
