"""How a context reaches an agent, one file each."""
