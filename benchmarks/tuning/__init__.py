"""Whether tuning beats the defaults and random search: `make tuning-comparison`."""
