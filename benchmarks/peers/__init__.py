"""One case on all sides: ours, the other libraries', and a loop in one file."""
