"""Scripts that measure: they use the package, which knows nothing of them. README.md lists the commands."""
