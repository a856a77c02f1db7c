"""Members to start from: `meta_rl new` writes copies, in which `mine` is the name. They pass the conformance tests."""
