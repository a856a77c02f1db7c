"""How fast environments step and stacks train: `make bench`."""
