"""The command `meta_rl`: a module for each subcommand that is not another module's `main`."""
