"""The schema of every table, and how tables are read, written and described."""
