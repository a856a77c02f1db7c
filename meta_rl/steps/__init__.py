"""One module a rule of the workflow, with its name: a command line over the package."""
