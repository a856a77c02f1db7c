"""What every registered member must do, as tests: `pytest --pyargs meta_rl.conformance`."""
