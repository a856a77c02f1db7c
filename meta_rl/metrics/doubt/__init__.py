"""Is an agent's doubt worth anything? Pure functions from doubt and returns per context to one table of metrics."""
