"""How uncertain an agent is in a context: estimators of doubt, one a file, by their names in the registry."""
