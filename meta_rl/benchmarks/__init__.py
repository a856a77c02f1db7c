"""The published benchmarks: an environment, features and their ranges, under names that keep their meaning."""
