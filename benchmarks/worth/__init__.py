"""What is knowing the context worth, in each region of each benchmark? `make worth`, docs/worth."""
