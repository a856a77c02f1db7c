"""Whether our agents learn as well as Stable-Baselines3's: `make parity`."""
