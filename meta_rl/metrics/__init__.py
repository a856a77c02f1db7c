"""Pure functions from tables to tables: scores, aggregates, intervals, comparisons."""
