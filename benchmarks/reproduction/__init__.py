"""One published result of each method's paper, run again: `make reproduce`, docs/reproduction."""
